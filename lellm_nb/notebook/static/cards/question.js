// @ts-check
/** What a question asks, in full, and the form of its answer. */

import { el } from "../core/dom.js";
import { actionForm } from "./action_form.js";
import { schemaForm } from "./schema_form.js";
import { longBox } from "./value_field.js";

/** Longer parts begin folded, so that what is to be decided is in sight. */
const FOLD = 1200;

/**
 * What it says: a text, or a part for each key. All of it is text, whatever it looks like.
 * @param {AskedRow} asked
 */
export function askedParts({ parts }) {
  return el("div", { class: "asked" }, parts.map(({ key, text }) => {
    const words = el("div", { class: "asked-text" }, text === "" ? "(empty)" : text);
    const shown = text.length > FOLD ? folded(words) : [words];
    return el("div", { class: "asked-part" }, key ? el("div", { class: "asked-key" }, key) : null, shown);
  }));
}

/** @param {HTMLElement} words */
function folded(words) {
  words.dataset.folded = "true";
  const more = el("button", {
    type: "button", class: "more", "aria-expanded": "false",
    onclick: () => {
      const open = words.dataset.folded === "true";
      words.dataset.folded = String(!open);
      more.setAttribute("aria-expanded", String(open));
      more.textContent = open ? "less" : "more";
    },
  }, "more");
  return [words, more];
}

/** What an answer is made from, in a word. @param {AskedRow} asked */
export function formOf({ actions, fields }) {
  if (actions.length) return "actions";
  return fields ? "fields" : "plain";
}

/**
 * @param {AskedRow} asked
 * @param {FormActs} on
 * @returns {AnswerForm}
 */
export function answerForm(asked, on) {
  if (asked.actions.length) return actionForm(asked, on);
  return asked.fields ? schemaForm(asked.fields, on) : plainForm(on);
}

/**
 * A box for anything: JSON, else text.
 * @param {FormActs} on
 * @returns {AnswerForm}
 */
function plainForm(on) {
  const box = longBox({ label: "Answer", placeholder: "Answer: JSON, else text", title: "JSON where it is, else text; Ctrl+Enter answers" }, on);
  return { root: box, edited: () => box.value !== "", answer: () => (box.value === "" ? null : box.value) };
}
