// @ts-check
/** The panel's own pictures, 16 by 16, drawn in the colour of the text. */

import { svg } from "./dom.js";
import { VERB_ROWS } from "./verb_table.js";

/** @type {Record<string, string>} */
const PATHS = {
  ...Object.fromEntries(VERB_ROWS.filter((verb) => verb.icon).map((verb) => [verb.name, verb.icon])),
  now: "M3.5 3.5l5 4.5-5 4.5zM12 3.5v9",
  close: "M4 4l8 8M12 4l-8 8",
  help: "M6 6a2 2 0 1 1 2.8 1.8c-.6.3-.8.7-.8 1.4M8 12.2h.01",
  fit: "M2.8 6V2.8H6M10 2.8h3.2V6M13.2 10v3.2H10M6 13.2H2.8V10",
  plus: "M8 3.5v9M3.5 8h9",
  minus: "M3.5 8h9",
  who: "M8 8.2a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2M3.2 13.2c.4-2.4 2.3-3.6 4.8-3.6s4.4 1.2 4.8 3.6",
  edit: "M3 13l.6-2.8 7-7 2.2 2.2-7 7zM9.2 4.6l2.2 2.2",
  find: "M7 11.4a4.4 4.4 0 1 0 0-8.8 4.4 4.4 0 0 0 0 8.8M10.4 10.4l3 3",
  pin: "M6 2.8h4M6.6 2.8v4L4.4 9.2h7.2L9.4 6.8v-4M8 9.2v4.2",
  note: "M3.2 2.8h9.6v7.4l-3 3H3.2zM5.4 5.6h5.2M5.4 8h3.4",
  history: "M3 8h2.4l1.8-4 2.4 8 1.6-4H13",
  stopmark: "M8 12.6a4.6 4.6 0 1 0 0-9.2 4.6 4.6 0 0 0 0 9.2",
  open: "M4.5 6.2l3.5 3.6 3.5-3.6",
  closed: "M6.2 4.5l3.6 3.5-3.6 3.5",
  task: "M3.5 4.5h9v7h-9z",
  condition: "M8 2.8l5.2 5.2-5.2 5.2-5.2-5.2z",
  barrier: "M5.4 2.6h5.2l2.8 2.8v5.2l-2.8 2.8h-5.2l-2.8-2.8v-5.2z",
  parallel: "M3 4h10m-10 4h10m-10 4h10",
  map: "M3 4h1.6m-1.6 4h1.6m-1.6 4h1.6m2.4-8h6m-6 4h6m-6 4h6",
  subgraph: "M2.8 2.8h6v6h-6zm4.4 4.4h6v6h-6z",
  check: "M3.4 8.4l3 3 6.2-6.6",
  cross: "M4.2 4.2l7.6 7.6m0-7.6l-7.6 7.6",
};

const FILLED = new Set(["now", ...VERB_ROWS.filter((verb) => verb.filled).map((verb) => verb.name)]);

/**
 * @param {string} name A verb's, or one of the pictures above.
 * @param {number} size
 */
export function icon(name, size = 16) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", width: size, height: size, "aria-hidden": "true", class: "icon" },
    svg("path", { d: PATHS[name], class: FILLED.has(name) ? "filled" : undefined }),
  );
}

/**
 * A picture's path at a place of its own, `k` times its size. Only for pictures that go on by
 * relative steps. It needs no `transform`: a thousand of those make every paint slow.
 * @param {string} name
 * @param {number} x
 * @param {number} y
 */
export function iconPath(name, x, y, k = 1) {
  let seen = 0;
  return (PATHS[name] ?? PATHS.task).replaceAll(/-?\d*\.?\d+/g, (number) => {
    const from = [x, y][seen++] ?? 0;
    const made = (Number(number) * k + from).toFixed(1);
    return seen > 2 || seen === 2 ? ` ${made}` : made;
  });
}
