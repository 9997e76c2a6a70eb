// @ts-check
/** The input that fits what a key holds: a line, some lines of JSON, or a choice. */

import { el } from "../core/dom.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} ValueField */

/**
 * @param {FieldRow} field
 * @returns {ValueField}
 */
export function valueField(field) {
  if (field.declared && field.kind === "choice") return select(field.choices);
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

/** @param {string[]} choices */
function select(choices) {
  const empty = el("option", {}, "choose …");
  empty.value = "";
  return el("select", {}, empty, choices.map((one) => {
    const plain = /^"[^\\]*"$/.test(one) ? one.slice(1, -1) : one;
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
