// @ts-check
/** Token streams of running nodes, over the graph while they come, where the ribbon is in the past. */

import { attr, el, text, visible } from "../core/dom.js";

const MOST = 3;
const SHOWN = 600;

/** @param {Store} store */
export function streams(store) {
  const root = el("div", { class: "streams", hidden: true });
  /** @type {Map<number, ReturnType<typeof card>>} */
  const cards = new Map();

  function draw() {
    const live = store.saved || store.looking !== null ? [] : [...store.streams].slice(0, MOST);
    const numbers = new Set(live.map(([number]) => number));
    for (const [number, one] of cards) {
      if (numbers.has(number)) continue;
      one.root.remove();
      cards.delete(number);
    }
    for (const [number, words] of live) {
      let one = cards.get(number);
      if (!one) {
        one = card(store.outline.nodes[number]?.path ?? "");
        cards.set(number, one);
        root.append(one.root);
      }
      const { body } = one;
      const tail = words.length > SHOWN ? `…${words.slice(-SHOWN)}` : words;
      if (body.textContent !== tail) {
        text(body, tail);
        body.scrollTop = body.scrollHeight;
      }
    }
    visible(root, live.length > 0);
  }

  return { root, draw };
}

/** @param {string} path */
function card(path) {
  const body = el("pre", { class: "stream-text" });
  const root = el("div", { class: "stream-card", role: "group" }, el("b", {}, path), body);
  attr(root, "aria-label", `Stream ${path}`);
  return { root, body };
}
