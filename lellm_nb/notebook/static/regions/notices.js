/** The alert for errors, and the ribbon that says the past is on show. */

import { el, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { press } from "../core/verbs.js";

export function alertBar(store) {
  const words = el("span", { class: "alert-text" });
  const close = el(
    "button",
    { type: "button", class: "quiet", "aria-label": "Dismiss", onclick: () => dismiss() },
    icon("close", 14),
  );
  // There from the start, so that a screen reader hears it change.
  const live = el("div", { role: "alert", class: "alert-live" }, words);
  const root = el("div", { class: "alert", hidden: true }, icon("cross"), live, close);
  let dismissed = "";

  function dismiss() {
    dismissed = store.head.failure ?? "";
    if (store.head.alert) store.send({ do: "dismiss" });
    draw();
  }

  function draw() {
    const failure = store.head.failure ?? "";
    if (failure !== dismissed) dismissed = "";
    const said = store.head.alert?.text || (dismissed ? "" : failure);
    text(words, said);
    visible(root, Boolean(said));
  }

  return { root, draw };
}

export function ribbon(store) {
  const words = el("span", {});
  const rewind = el(
    "button",
    { type: "button", class: "chip", "aria-label": "Rewind here", "aria-keyshortcuts": "Enter", onclick: () => press(store, "rewind") },
    icon("rewind", 14), "Rewind here",
  );
  const back = el(
    "button",
    { type: "button", class: "chip", "aria-label": "Back to now", onclick: () => store.look(null) },
    icon("now", 14), "Back to now",
  );
  const root = el("div", { class: "ribbon", role: "note", hidden: true }, words, rewind, back);

  function draw() {
    visible(root, !store.atHead);
    visible(rewind, !store.saved);
    if (store.atHead) return;
    text(words, `looking at frame ${store.shown}`);
    const running = store.head.busy;
    rewind.title = running ? "Running: pause first" : `Move the head to frame ${store.shown}; nothing is lost`;
    rewind.setAttribute("aria-disabled", String(running));
    back.title = `Show frame ${store.head.head}, where the run stands`;
  }

  return { root, draw };
}
