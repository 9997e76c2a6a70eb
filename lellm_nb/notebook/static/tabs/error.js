// @ts-check
/** The Error tab: the user's own lines first, with what the names held there. */

import { el, plural } from "../core/dom.js";
import { safeType } from "../values/value_tree.js";

/** @typedef {{ file: string, line: number, function: string, code: string, locals?: KeyedRow[] }} StackLine */
/**
 * @typedef {object} ErrorRow
 * @property {string} type
 * @property {string} message
 * @property {string} where
 * @property {string[]} notes
 * @property {StackLine[]} mine The user's own lines, the innermost first.
 * @property {StackLine[]} theirs Those of libraries.
 * @property {string} during
 */

/** @param {Detail & ErrorRow & { wrapped: string, parts: ErrorRow[] }} detail */
function draw(detail) {
  if (!detail.type) return [el("p", { class: "empty" }, "No error at this frame.")];
  return [
    ...oneError(detail),
    detail.wrapped ? el("p", { class: "faint" }, detail.wrapped) : null,
    ...detail.parts.map((part) =>
      el("section", { class: "part" }, el("h4", {}, part.where || "one of them"), oneError(part))),
  ];
}

/** @param {ErrorRow} detail */
function oneError(detail) {
  /** @type {(HTMLElement | null)[]} */
  const parts = [
    el("p", { class: "error-title" }, el("b", {}, detail.type), detail.message ? `: ${detail.message}` : ""),
    detail.where ? el("p", { class: "faint" }, `in ${detail.where}`) : null,
    ...detail.notes.map((note) => el("p", {}, note)),
    el("div", { class: "stack" }, detail.mine.map((entry, place) => line(entry, place === 0))),
  ];
  if (detail.during) parts.push(el("p", { class: "faint" }, `while handling ${detail.during}`));
  if (detail.theirs.length) {
    const summary = el("summary", { tabindex: 0 }, `${plural(detail.theirs.length, "line")} in libraries`);
    parts.push(el("details", { class: "stack" }, summary, detail.theirs.map((entry) => line(entry, false))));
  }
  return parts;
}

/**
 * @param {StackLine} entry
 * @param {boolean} first
 */
function line(entry, first) {
  const held = entry.locals ?? [];
  const locals = held.length
    ? el(
      "details", { class: "locals", open: first },
      el("summary", { tabindex: 0 }, "values here"),
      held.map((row) =>
        el(
          "div", { class: "tree-row" },
          el("span", { class: "tree-key" }, row.key),
          el("span", { class: `tree-value type-${safeType(row.type)}` }, row.text),
          el("span", { class: "tree-type" }, row.size ? `${row.type} · ${row.size}` : row.type),
        )),
    )
    : null;
  return el(
    "div", { class: "stack-line" },
    el("div", { class: "stack-where" }, `${shortFile(entry.file)}:${entry.line} in ${entry.function}`),
    el("code", {}, entry.code),
    locals,
  );
}

/** @param {string} file */
function shortFile(file) {
  const parts = file.split(/[\\/]/);
  const cell = file.match(/ipykernel_\d+[\\/](\d+)\.py$/);
  return cell ? "cell" : parts.slice(-2).join("/");
}

/** @type {TabModule} */
export const tab = {
  draw,
  onFailure: true,
  offline: (frame) => ({ type: "", parts: [], ...frame.more.error }),
};
