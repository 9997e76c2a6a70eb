// @ts-check
/** The Watches tab: expressions at the frame on show, and every stop that is set. */

import { el, text } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { safeType } from "../values/value_tree.js";
import { changesOf, watched as valuesOf } from "./watches_offline.js";

/** @typedef {{ text: string, now: ValueRow | Failed, old: ValueRow | Failed | null }} WatchRow */
/** @typedef {{ id: number, label: string, on: boolean, hits: number }} StopRow */

/**
 * @param {Detail & { rows: WatchRow[], stops: StopRow[] }} detail
 * @param {View} view
 */
function draw(detail, view) {
  const { store } = view;
  const input = el("input", {
    type: "text", "aria-label": "Watch expression", placeholder: store.saved ? "total, plan.steps[2], len(items)" : "total, len(items), state[\"a key\"] …",
    autocomplete: "off", spellcheck: "false",
    onkeydown: (event) => {
      if (event.key !== "Enter" || !input.value.trim()) return;
      store.send({ do: "watch", text: input.value.trim(), on: true });
      input.value = "";
    },
  });
  const rows = detail.rows.map((row) => watched(row, view));
  /** @type {HTMLElement[]} */
  const parts = [el("div", { class: "tab-bar wide" }, input), el("div", { class: "watches" }, rows)];
  if (!rows.length) parts.push(el("p", { class: "faint" }, store.saved ? "A path into the root state is shown at every frame you look at; expressions need a kernel." : "An expression is shown at every frame you look at; its names are the keys of the root state."));
  parts.push(el("h4", {}, "Stops"));
  parts.push(...detail.stops.map((stop) => stopRow(stop, store)));
  if (store.saved) {
    if (!detail.stops.length) parts.push(el("p", { class: "faint" }, "None was set."));
    return parts;
  }
  if (!detail.stops.length) parts.push(el("p", { class: "faint" }, "None. Click the rim of a node, or press B on it."));
  if (!detail.stops.some((stop) => stop.label === "on any error")) {
    parts.push(el("div", { class: "tab-bar" }, el("button", { type: "button", class: "chip", onclick: () => store.send({ do: "break_on_error" }) }, "Stop on any error")));
  }
  return parts;
}

/**
 * @param {ValueRow | Failed | null} value
 */
function said(value) {
  if (value?.error) return el("span", { class: "bad" }, value.error);
  return el("span", { class: `tree-value type-${safeType(value?.type)}` }, value?.text ?? "");
}

/**
 * What a value reads as, to compare it by.
 * @param {ValueRow | Failed} value
 */
function words(value) {
  return JSON.stringify(value.error === undefined ? [value.text] : value.error);
}

/**
 * @param {WatchRow} row
 * @param {View} view
 */
function watched(row, { store }) {
  const changes = el("div", { class: "watch-changes", hidden: true });
  const differs = row.old && words(row.old) !== words(row.now);
  const button = (/** @type {string} */ name, /** @type {string} */ sign, /** @type {() => void} */ act) =>
    el("button", { type: "button", class: "act", "aria-label": `${name} ${row.text}`, title: `${name} ${row.text}`, onclick: act }, icon(sign, 13));
  return el(
    "div", { class: "watch", "data-changed": differs ? "true" : null },
    el(
      "div", { class: "watch-line" },
      el("code", {}, row.text),
      el("span", { class: "watch-values" }, differs ? [said(row.old), el("span", { class: "arrow" }, "→")] : null, said(row.now)),
      button("Changes of", "history", async () => {
        changes.hidden = !changes.hidden;
        if (changes.hidden) return;
        changes.replaceChildren(el("p", { class: "faint" }, "…"));
        const reply = await store.ask({ ask: "changes", text: row.text });
        changes.replaceChildren(...(reply.error
          ? [el("p", { class: "bad" }, reply.error)]
          : reply.rows.map((one) =>
            el("button", { type: "button", class: "hit", onclick: () => store.look(one.frame) },
              el("span", { class: "hit-frame" }, `frame ${one.frame}`), el("span", { class: one.bad ? "bad" : "tree-value" }, one.text)))));
      }),
      store.saved ? null : button("Stop when it changes:", "stopmark", () => store.send({ do: "break_watch", text: row.text })),
      button("Remove watch", "close", () => store.send({ do: "watch", text: row.text, on: false })),
    ),
    changes,
  );
}

/**
 * @param {StopRow} stop
 * @param {Store} store
 */
function stopRow(stop, store) {
  const label = el("span", {});
  /** @type {HTMLInputElement} */
  const box = el("input", {
    type: "checkbox", checked: stop.on, disabled: store.saved, "aria-label": `Stop ${stop.label}`,
    onchange: () => store.send({ do: "stop_point", id: stop.id, act: box.checked ? "enable" : "disable" }),
  });
  text(label, stop.label);
  return el(
    "div", { class: "stop-row" },
    el("label", {}, box, label),
    el("span", { class: "faint" }, stop.hits ? `${stop.hits.toLocaleString("en")}×` : ""),
    el("span", { class: "spring" }),
    store.saved ? null : el("button", {
      type: "button", class: "act", "aria-label": `Remove stop ${stop.label}`, title: "Remove",
      onclick: () => store.send({ do: "stop_point", id: stop.id, act: "remove" }),
    }, icon("close", 13)),
  );
}

/** @type {TabModule} */
export const tab = {
  draw,
  asks: (store) => ({ texts: store.head.watches ?? [] }),
  beside: (store) => JSON.stringify([store.head.watches, store.head.stops, store.head.breakpoints, store.head.edge_stops]),
  offline: (frame, { texts = [] }, history) => ({ rows: valuesOf(frame, texts, history), stops: history.book.stops ?? [] }),
  questions: { changes: changesOf },
};
