/** The form of Modify: a key, an input that fits what it holds, and what is wrong with either. */

import { attr, el, freshId, text } from "../core/dom.js";

const ANY = { kind: "any", declared: false, expected: "", choices: [], reducer: "" };

/** `changed` is called when something was typed, `enter(stay)` when Enter is pressed. */
export function modifyForm({ changed, enter }) {
  const told = el("div", { class: "field-said", id: freshId("said"), "aria-live": "polite" });
  const names = el("datalist", { id: freshId("keys") });
  const key = el("input", {
    type: "text", list: names.id, "aria-label": "Key", placeholder: "Key", title: "a key of the state", autocomplete: "off", spellcheck: "false",
    // With a list it would be called a combobox, and "text box Key" is what people and tests look for.
    role: "textbox", "aria-describedby": told.id,
  });
  const holder = el("span", { class: "value-holder" });
  const fields = new Map();
  let open = true;
  let field = ANY;
  let value = null;
  /** What the form filled in by itself: it gives way to the value of the next key. */
  let given = "";

  function control() {
    if (field.declared && field.kind === "choice") return select(field.choices);
    if (field.declared && field.kind === "boolean") return select(["true", "false"]);
    const long = field.kind === "json";
    const made = el(long ? "textarea" : "input", {
      ...(long ? { rows: 3 } : { type: "text", inputmode: { integer: "numeric", number: "decimal" }[field.kind] }),
      placeholder: field.redacted ? "not shown; type a new value" : "Value",
      title: field.declared ? `${field.expected}${long ? ", as JSON" : ""}` : "JSON, else text",
      autocomplete: "off", spellcheck: "false",
    });
    return made;
  }

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

  /** Put the input there that fits the key, with what was typed or what the key holds now. */
  function fit(now = null) {
    const found = fields.get(key.value) ?? ANY;
    const typed = value?.value ?? "";
    const words = now ?? (typed === "" || typed === given ? (found.text ?? "") : typed);
    if (!value || found !== field) {
      field = found;
      value = control();
      attr(value, "aria-label", "Value");
      attr(value, "aria-describedby", told.id);
      value.addEventListener("input", () => changed());
      value.addEventListener("change", () => changed());
      value.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || (value.tagName === "TEXTAREA" && !(event.ctrlKey || event.metaKey))) return;
        event.preventDefault();
        enter(event.shiftKey);
      });
      holder.replaceChildren(value);
      attr(holder, "data-kind", field.kind);
    }
    if (words !== typed || value.value === "") value.value = value.tagName === "SELECT" ? chosen(words) : words;
    if (found.text !== null && words === found.text) given = value.value;
    say({});
  }

  /** A text as the option that means it: choices are JSON, a text among them need not be. */
  function chosen(words) {
    const options = [...value.options].map((one) => one.value);
    return options.find((one) => one === words) ?? options.find((one) => one === JSON.stringify(words)) ?? "";
  }

  key.addEventListener("input", () => {
    fit();
    changed();
  });
  key.addEventListener("keydown", (event) => event.key === "Enter" && enter(event.shiftKey));

  /** Take what Python knows of the keys. */
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

  /** Show what Python said of what was typed; true where Modify may be pressed. */
  function say({ invalid, error, note }) {
    attr(key, "aria-invalid", invalid === "key" ? "true" : null);
    if (value) attr(value, "aria-invalid", invalid === "value" ? "true" : null);
    attr(told, "data-tone", invalid ? "bad" : note ? "note" : null);
    const words = invalid ? error : note || hint();
    if (words.includes("[redacted")) told.replaceChildren(el("span", {}, words));
    else text(told, words);
    return !invalid;
  }

  function take(name) {
    key.value = name;
    const found = fields.get(name);
    fit(found?.text ?? "");
    value.focus();
    value.select?.();
    changed();
  }

  fit();
  return { parts: [key, names, holder], told, know, say, take, filled: () => Boolean(key.value), said: () => ({ key: key.value, value: value.value }) };
}
