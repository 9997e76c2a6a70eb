// @ts-check
/** Where in a nest of graphs the reader is: a trail of levels, each a button that leads there. */

import { attr, el, focused, visible } from "../core/dom.js";

/**
 * `go` is called with the number of a composite, or with -1 for the whole graph.
 * @param {Store} store
 * @param {{ go: (number: number) => void }} on
 */
export function breadcrumbs(store, { go }) {
  const list = el("ol", {});
  const root = el("nav", { class: "crumbs", "aria-label": "Breadcrumb", hidden: true }, list);
  let drawn = "";
  let stood = "";
  /** @type {number[]} */
  let known = [];
  /** The level that was asked for last, until the run goes elsewhere. @type {number | null} */
  let chosen = null;

  const parent = (/** @type {number} */ number) => store.outline.nodes[number]?.parent ?? -1;

  /** The composites a node stands in, the outermost first. @param {number} number */
  function around(number) {
    /** @type {number[]} */
    const way = [];
    for (let up = parent(number); up >= 0; up = parent(up)) way.unshift(up);
    return way;
  }

  /** The level of the frame on show: of all nodes that are current, the innermost they share. @param {Standing} standing */
  function here(standing) {
    if (store.looking !== null) {
      const row = store.row(store.shown);
      return row ? around(row[0]) : known;
    }
    const ways = [...standing.current].map(around);
    const [first, ...others] = ways.length ? ways : [[]];
    return first.filter((number, at) => others.every((way) => way[at] === number));
  }

  /** @param {Standing} standing */
  function draw(standing) {
    const nested = store.outline.inside.size > 0;
    visible(root, nested);
    if (!nested) return;
    known = here(standing);
    if (known.join() !== stood) {
      stood = known.join();
      chosen = null;
    }
    const inside = chosen === null || chosen < 0 || known.includes(chosen);
    const trail = inside || chosen === null ? known : [...around(chosen), chosen];
    const on = chosen ?? trail.at(-1) ?? -1;
    const sketch = `${store.outline.name} ${trail} ${on}`;
    if (sketch === drawn) return;
    drawn = sketch;
    const held = [...list.children].findIndex((item) => item.contains(focused(list)));
    list.replaceChildren(...[-1, ...trail].map((number) => crumb(number, number === on)));
    list.querySelectorAll("button")[Math.min(held, trail.length)]?.focus({ preventScroll: true });
    list.scrollLeft = list.scrollWidth;
  }

  /**
   * @param {number} number
   * @param {boolean} on
   */
  function crumb(number, on) {
    const node = store.outline.nodes[number];
    const button = el("button", { type: "button", class: "crumb", title: node ? `Show ${node.path}` : "Show the whole graph", onclick: () => {
      chosen = number;
      drawn = "";
      go(number);
    } }, node?.name ?? store.outline.name);
    attr(button, "aria-current", on ? "location" : null);
    return el("li", {}, button);
  }

  /**
   * A composite was opened in place, or closed.
   * @param {number} number
   * @param {boolean} open
   */
  function folded(number, open) {
    chosen = open ? number : parent(number);
  }

  return { root, draw, folded };
}
