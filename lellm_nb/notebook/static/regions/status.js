// @ts-check
/** The line at the bottom that says where the run stands. */

import { attr, el, text } from "../core/dom.js";
import { sumsText } from "../core/call_sums.js";
import { retriesText, ticking } from "../core/retries.js";

/** @param {Store} store */
export function statusBar(store) {
  const line = el("span", { role: "status", class: "status-line" });
  const dot = el("span", { class: "status-dot", "aria-hidden": "true" });
  const why = el("span", { class: "status-why" });
  const calls = el("span", { class: "status-calls", title: "Calls of this line so far: see the tab Calls, and dbg.calls" });
  const name = el("span", { class: "status-name" });
  const root = el("div", { class: "status" }, dot, line, why, el("span", { class: "spring" }), calls, name);

  const again = ticking(root, draw);

  function draw() {
    text(line, store.head.line_text ?? "");
    const words = store.head.stop || retriesText(store);
    text(why, words);
    attr(why, "title", words || null);
    again(store.head.retries ?? []);
    text(calls, sumsText(store.head.calls));
    text(name, store.outline.name);
    attr(dot, "data-status", store.head.status);
  }

  return { root, draw };
}
