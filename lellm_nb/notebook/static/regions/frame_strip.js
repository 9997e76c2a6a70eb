// @ts-check
/** The frames around the one on show, one by one: colour by node, a lane for each parallel branch. */

import { colour, duration, el, text, visible } from "../core/dom.js";
import { KINDS } from "../core/node_status.js";
import { FANS } from "../core/outline.js";
import { paintStrip } from "./strip_paint.js";

/** Width of a frame where there are too many for the width, and at most. */
const SMALLEST = 12;
const WIDEST = 14;

/** @param {Store} store */
export function strip(store) {
  const canvas = el("canvas", { class: "strip-canvas", "aria-hidden": "true" });
  const tip = el("div", { class: "strip-tip", "aria-hidden": "true", hidden: true });
  const root = el("div", { class: "strip" }, canvas, tip);
  let wide = 0;
  let cell = SMALLEST;
  /** Where a frame begins; with room for all, below its tick on the rail. */
  let left = (/** @type {number} */ place) => 2 + place * cell;
  /** The frames on show and their rows, as far as they are at hand. @type {{ from: number, to: number, rows: (FrameRow | null)[] } | null} */
  let shown = null;
  let sketch = "";
  let hovered = -1;
  /** @type {Map<string, string>} */
  let inks = new Map();

  /** A colour of the theme, asked for once: asking makes the page work out its styles. @param {string} name */
  function ink(name) {
    const found = inks.get(name) ?? colour(root, name);
    inks.set(name, found);
    return found;
  }

  /** @param {(index: number) => number} [rail] Where a frame stands on the rail above, where that is known. */
  function draw(rail) {
    const count = store.head.count;
    const fits = Math.max(1, Math.floor((wide - 4) / SMALLEST));
    if (rail) {
      const spacing = rail(1) - rail(0);
      const under = spacing >= SMALLEST;
      cell = under ? Math.min(WIDEST, spacing) : SMALLEST;
      left = under ? (place) => rail(place) - cell / 2 : (place) => 2 + place * cell;
    }
    visible(root, count > 1);
    if (!wide || count < 2) return;
    let from = 0;
    if (count > fits) from = Math.max(0, Math.min(count - fits, store.shown - Math.floor(fits / 2)));
    const to = Math.min(count, from + fits);
    const rows = [];
    for (let index = from; index < to; index += 1) rows.push(store.row(index));
    const stops = new Set((store.head.breakpoints ?? []).map(([number]) => number));
    const marks = store.marks();
    const now = JSON.stringify([wide, cell, left(1), from, to, store.shown, store.head.head, hovered, [...stops], [...marks.keys()],
      rows.map((row) => (row ? row[0] * 10 + row[1] : -1))]);
    if (now === sketch) return;
    sketch = now;
    shown = { from, to, rows };
    const lanes = rows.map((row) => (row ? branchOf(store.outline, row[0]) : null));
    paintStrip(canvas, { from, rows, lanes, stops, marks, head: store.head.head, shown: store.shown, hovered }, { wide, cell, left, ink });
  }

  /** @param {MouseEvent} event */
  function indexAt(event) {
    if (!shown) return -1;
    const x = event.clientX - canvas.getBoundingClientRect().left;
    const place = Math.round((x - left(0) - cell / 2) / (left(1) - left(0)));
    return place >= 0 && place < shown.to - shown.from ? shown.from + place : -1;
  }

  canvas.addEventListener("click", (event) => {
    const index = indexAt(event);
    if (index >= 0) store.look(index);
  });
  canvas.addEventListener("pointermove", (event) => {
    hovered = indexAt(event);
    const row = shown && hovered >= 0 ? shown.rows[hovered - shown.from] : null;
    visible(tip, Boolean(row));
    if (shown && row) {
      const node = store.outline.nodes[row[0]];
      const note = store.marks().get(hovered)?.note;
      text(tip, [`frame ${hovered}`, node?.path ?? (KINDS[row[1]] === "input" ? "" : "start"), KINDS[row[1]], row[3] ? duration(row[3] / 1000) : "", note ?? ""].filter(Boolean).join(" · "));
      tip.style.left = `${Math.max(0, Math.min(wide - 220, left(hovered - shown.from)))}px`;
    }
    draw();
  });
  canvas.addEventListener("pointerleave", () => {
    hovered = -1;
    visible(tip, false);
    draw();
  });

  return {
    root, draw,
    /** @param {number} width */
    resize(width) {
      wide = width;
      draw();
    },
    recolour() {
      inks = new Map();
      sketch = "";
      draw();
    },
  };
}

/**
 * The place of a node's branch in the outermost parallel around it, or null.
 * @param {Outline} outline
 * @param {number} number
 */
function branchOf({ nodes }, number) {
  let found = null;
  for (let at = number; at >= 0 && nodes[at]; at = nodes[at].parent) {
    const up = nodes[at].parent;
    if (up >= 0 && FANS.has(nodes[up].kind)) found = nodes[at].place;
  }
  return found;
}
