// @ts-check
/** The window onto the graph: it follows the run until the reader zooms or drags. */

import { attr } from "../core/dom.js";
import { Camera, FULL, READABLE } from "./camera.js";

/**
 * @param {SVGElement} canvas What is looked through.
 * @param {SVGElement} hold What is moved behind it.
 * @param {() => Scene | null} scene The picture, once there is one.
 */
export function viewport(canvas, hold, scene) {
  const camera = new Camera();
  /** Whether the reader has chosen the place. */
  let moved = false;
  /** @type {number | null} */
  let culling = null;

  /** @type {InSight} */
  const inSight = (place) => camera.sees(place);

  function apply() {
    culling ??= requestAnimationFrame(() => {
      culling = null;
      scene()?.cull(inSight);
    });
    const { x, y, k } = camera;
    attr(canvas, "data-small", k < FULL && k > 0.8 * READABLE ? "true" : null);
    attr(hold, "transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${k.toFixed(4)})`);
  }

  /** The reader has chosen the place. */
  function choose() {
    moved = true;
    apply();
  }

  /**
   * Show all of the picture: however small, or only as long as it can be read.
   * @param {boolean} chosen Whether a person asked for it.
   */
  function fit(chosen) {
    const drawn = scene();
    if (!drawn || !camera.w || !camera.h || !drawn.width) return;
    camera.fit(drawn, chosen ? undefined : READABLE);
    moved = chosen;
    apply();
  }

  /** Show one place as big as it fits. @param {Place} place */
  function fitTo(place) {
    camera.fitTo(place);
    choose();
  }

  /** @param {number} by */
  function zoom(by) {
    camera.zoom(by);
    choose();
  }

  /** Bring the first of some nodes that is drawn into sight. @param {Iterable<number>} numbers */
  function reveal(numbers) {
    for (const number of numbers) {
      const place = scene()?.places.get(number);
      if (!place) continue;
      if (camera.reveal(place)) apply();
      return;
    }
  }

  /**
   * Move the picture so far that a node is not under what lies over it.
   * @param {number} number
   * @param {HTMLElement} over
   */
  function uncover(number, over) {
    const place = scene()?.places.get(number);
    if (!place) return;
    const { offsetLeft: left, offsetTop: top, hidden } = over;
    if (!hidden && camera.uncover(place, { left, top })) apply();
  }

  /** Where in the picture the pointer is, and how far there some pixels of the page reach. @param {MouseEvent} event */
  function pointed(event) {
    const box = canvas.getBoundingClientRect();
    return {
      x: (event.clientX - box.left - camera.x) / camera.k,
      y: (event.clientY - box.top - camera.y) / camera.k,
      reach: (/** @type {number} */ pixels) => pixels / camera.k,
    };
  }

  /** Take note of the size of the window. */
  function measure() {
    const { width, height } = canvas.getBoundingClientRect();
    camera.w = width;
    camera.h = height;
  }

  gestures(canvas, camera, choose);
  return {
    inSight, fit, fitTo, zoom, reveal, uncover, pointed, measure,
    get moved() {
      return moved;
    },
    /** Forget where the reader was: the picture is another one. */
    settle() {
      moved = false;
    },
  };
}

/**
 * Let the wheel zoom the picture, and the pointer drag it.
 * @param {SVGElement} canvas
 * @param {Camera} camera
 * @param {() => void} chose
 */
function gestures(canvas, camera, chose) {
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    camera.zoom(Math.exp(-event.deltaY / 300), [event.clientX - box.left, event.clientY - box.top]);
    chose();
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || /** @type {Element} */ (event.target).closest("[role=button]")) return;
    const start = { x: event.clientX - camera.x, y: event.clientY - camera.y };
    canvas.setPointerCapture(event.pointerId);
    attr(canvas, "data-dragging", "true");
    const move = (/** @type {PointerEvent} */ to) => {
      camera.x = to.clientX - start.x;
      camera.y = to.clientY - start.y;
      chose();
    };
    const up = () => {
      canvas.removeEventListener("pointermove", move);
      attr(canvas, "data-dragging", null);
    };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", up, { once: true });
    canvas.addEventListener("pointercancel", up, { once: true });
  });
}
