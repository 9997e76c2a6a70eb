// @ts-check
/** Paths of Bézier curves, told as a row of numbers: x, y of a start, then three points for each curve. */

import { svg } from "../core/dom.js";

/**
 * The box around a curve: it never leaves the one around its points.
 * @param {number[]} numbers
 * @returns {Place}
 */
export function around(numbers) {
  const xs = numbers.filter((_, place) => place % 2 === 0);
  const ys = numbers.filter((_, place) => place % 2 === 1);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}

/**
 * A point on a path: which curve, and how far along it.
 * @param {number[]} numbers
 * @param {number} at
 * @param {number} t
 */
function along(numbers, at, t) {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = numbers.slice(at, at + 8);
  const u = 1 - t;
  const mix = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ c, /** @type {number} */ d) =>
    u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
  return [mix(x0, x1, x2, x3), mix(y0, y1, y2, y3)];
}

/** The middle of a path, as the centre of a circle. @param {number[]} numbers */
export function middle(numbers) {
  const curves = Math.max(1, (numbers.length - 2) / 6);
  const at = 6 * Math.floor((curves - 1) / 2);
  const [cx, cy] = along(numbers, at, curves % 2 ? 0.5 : 1);
  return { cx: cx.toFixed(1), cy: cy.toFixed(1) };
}

/**
 * How far a point is from a path.
 * @param {number[]} numbers
 * @param {number} x
 * @param {number} y
 */
export function distance(numbers, x, y) {
  let least = Infinity;
  for (let at = 0; at + 8 <= numbers.length; at += 6) {
    let [px, py] = along(numbers, at, 0);
    for (let t = 0.125; t <= 1; t += 0.125) {
      const [qx, qy] = along(numbers, at, t);
      const length = (qx - px) ** 2 + (qy - py) ** 2 || 1;
      const share = Math.max(0, Math.min(1, ((x - px) * (qx - px) + (y - py) * (qy - py)) / length));
      least = Math.min(least, Math.hypot(x - px - share * (qx - px), y - py - share * (qy - py)));
      [px, py] = [qx, qy];
    }
  }
  return least;
}

/**
 * Draw a path with an arrow at its end.
 * @param {number[]} numbers
 * @param {string} name
 */
export function arrow(numbers, name) {
  const [x, y, ...rest] = numbers;
  const [ex, ey] = numbers.slice(-2);
  // The point the curve comes from; a control point may lie on the end itself.
  let at = numbers.length - 4;
  while (at > 0 && Math.hypot(numbers[at] - ex, numbers[at + 1] - ey) < 1) at -= 2;
  const far = Math.hypot(ex - numbers[at], ey - numbers[at + 1]) || 1;
  const [dx, dy] = [(ex - numbers[at]) / far, (ey - numbers[at + 1]) / far];
  const corner = (/** @type {number} */ side) => `${(ex - 7 * dx - side * 3.4 * dy).toFixed(1)} ${(ey - 7 * dy + side * 3.4 * dx).toFixed(1)}`;
  return svg(
    "g",
    { class: name },
    svg("path", { class: "way", d: `M${x} ${y}C${rest.join(" ")}` }),
    svg("path", { class: "tip", d: `M${ex} ${ey}L${corner(1)}L${corner(-1)}z` }),
  );
}
