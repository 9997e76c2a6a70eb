// @ts-check
/** What several tabs have in common. */

import { el } from "../core/dom.js";

/**
 * Inside a composite: the state of its level, or that of the whole run.
 * @param {Detail} detail
 * @param {View} view
 */
export function levels(detail, { whole, level }) {
  if (!detail.levels?.length) return null;
  const buttons = detail.levels.map((name, place) =>
    el(
      "button",
      { type: "button", class: "chip", "aria-pressed": String(whole === (place === 1)), onclick: () => level(place === 1) },
      name,
    ),
  );
  return el("div", { class: "tab-bar levels", role: "group", "aria-label": "Level" }, buttons);
}

/**
 * How many rows are not shown, if any.
 * @param {{ more: number }} detail
 */
export function more(detail) {
  return detail.more ? el("div", { class: "faint" }, `and ${detail.more.toLocaleString("en")} more`) : null;
}

/** @param {string} words */
export function empty(words) {
  return el("p", { class: "empty" }, words);
}

/**
 * A table with a heading for each column.
 * @param {string[]} names
 * @param {HTMLElement[]} rows
 */
export function columns(names, rows) {
  const head = el("tr", {}, names.map((name) => el("th", { scope: "col" }, name)));
  return el("table", { class: "rows" }, el("thead", {}, head), el("tbody", {}, rows));
}
