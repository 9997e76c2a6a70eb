// @ts-check
/** The form of an answer whose shape is declared: an input for each field of its JSON schema. */

import { el, freshId } from "../core/dom.js";
import { fill, listening, longBox, valueField } from "./value_field.js";

/**
 * @param {AnswerField[]} fields
 * @param {FormActs} on
 * @returns {AnswerForm}
 */
export function schemaForm(fields, on) {
  const made = fields.map((field) => ({ field, input: inputFor(field, on) }));
  const first = made.map(({ input }) => input.value).join("\n");
  const edited = () => made.map(({ input }) => input.value).join("\n") !== first;
  const root = el("div", { class: "schema-form" }, made.map(({ field, input }) => row(field, input)));
  if (fields.length === 1 && fields[0].name === "") {
    const [{ field, input }] = made;
    return { root, edited, answer: () => (input.value === "" && field.kind !== "text" ? null : piece(field, input.value)) };
  }

  function answer() {
    const said = made.filter(({ field, input }) => input.value !== "" || (field.required && field.kind === "text"));
    return `{${said.map(({ field, input }) => `${JSON.stringify(field.name)}: ${piece(field, input.value)}`).join(", ")}}`;
  }

  return { root, answer, edited };
}

/**
 * What was typed as JSON, letter for letter where it is some: read as a number it would lose
 * digits. What is none is sent as a text, and refused in words.
 * @param {{ kind: string }} field
 * @param {string} typed
 */
export function piece({ kind }, typed) {
  if (kind === "text") return JSON.stringify(typed);
  try {
    JSON.parse(typed);
    return typed;
  } catch {
    return JSON.stringify(typed);
  }
}

/**
 * @param {AnswerField} field
 * @param {FormActs} on
 */
function inputFor(field, on) {
  const label = field.name || "Answer";
  if (field.kind === "text" || field.kind === "json") {
    const box = longBox({ label, placeholder: field.kind === "json" ? field.expected : "", title: field.told || field.expected }, on);
    box.value = field.text ?? "";
    if (field.required) box.setAttribute("aria-required", "true");
    return box;
  }
  const made = listening(valueField(field), on);
  made.setAttribute("aria-label", label);
  made.setAttribute("placeholder", field.expected);
  if (field.required) made.setAttribute("aria-required", "true");
  if (field.text !== null && field.text !== undefined) fill(made, field.text);
  return made;
}

/**
 * @param {AnswerField} field
 * @param {HTMLElement} input
 */
function row({ name, expected, required, told }, input) {
  input.id = freshId("field");
  if (!name) return el("div", { class: "schema-row" }, input, told ? el("div", { class: "faint" }, told) : null);
  return el(
    "div", { class: "schema-row" },
    el("label", { for: input.id, title: required ? `${expected}, needed` : expected }, name, required ? el("span", { class: "needed", "aria-hidden": "true" }, " *") : null),
    el("div", { class: "schema-input" }, input, told ? el("div", { class: "faint" }, told) : null),
  );
}
