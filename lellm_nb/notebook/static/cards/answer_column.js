// @ts-check
/** One answer to a barrier: its button, what it takes, and what it would lead to. */

import { el, freshId } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { diffRows } from "../tabs/diff_rows.js";

/**
 * @param {Verb} verb
 * @param {{ fields: HTMLElement[], picture?: string, end: string, said?: HTMLElement }} given
 * `fields` stand beside the button and `said` below it; `end` is where the run goes where it ends.
 */
export function answerColumn(verb, { fields, picture, end, said }) {
  const { label, key } = verb;
  const leads = freshId("leads");
  const button = el(
    "button",
    {
      type: "button", class: `answer answer-${label.toLowerCase()}`, "aria-label": label,
      "aria-keyshortcuts": key || null, "aria-describedby": leads,
      title: `${label} and run on${key ? ` (${key})` : ""}; with Shift: ${label.toLowerCase()} and stay`,
    },
    picture ? icon(picture, 14) : null,
    label,
  );
  const outcome = el("div", { class: "outcome", id: leads });
  const root = el("div", { class: "answer-column" }, el("div", { class: "answer-form" }, button, fields), said, outcome);

  /** @param {Preview} found */
  function show(found) {
    const next = found.error
      ? el("div", { class: "bad" }, found.error)
      : el("div", { class: "outcome-next" }, el("span", { "aria-hidden": "true" }, "→ "), found.next ?? end);
    outcome.replaceChildren(next, ...(found.rows ? [diffRows(found, "no change")] : []));
  }

  /** @param {string} words */
  function say(words) {
    outcome.replaceChildren(el("div", { class: "faint " }, words));
  }

  const column = {
    root, button, outcome, fields, show, say,
    /** The preview that is waited for. @type {symbol | null} */
    asked: null,
    /** Say nothing, also not what is waited for. */
    silence() {
      column.asked = null;
      say("");
    },
  };
  return column;
}
