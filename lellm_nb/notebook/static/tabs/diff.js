// @ts-check
/** The Diff tab: what changed since the frame before, or since any other. */

import { el } from "../core/dom.js";
import { FANS, nodeAt, withoutVisits } from "../core/outline.js";
import { diffRows } from "./diff_rows.js";
import { empty, levels } from "./parts.js";

/**
 * @param {Detail & Changes & { against: number | null }} detail
 * @param {View} view
 */
function draw(detail, view) {
  const { against, last } = view;
  /** @type {HTMLInputElement} */
  const input = el("input", {
    type: "number", min: 0, max: last, class: "against", "aria-label": "Compare with frame",
    placeholder: detail.against === null ? "" : String(detail.against),
    onchange: () => against(input.value === "" ? null : Number(input.value)),
  });
  if (detail.chosen !== null && detail.chosen !== undefined) input.value = String(detail.chosen);
  const bar = el("div", { class: "tab-bar" }, el("label", {}, "changes since frame ", input));
  if (detail.against === null) return [empty("This is the first frame: there is nothing before it.")];
  return [levels(detail, view), bar, diffRows(detail, "Nothing changed.")];
}

/**
 * @param {Store} _store
 * @param {Chosen} chosen
 */
function asks(_store, { against }) {
  return against === null ? {} : { against };
}

/**
 * @param {Page} frame
 * @param {{ whole?: boolean, against?: number }} question
 * @param {SavedHistory} history
 */
function offline(frame, { whole, against: asked }, history) {
  const { pages, values } = history;
  const against = asked ?? frame.index - 1;
  if (against < 0) return { against: null, rows: [], more: 0 };
  const before = pages.frame(against);
  if (whole || !frame.level) return { against, ...values.diff(before.root, frame.root) };
  // The level as it was then: told by the newest frame that was in it, else by what it takes in.
  for (let index = against; index >= 0; index -= 1) {
    const one = pages.frame(index);
    if (one.level === frame.level) return { against, ...values.diff(one.state, frame.state) };
  }
  const begun = taken(frame, against, history);
  if (begun) return { against, ...values.diffPairs(begun, [...values.state(frame.state)]) };
  return { against, ...values.diff(before.root, frame.root) };
}

/**
 * What a level begins with: the part of the state around it that its lens takes in.
 * @param {Page} frame
 * @param {number} upto
 * @param {SavedHistory} history
 */
function taken({ level }, upto, { book, outline, pages, values }) {
  const path = withoutVisits(level).split("/");
  const nodeOf = (/** @type {string[]} */ parts) => (parts.length ? nodeAt(outline, parts.join("/")) : -1);
  const branch = FANS.has(outline.nodes[nodeOf(path.slice(0, -1))]?.kind);
  const lens = book.nodes[nodeOf(path)]?.lens ?? (branch ? "" : undefined);
  if (lens === undefined) return null;
  const outer = level.split("/").slice(0, branch ? -2 : -1).join("/");
  for (let index = upto; index >= 0; index -= 1) {
    const one = pages.frame(index);
    if (one.level !== outer) continue;
    const pairs = values.state(one.state);
    if (!lens) return [...pairs];
    const held = pairs.get(lens);
    return held === undefined ? [] : values.kids(held);
  }
  return null;
}

/** @type {TabModule} */
export const tab = { draw, asks, offline };
