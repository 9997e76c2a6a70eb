// @ts-check
/** The card of a reopened run that asks for what was taken out of its store. */

import { el } from "../core/dom.js";
import { icon } from "../core/icons.js";

/**
 * @param {Store} store
 * @param {string[]} names
 */
export function secretCard(store, names) {
  /** @type {HTMLInputElement[]} */
  const fields = names.map((name) => el("input", {
    type: "password", "aria-label": `Secret ${name}`, autocomplete: "off", placeholder: "give it again", oninput: () => (give.disabled = !filled().length),
    onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && send(),
  }));
  const filled = () => names.map((name, place) => [name, fields[place].value]).filter(([, text]) => text);
  const give = el("button", { type: "button", class: "answer", "aria-label": "Give", disabled: true, onclick: () => send() }, "Give");

  function send() {
    if (filled().length) store.order({ do: "supply", values: Object.fromEntries(filled()) });
  }

  return el(
    "section",
    { class: "card card-secrets", role: "group", "aria-label": "Secrets" },
    el(
      "header", { class: "card-head" }, icon("pause"), el("span", { class: "card-title" }, "secrets"),
      el("span", { class: "card-queue" }, "were taken out before this run was stored; a node could read them now"),
    ),
    el(
      "div", { class: "secrets" },
      names.map((name, place) => el("label", {}, el("b", {}, name), fields[place])),
      give,
    ),
  );
}
