// @ts-check
/** The sheet with the keys. */

import { el, focused, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { ANSWERS, BY_KEY } from "../core/verbs.js";
import { TABS } from "../tabs/registry.js";

/** @typedef {[key: string, what: string]} KeyRow */

/** The verbs by their keys, and what answers a barrier on one row. @returns {KeyRow[]} */
function verbKeys() {
  const answers = ANSWERS.filter((verb) => verb.key);
  const names = answers.map((verb) => verb.label).join(" or ");
  return [
    ...[...BY_KEY].filter(([, [first]]) => first.group >= 0).map(([key, verbs]) => /** @type {KeyRow} */ ([key, verbs.map((verb) => verb.label).join(", ")])),
    ["← →", "Look at the frame before or after"],
    ["Home, End", "Look at the first or the last frame"],
    [answers.map((verb) => verb.key).join(", "), `${names[0]}${names.slice(1).toLowerCase()} what waits (with Shift: and stay)`],
  ];
}

/** Digits lead to as many tabs as there are digits. */
const LAST = Math.min(10, TABS.length);

/** @type {KeyRow[]} */
const OTHERS = [
  ["B", "Breakpoint on the node that has the focus (with Shift: after it)"],
  [`1 … ${LAST % 10}`, `Go to a tab: ${TABS[0].name} is 1, ${TABS[LAST - 1].name} is ${LAST % 10}`],
  ["Tab", "From one control to the next; arrows between tabs"],
  ["↑ ↓", "Go from node to node in the graph"],
  ["Ctrl + wheel", "Zoom the graph; drag to move it"],
  ["/", "Find a text in everything that was recorded"],
  ["?", "This sheet"],
];

export function help() {
  const close = el("button", { type: "button", class: "quiet", "aria-label": "Close help", onclick: () => hide() }, icon("close", 14));
  const rows = [...verbKeys(), ...OTHERS];
  const list = el("dl", {}, rows.map(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)]));
  const root = el(
    "div", { class: "help", role: "dialog", "aria-label": "Keys", hidden: true },
    el("header", {}, el("b", {}, "Keys"), el("span", { class: "spring" }), close), list,
  );
  /** @type {HTMLElement | null} */
  let from = null;

  function toggle() {
    if (!root.hidden) {
      hide();
      return;
    }
    from = focused(root);
    visible(root, true);
    close.focus({ preventScroll: true });
  }

  function hide() {
    if (root.hidden) return false;
    visible(root, false);
    from?.focus?.({ preventScroll: true });
    return true;
  }

  return { root, toggle, hide };
}
