// @ts-check
/** The form of Modify: a key, an input that fits what it holds, and what is wrong with either. */

import { attr, el, freshId, text } from "../core/dom.js";
import { fill, listening, valueField } from "./value_field.js";

/** @type {FieldRow} */
const ANY = { name: "", kind: "any", declared: false, expected: "", choices: [], reducer: "" };

/**
 * `changed` is called when something was typed, `enter(stay)` when Enter is pressed.
 * @param {FormActs} on
 */
export function modifyForm({ changed, enter }) {
  const told = el("div", { class: "field-said", id: freshId("said"), "aria-live": "polite" });
  const names = el("datalist", { id: freshId("keys") });
  const key = el("input", {
    type: "text", list: names.id, "aria-label": "Key", placeholder: "Key", title: "a key of the state", autocomplete: "off", spellcheck: "false",
    // With a list it would be called a combobox, and "text box Key" is what people and tests look for.
    role: "textbox", "aria-describedby": told.id,
  });
  const holder = el("span", { class: "value-holder" });
  /** @type {Map<string, FieldRow>} */
  const fields = new Map();
  let open = true;
  let field = ANY;
  let value = control();
  /** What the form filled in by itself: it gives way to the value of the next key. */
  let given = "";

  function control() {
    const made = listening(valueField(field), { changed, enter });
    attr(made, "aria-label", "Value");
    attr(made, "aria-describedby", told.id);
    holder.replaceChildren(made);
    attr(holder, "data-kind", field.kind);
    return made;
  }

  /**
   * Put the input there that fits the key, with what was typed or what the key holds now.
   * @param {string | null} now
   */
  function fit(now = null) {
    const found = fields.get(key.value) ?? ANY;
    const typed = value.value;
    const words = now ?? (typed === "" || typed === given ? (found.text ?? "") : typed);
    if (found !== field) {
      field = found;
      value = control();
    }
    if (words !== typed || value.value === "") fill(value, words);
    if (found.text !== null && words === found.text) given = value.value;
    say({});
  }

  key.addEventListener("input", () => {
    fit();
    changed();
  });
  key.addEventListener("keydown", (event) => event.key === "Enter" && enter(event.shiftKey));

  /** Take what Python knows of the keys. @param {FormRow | undefined} form */
  function know(form) {
    open = form?.open ?? true;
    fields.clear();
    for (const one of form?.fields ?? []) fields.set(one.name, one);
    names.replaceChildren(...[...fields.values()].map((one) => {
      const option = el("option", {}, one.expected);
      option.value = one.name;
      return option;
    }));
    fit();
  }

  function hint() {
    if (!key.value) return "";
    if (!fields.has(key.value)) return open && fields.size ? "a new key" : "";
    const joined = field.reducer ? `; nodes' writes join by ${field.reducer}` : "";
    return `${field.redacted ? `${field.redacted} ` : ""}${field.declared ? field.expected : `now ${field.expected}`}${joined}`;
  }

  /** Show what Python said of what was typed; true where Modify may be pressed. @param {Preview} reply */
  function say({ invalid, error, note }) {
    attr(key, "aria-invalid", invalid === "key" ? "true" : null);
    attr(value, "aria-invalid", invalid === "value" ? "true" : null);
    attr(told, "data-tone", invalid ? "bad" : note ? "note" : null);
    const words = (invalid ? error : note || hint()) ?? "";
    if (words.includes("[redacted")) told.replaceChildren(el("span", {}, words));
    else text(told, words);
    return !invalid;
  }

  /** Bring a key with what it holds into the form. @param {string} name */
  function take(name) {
    key.value = name;
    const found = fields.get(name);
    fit(found?.text ?? "");
    value.focus();
    if (!(value instanceof HTMLSelectElement)) value.select();
    changed();
  }

  fit();
  return { parts: [key, names, holder], told, know, say, take, filled: () => Boolean(key.value), said: () => ({ key: key.value, value: value.value }) };
}
