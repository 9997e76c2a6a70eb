// @ts-check
/** Lines of a history as they are painted: a rail with ticks, marks and the head. */

import { colour } from "../core/dom.js";
import { KINDS } from "../core/node_status.js";

/** Room at both ends of a rail, half a slider's thumb. */
export const EDGE = 7;

/** The colour of a kind of frame that stands out from the rail. @type {Record<string, keyof Ink>} */
const COLOURS = { waiting: "waiting", decision: "done", error: "failed", edit: "edit", input: "edit" };
/** That of a line's end. @type {Record<string, keyof Ink>} */
const ENDS = { failed: "failed", waiting: "waiting", completed: "done" };

/**
 * Colours of the theme, asked for once: asking makes the page work out its styles.
 * @typedef {Record<"rail" | "head" | "waiting" | "done" | "failed" | "edit" | "soft", string>} Ink
 */

/** What a rail is painted on: its width in pixels, and how many frames that stands for. @typedef {{ width: number, whole: number }} Span */

/**
 * @param {Element} node
 * @returns {Ink}
 */
export function inkOf(node) {
  const get = (/** @type {string} */ name) => colour(node, name);
  return {
    rail: get("--nb-line"), head: get("--nb-accent"), waiting: get("--nb-waiting"), done: get("--nb-done"),
    failed: get("--nb-failed"), edit: get("--nb-accent"), soft: get("--nb-edge"),
  };
}

/** Where a frame stands. @param {Span} span */
export function scaleOf({ width, whole }) {
  return (/** @type {number} */ index) => EDGE + (index / whole) * (width - 2 * EDGE);
}

/**
 * Paint the line on show.
 * @param {HTMLCanvasElement} canvas
 * @param {Store} store
 * @param {Ink} ink
 * @param {Span} span
 * @param {number} last
 */
export function paintOwn(canvas, store, ink, span, last) {
  const at = scaleOf(span);
  const pen = prepared(canvas, span.width, 22);
  if (!pen) return;
  const { head } = store.head;
  const mine = (store.head.tree ?? []).find((row) => row[0] === store.head.line);
  rail(pen, ink, at, { from: 0, to: last, head, y: 11, elbow: mine && mine[2] >= 0 ? mine[2] : null });
  const spacing = (span.width - 2 * EDGE) / span.whole;
  if (spacing >= 4) {
    for (let index = 0; index <= last; index += 1) {
      pen.fillStyle = index <= head ? ink.head : ink.rail;
      pen.fillRect(at(index) - 0.5, 7, 1, 8);
    }
  }
  for (const [index, kind] of store.events) {
    const name = COLOURS[KINDS[kind]];
    if (index > last || !name) continue;
    pen.fillStyle = ink[name];
    pen.fillRect(at(index) - 1.25, 2, 2.5, 18);
  }
  for (const [index, mark] of store.marks()) dot(pen, at(index), 19, 2.5, mark.pin ? ink.head : ink.waiting);
  pen.fillStyle = ink.head;
  pen.beginPath();
  pen.moveTo(at(head) - 4, 0);
  pen.lineTo(at(head) + 4, 0);
  pen.lineTo(at(head), 5);
  pen.fill();
}

/**
 * Paint another line.
 * @param {HTMLCanvasElement} canvas
 * @param {LineRow} row
 * @param {Ink} ink
 * @param {Span} span
 */
export function paintOther(canvas, [, , from, frames, state, notes, pins], ink, span) {
  const at = scaleOf(span);
  const pen = prepared(canvas, span.width, 16);
  if (!pen) return;
  const end = Math.min(frames - 1, span.whole);
  rail(pen, ink, at, { from: Math.max(0, from), to: end, head: -1, y: 8, elbow: from >= 0 ? from : null });
  for (const index of [...notes.map(([index]) => index), ...pins]) dot(pen, at(index), 8, 2.5, ink.waiting);
  dot(pen, at(end), 8, 3.5, ink[ENDS[state]] ?? ink.head);
}

/**
 * A line with the way it came from its base.
 * @param {CanvasRenderingContext2D} pen
 * @param {Ink} ink
 * @param {(index: number) => number} at
 * @param {{ from: number, to: number, head: number, y: number, elbow: number | null }} line
 */
function rail(pen, ink, at, { from, to, head, y, elbow }) {
  pen.fillStyle = ink.rail;
  pen.fillRect(at(from), y - 1, Math.max(1, at(to) - at(from)), 2);
  if (elbow !== null) {
    pen.strokeStyle = ink.soft;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(at(elbow), 0);
    pen.lineTo(at(elbow), y);
    pen.stroke();
  }
  if (head >= 0) {
    pen.fillStyle = ink.head;
    pen.fillRect(at(from), y - 1, at(head) - at(from), 2);
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {string} ink
 */
export function dot(pen, x, y, radius, ink) {
  pen.fillStyle = ink;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

/**
 * A canvas made as sharp as the screen is, and what paints on it.
 * @param {HTMLCanvasElement} picture
 * @param {number} width
 * @param {number} height
 */
export function prepared(picture, width, height) {
  const ratio = window.devicePixelRatio || 1;
  picture.width = Math.round(width * ratio);
  picture.height = Math.round(height * ratio);
  const pen = picture.getContext("2d");
  pen?.scale(ratio, ratio);
  return pen;
}
