// @ts-check
/** What the pointer does on an edge: it is named, and a click sets a breakpoint on it. */

import { attr, el, text, visible } from "../core/dom.js";

/** Edges are too thin to be hit exactly. */
const NEAR = 7;

/**
 * @param {Store} store
 * @param {SVGElement} canvas
 * @param {() => Scene | null} scene
 * @param {{ pointed: (event: MouseEvent) => { x: number, y: number, reach: (pixels: number) => number } }} view
 */
export function edgePointer(store, canvas, scene, view) {
  const words = el("div", { class: "edge-words", "aria-hidden": "true", hidden: true });

  /** The edge under the pointer. @param {MouseEvent} event */
  function edgeAt(event) {
    const drawn = scene();
    if (!drawn || /** @type {Element} */ (event.target).closest("[role=button]")) return null;
    const { x, y, reach } = view.pointed(event);
    return drawn.edgeAt(x, y, reach(NEAR));
  }

  canvas.addEventListener("pointermove", (event) => {
    const drawn = scene();
    if (canvas.hasAttribute("data-dragging") || !drawn) return;
    const found = edgeAt(event);
    drawn.point(found?.one ?? null);
    visible(words, Boolean(found));
    attr(canvas, "data-on-edge", found ? "true" : null);
    if (!found) return;
    const name = (/** @type {number} */ number) => store.outline.nodes[number].path;
    const count = store.standing().taken.get(`${found.a} ${found.b}`) ?? 0;
    text(words, `${name(found.a)} → ${name(found.b)}: ${found.kind}, ${count ? `taken ${count.toLocaleString("en")}×` : "not taken"}.${store.saved ? "" : " Click: breakpoint."}`);
  });
  canvas.addEventListener("pointerleave", () => {
    scene()?.point(null);
    visible(words, false);
  });
  let pressed = [0, 0];
  canvas.addEventListener("pointerdown", (event) => (pressed = [event.clientX, event.clientY]), true);
  canvas.addEventListener("click", (event) => {
    if (store.saved || Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 4) return;
    const found = edgeAt(event);
    if (found) store.send({ do: "edge", source: found.a, target: found.b });
  });

  return { root: words };
}
