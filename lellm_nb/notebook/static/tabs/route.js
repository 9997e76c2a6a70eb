// @ts-check
/** The Route tab: where the run went on to from the frame, and every way that it could have gone. */

import { el } from "../core/dom.js";
import { columns, empty } from "./parts.js";

/**
 * A way out; of one that was only recorded there is no more than its answer.
 * @typedef {{ edge: string, kind?: string, condition?: string, result: unknown, reads?: string[], won: boolean, note?: string, held?: number }} RouteRow
 */

/**
 * @param {Detail & { went: boolean, next: string | null, kind: string, said: string, rows: RouteRow[] }} detail
 * @param {View} view
 * @returns {Child[]}
 */
function draw(detail, view) {
  if (!detail.went && !detail.rows.length) {
    return [empty(detail.said || "The run stayed where it was: no way was chosen at this frame.")];
  }
  const how = detail.kind && detail.kind !== "end" ? ` (${detail.kind})` : "";
  const to = detail.next === null ? "This level ends here." : ["Goes on to ", el("b", {}, detail.next), `${how}.`];
  /** @type {Child[]} */
  const parts = [detail.went ? el("p", { class: "lead" }, to) : null];
  if (detail.said) parts.push(el("p", { class: "faint" }, detail.said));
  if (detail.rows.length) parts.push(columns(["Way out", "Answer", "Keys read"], detail.rows.map((row) => wayOut(row, view))));
  return parts;
}

/**
 * @param {RouteRow} row
 * @param {View} view
 */
function wayOut(row, view) {
  return el(
    "tr", { class: row.won ? "taken" : undefined },
    el("td", {}, el("span", { class: "change-path" }, row.edge), row.kind ? el("span", { class: "tree-type" }, ` ${row.kind}`) : null,
      row.condition ? el("code", { class: "condition" }, row.condition) : null,
      row.note ? el("div", { class: "faint" }, row.note) : null,
      typeof row.held === "number" ? heldAt(row.held, view) : null),
    el("td", {}, answerOf(row)),
    el("td", { class: "tree-value" }, (row.reads ?? []).join(", ")),
  );
}

/**
 * The nearest earlier frame at which the condition held, to be looked at.
 * @param {number} frame
 * @param {View} view
 */
function heldAt(frame, view) {
  return el("button", { type: "button", class: "link", onclick: () => view.store.look(frame) }, `held at frame ${frame}`);
}

/** @param {RouteRow} row */
function answerOf(row) {
  const said = row.result === null || row.result === undefined ? "" : String(row.result);
  return row.won ? (said ? `${said}: taken` : "taken") : said;
}

/** @type {TabModule} */
export const tab = { draw, offline: (frame) => frame.route };
