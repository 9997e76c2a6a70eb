// @ts-check
/** A value as a tree whose branches are fetched when they are opened. */

import { attr, el, text } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { picture, table } from "./rich.js";

/**
 * Draw one page of children under `parent`. `view` has `fetch(steps, start)` for more, and what
 * a value can be asked or made: `who(steps)`, `edit(steps, row, line)`; each may be missing.
 * @param {StatePage} page
 * @param {number[]} steps
 * @param {TreeView} view
 * @param {Set<string>} changed
 * @param {number} depth
 * @returns {HTMLElement[]}
 */
export function treeRows(page, steps, view, changed = new Set(), depth = 0) {
  if (page.error) return [el("div", { class: "faint bad" }, page.error)];
  if (page.full !== undefined) return fullText(page, steps, view);
  if (page.picture) return [picture(page.picture, null)];
  if (page.chat && page.start === 0 && view.chat) {
    return view.chat(page, steps, () => treeRows({ ...page, chat: null }, steps, view, changed, depth));
  }
  /** @type {HTMLElement[]} */
  const rows = page.rows.map((row, place) =>
    treeRow(row, [...steps, page.start + place], view, changed.has(row.key), depth),
  );
  const next = page.start + page.rows.length;
  if (next < page.total) {
    const more = el("button", { type: "button", class: "more" });
    text(more, `show more (${(page.total - next).toLocaleString("en")} left)`);
    more.style.setProperty("--depth", String(depth));
    more.addEventListener("click", async () => {
      attr(more, "aria-busy", "true");
      const further = await view.fetch(steps, next);
      more.replaceWith(...treeRows({ ...further, table: null }, steps, view, changed, depth));
    });
    rows.push(more);
  }
  if (page.missing) rows.push(el("div", { class: "faint" }, `${page.missing.toLocaleString("en")} more are not in this file`));
  return page.table ? asTable(page.table, steps, view, rows) : rows;
}

/**
 * Records are a table first; as a tree they can be opened further.
 * @param {TablePage} first
 * @param {number[]} steps
 * @param {TreeView} view
 * @param {HTMLElement[]} rows
 */
function asTable(first, steps, view, rows) {
  const flat = table(first, (start) => view.fetch(steps, start));
  if (!rows.length) return [flat];
  const tree = el("div", { hidden: true }, rows);
  const swap = el("button", {
    type: "button", class: "chip", "aria-pressed": "false",
    onclick: () => {
      tree.hidden = !tree.hidden;
      flat.hidden = !tree.hidden;
      attr(swap, "aria-pressed", String(!tree.hidden));
    },
  }, "as a tree");
  return [el("div", { class: "tab-bar" }, swap), flat, tree];
}

/**
 * @param {StatePage} page
 * @param {number[]} steps
 * @param {TreeView} view
 */
function fullText(page, steps, view) {
  /** @type {HTMLElement[]} */
  const rows = [el("pre", { class: "full" }, page.full)];
  if (page.cut) {
    const more = el("button", { type: "button", class: "more" });
    text(more, `show more (${page.cut.toLocaleString("en")} characters left)`);
    more.addEventListener("click", async () => {
      attr(more, "aria-busy", "true");
      more.replaceWith(...fullText(await view.fetch(steps, page.next ?? 0), steps, view));
    });
    rows.push(more);
  }
  return rows;
}

/**
 * @param {KeyedRow} row
 * @param {number[]} steps
 * @param {TreeView} view
 * @param {boolean} changed
 * @param {number} depth
 */
function treeRow(row, steps, view, changed, depth) {
  const children = el("div", { class: "tree-children", hidden: true });
  const mark = el("span", { class: "tree-mark", "aria-hidden": "true" }, row.opens ? icon("closed", 12) : "");
  const line = [
    mark,
    el("span", { class: "tree-key" }, row.key),
    el("span", { class: `tree-value type-${safeType(row.type)}` }, row.text === "" ? "(empty)" : row.text),
    el("span", { class: "tree-type" }, row.size ? `${row.type} · ${row.size}` : row.type),
  ];
  const head = row.opens
    ? el("button", { type: "button", class: "tree-row", "aria-expanded": "false" }, line)
    : el("div", { class: "tree-row" }, line);
  if (row.opens) {
    let fetched = false;
    head.addEventListener("click", async () => {
      const open = children.hidden;
      children.hidden = !open;
      attr(head, "aria-expanded", String(open));
      mark.replaceChildren(icon(open ? "open" : "closed", 12));
      if (open && !fetched) {
        fetched = true;
        children.replaceChildren(el("div", { class: "faint" }, "…"));
        children.replaceChildren(...treeRows(await view.fetch(steps, 0), steps, view, new Set(), depth + 1));
      }
    });
  }
  /** @type {HTMLElement} */
  const whole = el("div", { class: "tree-line" }, head, acts(row, steps, view, () => whole));
  whole.style.setProperty("--depth", String(depth));
  children.style.setProperty("--depth", String(depth + 1));
  if (changed) {
    attr(whole, "data-changed", "true");
    head.title = "Written in this frame";
  }
  return el("div", { class: "tree-node" }, whole, children);
}

/**
 * What can be done with a value.
 * @param {KeyedRow} row
 * @param {number[]} steps
 * @param {TreeView} view
 * @param {() => HTMLElement} line
 */
function acts(row, steps, { who, edit }, line) {
  const one = (/** @type {string} */ name, /** @type {string} */ sign, /** @type {() => void} */ act) =>
    el("button", { type: "button", class: "act", "aria-label": `${name} ${row.key}`, title: `${name} ${row.key}`, onclick: act }, icon(sign, 13));
  const found = [];
  if (who) found.push(one("Who wrote", "who", () => who(steps)));
  if (edit) found.push(one("Edit", "edit", () => edit(steps, row, line())));
  return found.length ? el("span", { class: "acts" }, found) : null;
}

const KNOWN = new Set(["bool", "int", "float", "str", "None", "dict", "list", "tuple", "set"]);

/**
 * A type as a class name: one of a few, whatever a user calls his own.
 * @param {string | undefined} type
 */
export function safeType(type) {
  return type !== undefined && KNOWN.has(type) ? type : "object";
}
