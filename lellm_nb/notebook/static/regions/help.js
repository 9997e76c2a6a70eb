/** The sheet with the keys. */

import { el, focused, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { VERBS } from "../core/verbs.js";

const OTHERS = [
  ["← →", "Look at the frame before or after"],
  ["Home, End", "Look at the first or the last frame"],
  ["A, X", "Approve or reject what waits (with Shift: and stay)"],
  ["B", "Breakpoint on the node that has the focus (with Shift: after it)"],
  ["1 … 9", "Go to a tab: State is 1, Branches is 9"],
  ["Tab", "From one control to the next; arrows between tabs"],
  ["↑ ↓", "Go from node to node in the graph"],
  ["Ctrl + wheel", "Zoom the graph; drag to move it"],
  ["/", "Find a text in everything that was recorded"],
  ["?", "This sheet"],
];

export function help() {
  const close = el("button", { type: "button", class: "quiet", "aria-label": "Close help", onclick: () => hide() }, icon("close", 14));
  const rows = [
    ...VERBS.filter((verb) => verb.key && verb.id !== "into").map((verb) => [verb.key, verb.id === "step" ? "Step, Into" : verb.name]),
    ...OTHERS,
  ];
  const list = el("dl", {}, rows.map(([key, what]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)]));
  const root = el(
    "div", { class: "help", role: "dialog", "aria-label": "Keys", hidden: true },
    el("header", {}, el("b", {}, "Keys"), el("span", { class: "spring" }), close), list,
  );
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
