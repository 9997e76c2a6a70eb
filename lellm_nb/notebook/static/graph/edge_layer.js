// @ts-check
/** The edges of a graph: which were taken, which have a breakpoint, and the jumps that no edge stands for. */

import { attr, svg } from "../core/dom.js";
import { around, arrow, distance, middle } from "./curves.js";

/** Kinds of edges that are for a decision: that word stands beside them. */
const DECISIONS = new Set(["timeout", "approve", "reject"]);

/**
 * @param {Drawing} drawing
 * @param {Map<number, Place>} places
 */
export function edgeLayer(drawing, places) {
  const layer = svg("g", {});
  const dynamic = svg("g", { class: "dynamic" });
  /** @type {Way[]} */
  const ways = [];
  /** The edges of each `"a b"`, and whether they are drawn as taken. @type {Map<string, { edges: SVGElement[], taken?: boolean }>} */
  const pairs = new Map();
  /** What is said of edges, by where it stands. @type {Map<string, SVGElement>} */
  const words = new Map();
  /** The edge under the pointer. @type {SVGElement | null} */
  let pointed = null;

  for (const [a, b, kind, numbers] of drawing.edges ?? []) {
    if (!numbers.length) continue;
    const decides = DECISIONS.has(kind);
    const one = arrow(numbers, `edge edge-${kind}${decides ? " edge-decision" : ""}`);
    if (decides) sayAt(one, numbers, kind);
    layer.append(one);
    ways.push({ one, a, b, kind, numbers, box: around(numbers), far: false, stop: "", dot: null });
    const pair = pairs.get(`${a} ${b}`) ?? { edges: [] };
    pair.edges.push(one);
    pairs.set(`${a} ${b}`, pair);
  }

  /**
   * @param {Standing} standing
   * @param {EdgeStopRow[]} stops
   */
  function colour(standing, stops) {
    for (const [key, pair] of pairs) {
      const taken = standing.taken.has(key);
      if (taken === pair.taken) continue;
      pair.taken = taken;
      for (const one of pair.edges) attr(one, "data-taken", taken ? "true" : null);
    }
    const stopped = marksOf(stops);
    for (const way of ways) markStop(way, stopped.get(`${way.a} ${way.b}`) ?? "");
    let seen = "";
    for (const key of standing.taken.keys()) if (!pairs.has(key)) seen += `${key},`;
    if (dynamic.dataset.keys !== seen) {
      dynamic.dataset.keys = seen;
      dynamic.replaceChildren(...seen.split(",").filter(Boolean).map(jump).filter((one) => one !== null));
    }
  }

  /**
   * @param {Way} way
   * @param {string} stop
   */
  function markStop(way, stop) {
    if (stop === way.stop) return;
    way.stop = stop;
    way.dot?.remove();
    way.dot = stop ? dotOf(way.numbers, stop === "refused") : null;
    if (way.dot) way.one.append(way.dot);
    attr(way.one, "data-stop", stop || null);
  }

  /**
   * Say what an edge is for; where another one of its ends lies on it, beside what that says.
   * @param {SVGElement} one
   * @param {number[]} numbers
   * @param {string} word
   */
  function sayAt(one, numbers, word) {
    const { cx, cy } = middle(numbers);
    const said = words.get(`${cx} ${cy}`);
    if (said) return said.append(`, ${word}`);
    const text = svg("text", { class: "edge-word", x: cx, y: cy, dy: "0.35em", "aria-hidden": "true" }, word);
    words.set(`${cx} ${cy}`, text);
    one.append(text);
  }

  /** A way that was gone without an edge being there, as goto does. @param {string} key */
  function jump(key) {
    const [a, b] = key.split(" ").map((number) => places.get(Number(number)));
    if (!a || !b) return null;
    const start = [a.x + a.w, a.y + a.h / 2];
    const end = [b.x + b.w, b.y + b.h / 2];
    const out = Math.max(start[0], end[0]) + 34;
    return arrow([...start, out, start[1], out, end[1], ...end], "edge edge-seen");
  }

  /** Take out of the drawing what is out of sight. @param {InSight} inSight */
  function cull(inSight) {
    for (const way of ways) {
      const far = !inSight(way.box);
      if (far !== way.far) attr(way.one, "data-far", (way.far = far) ? "true" : null);
    }
  }

  /**
   * The way that passes within `near` of a point, or null.
   * @param {number} x
   * @param {number} y
   * @param {number} near
   */
  function edgeAt(x, y, near) {
    /** @type {Way | null} */
    let best = null;
    let least = near;
    for (const way of ways) {
      const { box } = way;
      if (way.far || x < box.x - near || x > box.x + box.w + near || y < box.y - near || y > box.y + box.h + near) continue;
      const far = distance(way.numbers, x, y);
      if (far < least) [least, best] = [far, way];
    }
    return best;
  }

  /** Show one edge as the one under the pointer. @param {SVGElement | null} one */
  function point(one) {
    if (one === pointed) return;
    if (pointed) attr(pointed, "data-pointed", null);
    if (one) attr(one, "data-pointed", "true");
    pointed = one;
  }

  return { layer, dynamic, colour, cull, edgeAt, point };
}

/**
 * What is drawn on each edge with stops, of several the one that says the most.
 * @param {EdgeStopRow[]} stops
 */
function marksOf(stops) {
  /** @type {Map<string, string>} */
  const marks = new Map();
  const rank = ["off", "refused", "on"];
  for (const [a, b, enabled, refused] of stops) {
    const word = !enabled ? "off" : refused ? "refused" : "on";
    const known = marks.get(`${a} ${b}`) ?? "";
    if (rank.indexOf(word) > rank.indexOf(known)) marks.set(`${a} ${b}`, word);
  }
  return marks;
}

/**
 * The dot of a stop; one that stops where the edge is refused has a bar in it.
 * @param {number[]} numbers
 * @param {boolean} refused
 */
function dotOf(numbers, refused) {
  const { cx, cy } = middle(numbers);
  const bar = refused ? svg("path", { class: "stop-bar", d: `M${Number(cx) - 2.6} ${cy}h5.2` }) : null;
  return svg("g", { class: "stop" }, svg("circle", { cx, cy, r: refused ? 5.5 : 4.5 }), bar);
}
