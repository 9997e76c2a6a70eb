// @ts-check
/**
 * What a kernel would be asked, answered from a history in a file. A tab answers for itself; one
 * that does not is told by the rows that were saved for it.
 */

import { addedUp } from "../core/call_sums.js";
import { withoutVisits } from "../core/outline.js";
import { TABS } from "../tabs/registry.js";
import { find } from "./find.js";
import { titleOf } from "./pages.js";

const MOST_VISITS = 12;

/** @typedef {Record<string, (question: any, history: SavedHistory) => object>} Answers */

/** @type {Answers} */
const OWN = { chunk: (question, { standings }) => standings.chunk(question), detail, node, find };

/** @type {Answers} */
const ANSWERS = Object.assign({}, OWN, ...TABS.map((tab) => tab.questions ?? {}));

/**
 * One tab for one frame, with the frame's heading.
 * @param {{ frame: number, tab: string }} question
 * @param {SavedHistory} history
 */
function detail(question, history) {
  const frame = history.pages.frame(question.frame);
  const tab = TABS.find(({ id }) => id === question.tab);
  const levels = frame.level ? [withoutVisits(frame.level), "whole run"] : [];
  const rows = tab?.offline ? tab.offline(frame, question, history) : frame.more.tabs?.[question.tab];
  return { title: titleOf(frame), tab: question.tab, levels, ...rows };
}

/**
 * A node's own card: its code and doc, its latest visits.
 * @param {{ node: number, frame: number }} question
 * @param {SavedHistory} history
 */
function node({ node: number, frame }, { book, pages }) {
  const visits = [];
  const calls = [];
  for (let index = frame; index >= 0; index -= 1) {
    if (pages.row(index)[0] !== number) continue;
    const title = titleOf(pages.frame(index));
    calls.push(title.calls);
    if (visits.length < MOST_VISITS) visits.push(title);
  }
  return { visits, calls: addedUp(calls), ways: [], ...(book.nodes?.[number] ?? {}) };
}

/**
 * Answer a question, or say why it cannot be answered.
 * @param {{ ask: string, frame?: number }} question
 * @param {SavedHistory} history
 */
export function answer(question, history) {
  const found = ANSWERS[question.ask];
  if (!found) return { error: "This is a saved history: only a live debugger can answer that." };
  const { frame } = question;
  if (frame !== undefined && (frame < 0 || frame >= history.pages.count)) return { error: "There is no such frame in this file." };
  try {
    return found(question, history);
  } catch (error) {
    return { error: `This file cannot answer that: ${error instanceof Error ? error.message : error}` };
  }
}
