/** The row of buttons, and the line picker once there is more than one line. */

import { attr, el, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { VERBS, now, press } from "../core/verbs.js";

export function toolbar(store, { onHelp, onFind }) {
  const buttons = new Map();
  const groups = [];
  for (const verb of VERBS) {
    const button = el(
      "button",
      {
        type: "button",
        class: `verb verb-${verb.id}${verb.main ? " verb-main" : ""}`,
        "aria-label": verb.name,
        "aria-keyshortcuts": verb.key,
        onclick: () => press(store, verb.id),
      },
      icon(verb.id),
      el("span", { class: "verb-name", "aria-hidden": "true" }, verb.name),
    );
    buttons.set(verb, button);
    groups[verb.group] ??= el("div", { class: "verbs" });
    groups[verb.group].append(button);
  }
  const picker = el("select", {
    class: "lines",
    "aria-label": "Line",
    onchange: () => store.send({ do: "line", line: picker.value }),
  });
  const help = el(
    "button",
    { type: "button", class: "quiet", "aria-label": "Help", "aria-keyshortcuts": "?", title: "Keys and marks (?)", onclick: onHelp },
    icon("help"),
  );
  const search = el(
    "button",
    { type: "button", class: "quiet", "aria-label": "Find", "aria-keyshortcuts": "/", title: "Find a text in everything that was recorded (/)", onclick: onFind },
    icon("find"),
  );
  const root = el(
    "div",
    { class: "toolbar", role: "group", "aria-label": "Debugger" },
    groups,
    el("span", { class: "spring" }),
    picker,
    search,
    help,
  );
  const kept = el("span", { class: "faint saved-words", role: "note", hidden: true });
  root.prepend(kept);

  function draw() {
    visible(kept, store.saved);
    text(kept, store.silence || "a saved history: look around, nothing runs here");
    for (const group of groups) visible(group, !store.saved);
    if (store.saved) {
      lines();
      return;
    }
    for (const [verb, button] of buttons) {
      const [enabled, tip] = now(store, verb.id);
      // Not `disabled`: a button keeps the focus and says why it does nothing.
      attr(button, "aria-disabled", enabled ? null : "true");
      const key = verb.key ? ` (${verb.key})` : "";
      attr(button, "title", `${tip}${key}`);
      attr(button, "aria-description", tip);
    }
    for (const [verb, button] of buttons) {
      if (verb.id === "rewind") attr(button, "data-away", store.atHead ? null : "true");
      if (verb.id === "pause" || verb.id === "stop") {
        attr(button, "data-live", store.head.busy ? "true" : null);
      }
    }
    lines();
  }

  function lines() {
    const lines = store.head.lines ?? [];
    visible(picker, lines.length > 1);
    if (picker.dataset.lines !== JSON.stringify(lines)) {
      picker.dataset.lines = JSON.stringify(lines);
      picker.replaceChildren(...lines.map((line) => {
        const option = el("option", {});
        option.value = line;
        text(option, line);
        return option;
      }));
    }
    if (picker.value !== store.head.line) picker.value = store.head.line;
  }

  return { root, draw };
}
