// @ts-check
/** Frames as they are painted one by one: a block in its node's colour, and a sign for what it was. */

import { KINDS } from "../core/node_status.js";
import { dot, prepared } from "./line_paint.js";

const TOP = 7;
const LANE = 11;
const MOST_LANES = 6;

/**
 * What is painted.
 * @typedef {object} StripPicture
 * @property {number} from The first frame.
 * @property {(FrameRow | null)[]} rows The rows of the frames from there on, as far as they are at hand.
 * @property {(number | null)[]} lanes For each, the place of its branch in its parallel.
 * @property {Set<number>} stops The nodes with a breakpoint.
 * @property {Map<number, FrameMark>} marks Notes and pins.
 * @property {number} head
 * @property {number} shown
 * @property {number} hovered
 */

/**
 * Where it is painted.
 * @typedef {object} StripPlaces
 * @property {number} wide
 * @property {number} cell The width of a frame.
 * @property {(place: number) => number} left Where a frame begins.
 * @property {(name: string) => string} ink A colour of the theme.
 */

/** A node's own colour: the same wherever it is drawn. @param {number} number */
export function nodeColour(number) {
  return number < 0 ? "hsl(0 0% 60%)" : `hsl(${(number * 67 + 210) % 360} 52% 55%)`;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {StripPicture} picture
 * @param {StripPlaces} places
 */
export function paintStrip(canvas, picture, places) {
  const most = Math.max(0, ...picture.lanes.map((lane) => Math.min(lane ?? 0, MOST_LANES - 1)));
  const height = TOP + (most + 1) * LANE + 4;
  const pen = prepared(canvas, places.wide, height);
  canvas.style.height = `${height}px`;
  if (!pen) return;
  pen.strokeStyle = places.ink("--nb-line");
  picture.rows.forEach((_, place) => frame(pen, picture, places, place, most));
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {StripPicture} picture
 * @param {StripPlaces} places
 * @param {number} place
 * @param {number} most The lanes beside the first.
 */
function frame(pen, { from, rows, lanes, stops, marks, head, shown, hovered }, { cell, left, ink }, place, most) {
  const row = rows[place];
  const index = from + place;
  const x = left(place);
  const y = TOP + Math.min(lanes[place] ?? 0, MOST_LANES - 1) * LANE;
  pen.globalAlpha = index > head ? 0.35 : 1;
  if (lanes[place] !== null && most > 0) {
    pen.fillStyle = ink("--nb-faintline");
    for (let other = 0; other <= most; other += 1) pen.fillRect(x, TOP + other * LANE + 4, left(1) - left(0), 1);
  }
  if (!row) {
    pen.fillStyle = ink("--nb-faintline");
    pen.fillRect(x + 1, y, cell - 2, 9);
    return;
  }
  const kind = KINDS[row[1]];
  pen.fillStyle = row[0] < 0 ? ink("--nb-line") : nodeColour(row[0]);
  if (kind === "waiting") {
    pen.lineWidth = 2;
    pen.strokeStyle = ink("--nb-waiting");
    pen.strokeRect(x + 2, y + 1, cell - 4, 7);
  } else if (kind === "mocked" || kind === "skipped") {
    pen.lineWidth = 1.5;
    pen.strokeStyle = pen.fillStyle;
    pen.beginPath();
    pen.roundRect(x + 2, y + 1, cell - 4, 7, 2);
    pen.stroke();
  } else {
    pen.beginPath();
    pen.roundRect(x + 1, y, cell - 2, 9, kind === "exit" || kind === "join" ? 4.5 : 2);
    pen.fill();
  }
  sign(pen, kind, { x, y, cell }, ink);
  if (stops.has(row[0])) dot(pen, x + cell / 2, 3, 2, ink("--nb-failed"));
  const mark = marks.get(index);
  if (mark) dot(pen, x + cell / 2, 3, 2.4, ink(mark.pin ? "--nb-accent" : "--nb-waiting"));
  pen.globalAlpha = 1;
  if (index === shown || index === hovered) {
    pen.lineWidth = index === shown ? 2 : 1;
    pen.strokeStyle = ink(index === shown ? "--nb-text" : "--nb-faint");
    pen.strokeRect(x, y - 1.5, cell, 12);
  }
}

/**
 * A cross for an error, a dot for a decision, a wedge for an edit, a bar where a turn begins;
 * in the empty block of a node that did not run a dot for a mock, a line for what was skipped.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} kind
 * @param {{ x: number, y: number, cell: number }} at
 * @param {(name: string) => string} ink
 */
function sign(pen, kind, { x, y, cell }, ink) {
  if (kind === "error") {
    pen.strokeStyle = ink("--nb-failed");
    pen.lineWidth = 2.4;
    pen.beginPath();
    pen.moveTo(x + 2, y);
    pen.lineTo(x + cell - 2, y + 9);
    pen.moveTo(x + cell - 2, y);
    pen.lineTo(x + 2, y + 9);
    pen.stroke();
  } else if (kind === "decision") {
    dot(pen, x + cell / 2, y + 4.5, 2.4, ink("--nb-bg"));
  } else if (kind === "mocked") {
    dot(pen, x + cell / 2, y + 4.5, 2, ink("--nb-text"));
  } else if (kind === "skipped") {
    pen.fillStyle = ink("--nb-text");
    pen.fillRect(x + cell / 2 - 3, y + 3.75, 6, 1.5);
  } else if (kind === "edit") {
    pen.fillStyle = ink("--nb-accent");
    pen.beginPath();
    pen.moveTo(x + 1, y + 9);
    pen.lineTo(x + cell - 1, y + 9);
    pen.lineTo(x + cell / 2, y);
    pen.fill();
  } else if (kind === "input") {
    pen.fillStyle = ink("--nb-accent");
    pen.fillRect(x + 1, y - 1, 2.4, 11);
  }
}
