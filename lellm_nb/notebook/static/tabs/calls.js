// @ts-check
/** The Calls tab: what the step asked of models and tools, what it was answered, and what if. */

import { el, text } from "../core/dom.js";
import { sumsParts } from "../core/call_sums.js";
import { callArticle } from "../calls/call_article.js";
import { savedSource } from "../calls/saved_calls.js";
import { empty } from "./parts.js";

/** @typedef {{ root: HTMLElement, article: ReturnType<typeof callArticle> }} Item */
/**
 * What is on show in one panel: it is kept while the frame is, so that what was opened, typed or
 * answered stays as it is while other things change.
 * @typedef {object} Shown
 * @property {string} of
 * @property {HTMLElement} sums
 * @property {HTMLElement} list
 * @property {Map<string, Item>} items
 */

/** @type {WeakMap<Store, Shown>} */
const kept = new WeakMap();

/**
 * @param {Detail & CallsDetail} detail
 * @param {View} view
 */
function draw(detail, view) {
  if (!detail.calls?.length) {
    return [empty(detail.able === false ? "This engine takes no calls down." : "This step asked no model and no tool.")];
  }
  const { store, frame } = view;
  const of = `${store.head.line} ${frame} ${store.saved}`;
  let shown = kept.get(store);
  if (shown?.of !== of) {
    shown = { of, sums: sumsLine(), list: el("div", { class: "calls", role: "list", "aria-label": "Calls" }), items: new Map() };
    kept.set(store, shown);
  }
  text(shown.sums, detail.sums ? sumsParts(detail.sums).join(" · ") : "");
  fill(shown, detail, view);
  const more = detail.more ? el("p", { class: "faint" }, `and ${detail.more.toLocaleString("en")} more, in dbg.calls`) : null;
  return [shown.sums, shown.list, more];
}

function sumsLine() {
  return el("div", { class: "call-sums", role: "status", "aria-label": "Sums" });
}

/**
 * Bring the list up to date: what is there and the same stays.
 * @param {Shown} shown
 * @param {CallsDetail} detail
 * @param {View} view
 */
function fill({ list, items }, detail, view) {
  const { calls } = detail;
  const keys = new Set(calls.map((row) => row.key));
  for (const [key, item] of items) {
    if (keys.has(key)) continue;
    item.root.remove();
    items.delete(key);
  }
  let node = "";
  calls.forEach((row, place) => {
    const heading = row.node && row.node !== node ? row.node : "";
    node = row.node ?? "";
    let item = items.get(row.key);
    if (!item) {
      const source = view.store.saved ? savedSource(calls, place) : liveSource(view, row);
      const article = callArticle(view, source, row.stopped || row.live || place === calls.length - 1);
      const root = el("div", { role: "listitem" }, heading ? el("h4", { class: "call-node" }, `${heading} · not done yet`) : null, article.root);
      item = { root, article };
      items.set(row.key, item);
    }
    item.article.draw(row, detail);
    if (list.children[place] !== item.root) list.insertBefore(item.root, list.children[place] ?? null);
  });
}

/**
 * Where what is in a call comes from: the kernel.
 * @param {View} view
 * @param {CallHead} row
 * @returns {CallSource}
 */
function liveSource({ store, frame }, { key }) {
  const of = { frame, call: key };
  return {
    body: () => store.ask({ ask: "call", ...of }),
    stretch: async (item) => (await store.ask({ ask: "call_stretch", ...of, start: item.start, count: item.count, gone: item.what === "gone" })).rows ?? [],
    text: (where, start) => store.ask({ ask: "call_text", ...of, ...where, start }),
    picture: (at, part) => store.ask({ ask: "call_picture", ...of, at, part }),
    inside: (value, steps, start) => store.ask({ ask: "call_inside", ...of, value, steps, start }),
  };
}

/** What the head says of calls: it differs while answers come. @param {Store} store */
const pulse = (store) => store.head.calls?.pulse ?? "";

/** @type {TabModule} */
export const tab = { draw, beside: pulse, grows: pulse };
