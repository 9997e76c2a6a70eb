// @ts-check
/** The row of buttons, and the line picker once there is more than one line. */

import { attr, el, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { VERBS, now, offered, press } from "../core/verbs.js";

/**
 * @param {Store} store
 * @param {Verb} verb
 */
function verbButton(store, verb) {
  return el(
    "button",
    {
      type: "button",
      class: `verb verb-${verb.name}${verb.main ? " verb-main" : ""}`,
      "aria-label": verb.label,
      "aria-keyshortcuts": verb.key || null,
      onclick: () => press(store, verb),
    },
    icon(verb.name),
    el("span", { class: "verb-name", "aria-hidden": "true" }, verb.label),
  );
}

/**
 * A button that no verb of the run stands behind.
 * @param {string} name
 * @param {string} key
 * @param {string} title
 * @param {() => void} onclick
 */
function quiet(name, key, title, onclick) {
  const shown = { type: "button", class: "quiet", "aria-label": name, "aria-keyshortcuts": key, title, onclick };
  return el("button", shown, icon(name.toLowerCase()));
}

/**
 * @param {Store} store
 * @param {{ onHelp: () => void, onFind: () => void }} acts
 */
export function toolbar(store, { onHelp, onFind }) {
  /** @type {Map<Verb, HTMLElement>} */
  const buttons = new Map();
  /** @type {HTMLElement[]} */
  const groups = [];
  for (const verb of VERBS) {
    const button = verbButton(store, verb);
    buttons.set(verb, button);
    groups[verb.group] ??= el("div", { class: "verbs" });
    groups[verb.group].append(button);
  }
  /** @type {HTMLSelectElement} */
  const picker = el("select", {
    class: "lines",
    "aria-label": "Line",
    onchange: () => store.send({ do: "line", line: picker.value }),
  });
  const kept = el("span", { class: "faint saved-words", role: "note", hidden: true });
  /** The lines that the picker has. @type {string[]} */
  let told = [];
  const root = el(
    "div",
    { class: "toolbar", role: "group", "aria-label": "Debugger" },
    kept,
    groups,
    el("span", { class: "spring" }),
    picker,
    quiet("Find", "/", "Find a text in everything that was recorded (/)", onFind),
    quiet("Help", "?", "Keys and marks (?)", onHelp),
  );

  function draw() {
    visible(kept, store.saved);
    text(kept, store.silence || "a saved history: look around, nothing runs here");
    for (const group of groups) visible(group, !store.saved);
    if (!store.saved) for (const [verb, button] of buttons) drawVerb(verb, button);
    lines();
  }

  /**
   * @param {Verb} verb
   * @param {HTMLElement} button
   */
  function drawVerb(verb, button) {
    const [enabled, tip] = now(store, verb);
    visible(button, offered(store, verb));
    // Not `disabled`: a button keeps the focus and says why it does nothing.
    attr(button, "aria-disabled", enabled ? null : "true");
    attr(button, "title", `${tip}${verb.key ? ` (${verb.key})` : ""}`);
    attr(button, "aria-description", tip);
    if (verb.onlyAway) attr(button, "data-away", store.atHead ? null : "true");
    if (verb.live) attr(button, "data-live", store.head.busy ? "true" : null);
  }

  function lines() {
    const lines = store.head.lines ?? [];
    visible(picker, lines.length > 1);
    if (lines !== told && JSON.stringify(lines) !== JSON.stringify(told)) {
      picker.replaceChildren(...lines.map((line) => {
        const option = el("option", {});
        option.value = line;
        text(option, line);
        return option;
      }));
    }
    told = lines;
    if (picker.value !== store.head.line) picker.value = store.head.line;
  }

  return { root, draw };
}
