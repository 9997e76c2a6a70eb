/** A value as a tree whose branches are fetched when they are opened. */

import { attr, el, text } from "./dom.js";
import { icon } from "./icons.js";

/** Draw one page of children under `parent`; `fetch(steps, start)` gets more. */
export function treeRows(page, steps, fetch, changed = new Set(), depth = 0) {
  if (page.error) return [el("div", { class: "faint bad" }, page.error)];
  if (page.full !== undefined) {
    const rows = [el("pre", { class: "full" }, page.full)];
    if (page.cut) rows.push(el("div", { class: "faint" }, `and ${page.cut.toLocaleString("en")} more characters`));
    return rows;
  }
  const rows = page.rows.map((row, place) =>
    treeRow(row, [...steps, page.start + place], fetch, changed.has(row.key), depth),
  );
  const next = page.start + page.rows.length;
  if (next < page.total) {
    const more = el("button", { type: "button", class: "more" });
    text(more, `show more (${(page.total - next).toLocaleString("en")} left)`);
    more.style.setProperty("--depth", depth);
    more.addEventListener("click", async () => {
      attr(more, "aria-busy", "true");
      const further = await fetch(steps, next);
      more.replaceWith(...treeRows(further, steps, fetch, changed, depth));
    });
    rows.push(more);
  }
  return rows;
}

function treeRow(row, steps, fetch, changed, depth) {
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
        children.replaceChildren(...treeRows(await fetch(steps, 0), steps, fetch, new Set(), depth + 1));
      }
    });
  } else {
    head = el("div", { class: "tree-row" }, line);
  }
  head.style.setProperty("--depth", depth);
  children.style.setProperty("--depth", depth + 1);
  if (changed) {
    attr(head, "data-changed", "true");
    head.title = "Written in this frame";
  }
  return el("div", { class: "tree-node" }, head, children);
}

const KNOWN = new Set(["bool", "int", "float", "str", "None", "dict", "list", "tuple", "set"]);

function safeType(type) {
  return KNOWN.has(type) ? type : "object";
}
