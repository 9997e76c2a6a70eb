// @ts-check
/** The alert for errors, and the ribbon that says the past is on show. */

import { el, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { now, offered, press, verbNamed } from "../core/verbs.js";

/** @param {Store} store */
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
    const alert = refusedOnCard(store) ? "" : store.head.alert?.text;
    const said = alert || (dismissed ? "" : failure);
    text(words, said);
    visible(root, Boolean(said));
  }

  return { root, draw };
}

/**
 * Whether what is wrong is an answer, and the card of what goes on waiting says so.
 * @param {Store} store
 */
function refusedOnCard(store) {
  const barrier = store.head.alert?.barrier;
  return Boolean(barrier) && store.head.pending.some((row) => row.id === barrier);
}

/** @param {Store} store */
export function ribbon(store) {
  const verb = verbNamed("rewind");
  const words = el("span", {});
  const rewind = el(
    "button",
    { type: "button", class: "chip", "aria-label": verb.label, "aria-keyshortcuts": verb.key, onclick: () => press(store, verb) },
    icon(verb.name, 14), verb.label,
  );
  const back = el(
    "button",
    { type: "button", class: "chip", "aria-label": "Back to now", onclick: () => store.look(null) },
    icon("now", 14), "Back to now",
  );
  const root = el("div", { class: "ribbon", role: "note", hidden: true }, words, rewind, back);

  function draw() {
    visible(root, !store.atHead);
    visible(rewind, !store.saved && offered(store, verb));
    if (store.atHead) return;
    text(words, `looking at frame ${store.shown}`);
    const [enabled, tip] = now(store, verb);
    rewind.title = tip;
    rewind.setAttribute("aria-disabled", String(!enabled));
    back.title = `Show frame ${store.head.head}, where the run stands`;
  }

  return { root, draw };
}
