// @ts-check
/** The State tab: the state after the frame as a tree, to look into, ask about and edit. */

import { chatValue } from "../calls/chat_value.js";
import { el } from "../core/dom.js";
import { editBar, editLine } from "./edits.js";
import { empty, levels } from "./parts.js";
import { treeRows } from "../values/value_tree.js";

/**
 * @param {Detail & StatePage & { upcoming?: string[] }} detail
 * @param {View} view
 */
function draw(detail, view) {
  const { store } = view;
  const own = !view.whole || !detail.levels?.length;
  const bar = editBar(detail, view);
  /** @type {TreeView} */
  const acts = {
    fetch: view.fetch,
    who: (steps) => view.who({ steps, whole: view.whole }),
    chat: (page, steps, other) => chatValue(page, steps, other, view),
    edit: own && !store.saved ? (steps, row, line) => editLine(view, bar, steps, row, line) : null,
  };
  const parts = [levels(detail, view), bar.root];
  if (!detail.total) return [...parts, empty("The state is empty.")];
  return [...parts, el("div", { class: "tree" }, treeRows(detail, [], acts, new Set(detail.changed)))];
}

/**
 * @param {Page} frame
 * @param {{ whole?: boolean }} question
 * @param {SavedHistory} history
 */
function offline(frame, { whole }, { values }) {
  const changed = [...new Set(frame.writes.map(({ key }) => key).filter(Boolean))];
  return { ...values.inside(whole ? frame.root : frame.state, [], 0), changed };
}

/**
 * What is inside a value of the state.
 * @param {{ frame: number, steps: number[], start: number, whole?: boolean }} question
 * @param {SavedHistory} history
 */
function inside({ frame, steps, start, whole }, { pages, values }) {
  const { state, root } = pages.frame(frame);
  return values.inside(whole ? root : state, steps, start);
}

/** @type {TabModule} */
export const tab = { draw, offline, questions: { inside } };
