/** A value as a tree whose branches are fetched when they are opened. */

import { attr, el, text } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { picture, table } from "./rich.js";

/**
 * Draw one page of children under `parent`. `view` has `fetch(steps, start)` for more, and what
 * a value can be asked or made: `who(steps, path)`, `edit(steps, row, line)`; each may be missing.
 */
export function treeRows(page, steps, view, changed = new Set(), depth = 0) {
  if (page.error) return [el("div", { class: "faint bad" }, page.error)];
  if (page.full !== undefined) return fullText(page, steps, view);
  if (page.picture) return [picture(page.picture, null)];
  const rows = page.rows.map((row, place) =>
    treeRow(row, [...steps, page.start + place], view, changed.has(row.key), depth),
  );
  const next = page.start + page.rows.length;
  if (next < page.total) {
    const more = el("button", { type: "button", class: "more" });
    text(more, `show more (${(page.total - next).toLocaleString("en")} left)`);
    more.style.setProperty("--depth", depth);
    more.addEventListener("click", async () => {
      attr(more, "aria-busy", "true");
      const further = await view.fetch(steps, next);
      more.replaceWith(...treeRows({ ...further, table: null }, steps, view, changed, depth));
    });
    rows.push(more);
  }
  if (page.missing) rows.push(el("div", { class: "faint" }, `${page.missing.toLocaleString("en")} more are not in this file`));
  return page.table ? asTable(page, steps, view, rows) : rows;
}

/** Records are a table first; as a tree they can be opened further. */
function asTable(page, steps, view, rows) {
  const flat = table(page.table, (start) => view.fetch(steps, start));
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

function fullText(page, steps, view) {
  const rows = [el("pre", { class: "full" }, page.full)];
  if (page.cut) {
    const more = el("button", { type: "button", class: "more" });
    text(more, `show more (${page.cut.toLocaleString("en")} characters left)`);
    more.addEventListener("click", async () => {
      attr(more, "aria-busy", "true");
      more.replaceWith(...fullText(await view.fetch(steps, page.next), steps, view));
    });
    rows.push(more);
  }
  return rows;
}

function treeRow(row, steps, view, changed, depth) {
  const children = el("div", { class: "tree-children", hidden: true });
  const line = [
    el("span", { class: "tree-mark", "aria-hidden": "true" }, row.opens ? icon("closed", 12) : ""),
    el("span", { class: "tree-key" }, row.key),
    el("span", { class: `tree-value type-${safeType(row.type)}` }, row.text === "" ? "(empty)" : row.text),
    el("span", { class: "tree-type" }, row.size ? `${row.type} · ${row.size}` : row.type),
  ];
  let head;
  if (row.opens) {
    head = el("button", { type: "button", class: "tree-row", "aria-expanded": "false" }, line);
    let fetched = false;
    head.addEventListener("click", async () => {
      const open = children.hidden;
      children.hidden = !open;
      attr(head, "aria-expanded", String(open));
      head.firstChild.replaceChildren(icon(open ? "open" : "closed", 12));
      if (open && !fetched) {
        fetched = true;
        children.replaceChildren(el("div", { class: "faint" }, "…"));
        children.replaceChildren(...treeRows(await view.fetch(steps, 0), steps, view, new Set(), depth + 1));
      }
    });
  } else {
    head = el("div", { class: "tree-row" }, line);
  }
  const whole = el("div", { class: "tree-line" }, head, acts(row, steps, view, () => whole));
  whole.style.setProperty("--depth", depth);
  children.style.setProperty("--depth", depth + 1);
  if (changed) {
    attr(whole, "data-changed", "true");
    head.title = "Written in this frame";
  }
  return el("div", { class: "tree-node" }, whole, children);
}

function acts(row, steps, view, line) {
  const one = (name, sign, act) =>
    el("button", { type: "button", class: "act", "aria-label": `${name} ${row.key}`, title: `${name} ${row.key}`, onclick: act }, icon(sign, 13));
  const found = [];
  if (view.who) found.push(one("Who wrote", "who", () => view.who(steps)));
  if (view.edit) found.push(one("Edit", "edit", () => view.edit(steps, row, line())));
  return found.length ? el("span", { class: "acts" }, found) : null;
}

const KNOWN = new Set(["bool", "int", "float", "str", "None", "dict", "list", "tuple", "set"]);

export function safeType(type) {
  return KNOWN.has(type) ? type : "object";
}
