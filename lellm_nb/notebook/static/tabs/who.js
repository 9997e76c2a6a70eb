// @ts-check
/** The Who tab: which steps wrote a value, newest first. */

import { el, focused } from "../core/dom.js";
import { writersOf } from "./who_offline.js";

/**
 * @param {Detail} _detail
 * @param {View} view
 */
function draw(_detail, view) {
  const { store, frame } = view;
  const body = el("div", { class: "who-rows" });
  /** @type {HTMLInputElement} */
  const input = el("input", {
    type: "text", "aria-label": "Value", placeholder: "a key, or level:key", autocomplete: "off", spellcheck: "false",
    oninput: () => (store.whoTyped = input.value),
    onkeydown: (event) => {
      if (event.key !== "Enter" || !input.value) return;
      store.whoTyped = "";
      ask({ text: input.value });
    },
  });
  input.value = store.whoTyped || store.whoOf;
  const bar = el("div", { class: "tab-bar" }, el("label", {}, "writers of ", input));

  /** @param {WhoQuestion} question */
  async function ask(question) {
    view.asked = question;
    store.whoAsked = question;
    const reply = await store.ask({ ask: "who", frame, ...question });
    if (view.asked !== question) return;
    if (reply.error) {
      body.replaceChildren(el("p", { class: "faint bad" }, reply.error));
      return;
    }
    store.whoOf = reply.of;
    // Whoever is in the field is about to type, and would type behind it.
    if (!store.whoTyped && focused(input) !== input) input.value = reply.of;
    const last = (/** @type {WriterRow} */ row, /** @type {number} */ place) => {
      const newer = reply.rows[place - 1];
      return row.kind !== "exit" || newer?.frame !== row.frame || newer.wrote.path !== row.wrote.path;
    };
    // What was written over before it came out is told by the steps inside, which follow.
    const rows = reply.rows.filter(last).map((row) => writer(row, store));
    if (!rows.length) rows.push(el("p", { class: "empty" }, "Nobody: it is as the run began."));
    if (reply.more) rows.push(el("p", { class: "faint" }, `${reply.more.toLocaleString("en")} more writes, older or later than this frame`));
    body.replaceChildren(...rows);
  }

  if (store.whoAsked) {
    ask(store.whoAsked);
  } else {
    body.append(el("p", { class: "empty" }, "Name a key, or press the person beside a value in State."));
  }
  return [bar, body];
}

/**
 * @param {WriterRow} row
 * @param {Store} store
 */
function writer(row, store) {
  const through = row.through.length ? `through ${[...row.through].reverse().join(", ")}` : "";
  const button = el(
    "button",
    { type: "button", class: "hit", "aria-label": `frame ${row.frame}`, title: `Look at frame ${row.frame}`, onclick: () => store.look(row.frame) },
    el("span", { class: "hit-frame" }, `frame ${row.frame}`),
    el("b", {}, row.path), row.visit > 1 ? el("span", { class: "faint" }, ` visit ${row.visit}`) : null,
    row.kind === "commit" ? null : el("span", { class: "badge", "data-kind": row.kind }, row.kind),
    el("span", { class: "spring" }), el("span", { class: "faint" }, through),
  );
  const wrote = el("div", { class: "hit-text" },
    `${row.wrote.what}${row.wrote.reducer ? ` ${row.wrote.reducer}` : ""} ${row.wrote.path}${row.wrote.value ? `: ${row.wrote.value.text}` : ""}`);
  return el("div", { class: "hit-row" }, button, wrote);
}

/** Of a frame it tells nothing: it is about more, and asks for itself. @type {TabModule} */
export const tab = { draw, offline: () => ({}), questions: { who: writersOf } };
