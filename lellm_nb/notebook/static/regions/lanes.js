// @ts-check
/** The other lines of the tree, a lane for each: a click shows that line. */

import { attr, el, text } from "../core/dom.js";
import { EDGE, paintOther } from "./line_paint.js";

const MOST_LINES = 6;

/** @typedef {import("./line_paint.js").Ink} Ink */
/** @typedef {import("./line_paint.js").Span} Span */
/** @typedef {{ root: HTMLElement, picture: HTMLCanvasElement, said: HTMLElement, row: LineRow }} Lane */

/**
 * @param {Store} store
 * @param {{ root: HTMLElement, own: HTMLElement, label: HTMLElement, span: () => Span }} given
 * The lane of the line on show and its label, and what the width stands for.
 */
export function lanes(store, { root, own, label, span }) {
  const holder = el("div", { class: "lanes" }, own);
  /** @type {Map<string, Lane>} */
  const others = new Map();

  /** Bring the lanes up to date: the line on show has others near it in the tree beside it. */
  function draw() {
    const tree = store.head.tree ?? [];
    const many = tree.length > 1;
    attr(root, "data-lines", many ? "true" : null);
    text(label, many ? store.head.line : "Frame");
    label.title = many ? store.head.line : "";
    const mine = tree.findIndex((row) => row[0] === store.head.line);
    const first = Math.max(0, Math.min(mine - 2, tree.length - MOST_LINES));
    const near = many ? tree.slice(first, first + MOST_LINES) : [];
    const names = new Set(near.map((row) => row[0]));
    for (const [name, one] of others) {
      if (names.has(name) && name !== store.head.line) continue;
      one.root.remove();
      others.delete(name);
    }
    near.forEach((row, place) => {
      const shown = row[0] === store.head.line ? own : other(row).root;
      shown.style.order = String(place);
    });
  }

  /** The lane of another line, with its row as it is now. @param {LineRow} row */
  function other(row) {
    const one = others.get(row[0]) ?? lane(row);
    one.row = row;
    others.set(row[0], one);
    return one;
  }

  /** @param {LineRow} row */
  function lane(row) {
    const name = row[0];
    const show = (/** @type {number | null} */ frame) => store.send({ do: "line", line: name, frame, by: store.me, n: 0 });
    const button = el("button", { type: "button", class: "lane-name", "aria-label": `Show line ${name}`, onclick: () => show(null) }, name);
    const picture = el("canvas", { class: "ticks", "aria-hidden": "true" });
    const bar = el("div", { class: "track track-other" }, picture);
    const said = el("span", { class: "where faint", "aria-hidden": "true" });
    /** @type {Lane} */
    const one = { root: el("div", { class: "lane" }, button, bar, said), picture, said, row };
    bar.addEventListener("click", (event) => {
      const box = bar.getBoundingClientRect();
      const { width, whole } = span();
      const at = Math.round(((event.clientX - box.left - EDGE) / (width - 2 * EDGE)) * whole);
      show(Math.max(0, Math.min(at, one.row[3] - 1)));
    });
    holder.append(one.root);
    return one;
  }

  /**
   * @param {Ink} ink
   * @param {Span} wide
   */
  function paint(ink, wide) {
    for (const { picture, said, row } of others.values()) {
      paintOther(picture, row, ink, wide);
      const end = row[3] - 1;
      text(said, end > wide.whole ? `→ ${end.toLocaleString("en")}` : end.toLocaleString("en"));
      said.title = row[4];
    }
  }

  return { holder, draw, paint };
}
