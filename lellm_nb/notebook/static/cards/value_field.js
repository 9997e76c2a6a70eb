// @ts-check
/** The input that fits what a key holds: a line, some lines of JSON, or a choice. */

import { el } from "../core/dom.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} ValueField */

/**
 * @param {FieldRow} field
 * @returns {ValueField}
 */
export function valueField(field) {
  if (field.declared && field.kind === "choice") return select(field.choices, field.labels);
  if (field.declared && field.kind === "boolean") return select(["true", "false"]);
  const long = field.kind === "json";
  /** @type {Record<string, string>} */
  const modes = { integer: "numeric", number: "decimal" };
  return el(long ? "textarea" : "input", {
    ...(long ? { rows: 3 } : { type: "text", inputmode: modes[field.kind] }),
    placeholder: field.redacted ? "not shown; type a new value" : "Value",
    title: field.declared ? `${field.expected}${long ? ", as JSON" : ""}` : "JSON, else text",
    autocomplete: "off", spellcheck: "false",
  });
}

/**
 * A box for a text of some lines, which grows. Ctrl+Enter answers, with Shift and stays.
 * @param {{ label: string, placeholder: string, title: string }} said
 * @param {FormActs} on
 */
export function longBox({ label, placeholder, title }, on) {
  return listening(el("textarea", {
    rows: 1, class: "long-box", "aria-label": label, placeholder, title: title || null, autocomplete: "off", spellcheck: "false",
  }), on);
}

/**
 * @template {ValueField} F
 * @param {F} field
 * @param {FormActs} on
 * @returns {F}
 */
export function listening(field, on) {
  field.addEventListener("input", () => on.changed());
  field.addEventListener("change", () => on.changed());
  field.addEventListener("keydown", (pressed) => {
    const event = /** @type {KeyboardEvent} */ (pressed);
    if (event.key !== "Enter" || (field.tagName === "TEXTAREA" && !(event.ctrlKey || event.metaKey))) return;
    event.preventDefault();
    on.enter(event.shiftKey);
  });
  return field;
}

/**
 * @param {string[]} choices As JSON.
 * @param {string[]} [labels] What each is called; none where the values speak for themselves.
 */
function select(choices, labels = []) {
  const empty = el("option", {}, "choose …");
  empty.value = "";
  return el("select", {}, empty, choices.map((one, place) => {
    const plain = labels[place] ?? (/^"[^\\]*"$/.test(one) ? one.slice(1, -1) : one);
    const option = el("option", {}, plain);
    option.value = one;
    return option;
  }));
}

/**
 * Put a text into a field: into one with choices as the option that means it. Choices are JSON, a
 * text among them need not be.
 * @param {ValueField} field
 * @param {string} words
 */
export function fill(field, words) {
  if (!(field instanceof HTMLSelectElement)) {
    field.value = words;
    return;
  }
  const options = [...field.options].map((one) => one.value);
  field.value = options.find((one) => one === words) ?? options.find((one) => one === JSON.stringify(words)) ?? "";
}
