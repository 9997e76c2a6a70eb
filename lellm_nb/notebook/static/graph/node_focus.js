// @ts-check
/** Keys in the graph: Tab leads to one node, arrows from it to the others. */

import { attr, focused } from "../core/dom.js";

/**
 * @param {HTMLElement} root
 * @param {() => Scene | null} scene
 * @param {{ open: (number: number) => void, stop: (number: number, after: boolean) => void, reveal: (numbers: number[]) => void }} acts
 */
export function nodeFocus(root, scene, acts) {
  /** The node that Tab leads to. @type {SVGElement | null} */
  let focusable = null;

  /** @param {SVGElement | null | undefined} group */
  function rove(group) {
    if (!group || group === focusable) return;
    if (focusable) attr(focusable, "tabindex", -1);
    attr(group, "tabindex", 0);
    focusable = group;
  }

  /** Begin anew with another picture. @param {Scene} drawn */
  function begin(drawn) {
    for (const { group } of drawn.nodes.values()) {
      group.addEventListener("focus", () => rove(group));
    }
    focusable = null;
  }

  /** Let Tab lead to a node, unless the reader is in the graph already. @param {SVGElement | null | undefined} group */
  function lead(group) {
    if (focusable?.matches(":focus")) return;
    rove(group ?? focusable ?? [...(scene()?.nodes.values() ?? [])][0]?.group);
  }

  root.addEventListener("keydown", (event) => {
    const drawn = scene();
    const held = focused(root);
    const number = [...(drawn?.nodes ?? [])].find(([, { group }]) => group === /** @type {Element | null} */ (held))?.[0];
    if (!drawn || number === undefined) return;
    if (event.key === "b" || event.key === "B") acts.stop(number, event.shiftKey);
    else if (event.key === "Enter" || event.key === " ") acts.open(number);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const all = [...drawn.nodes.keys()].sort((a, b) => a - b);
      const next = all[all.indexOf(number) + (event.key === "ArrowDown" ? 1 : -1)];
      if (next !== undefined) {
        drawn.nodes.get(next)?.group.focus({ preventScroll: true });
        acts.reveal([next]);
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  return { begin, lead };
}
