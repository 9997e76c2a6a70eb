// @ts-check
/** The card of one node: what it is, when it ran, its breakpoint. */

import { attr, duration, el, focused, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { retryText, ticking } from "../core/retries.js";
import { statusesOf } from "../core/node_status.js";
import { nodeDetails } from "./node_details.js";

/**
 * @param {Store} store
 * @param {{ toggle: (number: number, after?: boolean) => void }} on
 */
export function nodeCard(store, { toggle }) {
  const title = el("b", {});
  const kind = el("span", { class: "badge" });
  const facts = el("p", { class: "faint" });
  const tried = el("p", { class: "node-retry", hidden: true });
  const stop = el("button", { type: "button", class: "chip", onclick: () => toggle(shown) });
  const after = el("button", { type: "button", class: "chip", onclick: () => toggle(shown, true) });
  const live = el("pre", { class: "full stream" });
  const details = nodeDetails(store);
  const inside = el("button", {
    type: "button", class: "chip",
    onclick: () => {
      const open = !isOpen();
      hide();
      store.send({ do: "open", node: last, open });
    },
  });
  const close = el(
    "button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => hide() }, icon("close", 14),
  );
  const root = el(
    "div",
    { class: "node-card", role: "group", tabindex: -1, hidden: true },
    el("header", {}, title, kind, el("span", { class: "spring" }), close),
    facts, tried, details.calls, details.doc, live, el("div", { class: "node-card-bar" }, stop, after, inside, details.reached),
    details.ways, details.code, details.visits,
  );
  const again = ticking(root, draw);
  let shown = -1;
  let last = -1;
  /** @type {HTMLElement | null} */
  let from = null;

  /** Show a node, or hide it if it is the one on show. @param {number} number */
  function show(number) {
    if (shown === number) {
      hide();
      return;
    }
    from = focused(root);
    shown = last = number;
    details.show(number);
    visible(root, true);
    draw();
  }

  function hide() {
    if (shown < 0) return false;
    shown = -1;
    visible(root, false);
    from?.focus?.({ preventScroll: true });
    return true;
  }

  function draw() {
    const node = store.outline.nodes[shown];
    if (!node) return;
    attr(root, "aria-label", `Node ${node.path}`);
    text(title, node.path);
    text(kind, node.kind);
    text(facts, factsOf(store, shown));
    const retry = (store.head.retries ?? []).find(([number]) => number === shown);
    visible(tried, Boolean(retry) && store.atHead);
    if (retry) text(tried, retryText(retry));
    again(retry ? [retry] : []);
    const has = (/** @type {boolean} */ late) => (store.head.breakpoints ?? []).some(([number, , stops]) => number === shown && Boolean(stops) === late);
    text(stop, has(false) ? "Remove breakpoint" : "Set breakpoint");
    attr(stop, "aria-keyshortcuts", "B");
    text(after, has(true) ? "Remove stop after" : "Stop after");
    for (const control of [stop, after]) visible(control, !store.saved);
    const words = store.streams.get(shown) ?? "";
    visible(live, Boolean(words) && store.atHead);
    if (words) text(live, words);
    visible(inside, store.outline.inside.has(shown));
    text(inside, isOpen() ? "Close inside" : "Open inside");
    details.draw();
  }

  /** Whether the node is a composite that is drawn open. @returns {boolean} */
  function isOpen() {
    const boxes = /** @type {Drawing | undefined} */ (store.model.get("drawing"))?.boxes ?? [];
    return boxes.some(([number]) => number === last);
  }

  return { root, show, hide, draw };
}

/**
 * How a node stands, how often it ran, and its part in its graph.
 * @param {Store} store
 * @param {number} number
 */
function factsOf(store, number) {
  const { role } = store.outline.nodes[number];
  const standing = store.standing();
  const status = statusesOf(standing, store.outline)(number);
  const mark = standing.marks.get(number);
  const roles = role ? `, ${role.replace(" ", " and ")} of its graph` : "";
  const took = mark?.[2] ? `, ${duration(mark[2] / 1000)} in all` : "";
  const ran = mark?.[1] ? `, ${mark[1]} ${mark[1] === 1 ? "visit" : "visits"}${took}` : "";
  return `${status}${ran}${roles}`;
}
