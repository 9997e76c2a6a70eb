// @ts-check
/** The picture of a graph as SVG elements: drawn once, then only recoloured. */

import { attr, svg, text } from "../core/dom.js";
import { statusesOf } from "../core/node_status.js";
import { edgeLayer } from "./edge_layer.js";
import { foldButton, metaText, nodeShape, repaint } from "./node_shape.js";

/**
 * @param {Drawing} drawing
 * @param {Outline} outline
 * @param {NodeActs} on What clicks do.
 * @returns {Scene}
 */
export function scene(drawing, outline, on) {
  /** @type {Map<number, NodeShape>} */
  const nodes = new Map();
  /** @type {Map<number, Place>} */
  const places = new Map();
  const boxLayer = svg("g", {});
  const nodeLayer = svg("g", {});
  // Beside the buttons and not in them: a button's name has all the words that are in it.
  const metaLayer = svg("g", { "aria-hidden": "true" });
  const edges = edgeLayer(drawing, places);
  const root = svg("g", {}, boxLayer, edges.layer, edges.dynamic, nodeLayer, metaLayer);

  for (const [number, x, y, w, h] of drawing.boxes ?? []) {
    places.set(number, { x, y, w, h });
    boxLayer.append(svg("rect", { class: "box", x, y, width: w, height: h, rx: 8 }));
    addNode(number, { x, y, w, h: 26 }, true);
  }
  for (const [number, x, y, w, h] of drawing.nodes ?? []) {
    places.set(number, { x, y, w, h });
    addNode(number, { x, y, w, h }, false);
  }

  /**
   * @param {number} number
   * @param {Place} box
   * @param {boolean} open
   */
  function addNode(number, box, open) {
    const node = outline.nodes[number];
    const one = nodeShape(number, node, box, open, on);
    if (one.meta) metaLayer.append(one.meta);
    nodeLayer.append(one.group);
    if (outline.inside.has(number)) nodeLayer.append(foldButton(number, node.path, box, open, on));
    nodes.set(number, one);
  }

  /** Whether a node is in the window. @type {(number: number, inSight: InSight) => boolean} */
  const seen = (number, inSight) => inSight(/** @type {Place} */ (places.get(number)));

  /**
   * Recolour for a standing. Only what differs is touched, words only where they are in sight.
   * @type {Scene["colour"]}
   */
  function colour(standing, stops, inSight, edgeStops) {
    const statusOf = statusesOf(standing, outline);
    for (const [number, one] of nodes) {
      const status = statusOf(number);
      const stop = stops.get(number);
      if (status !== one.status || stop !== one.stop) repaint(one, status, stop);
      const mark = standing.marks.get(number);
      one.visits = mark ? mark[1] : 0;
      one.micros = mark ? mark[2] : 0;
    }
    words(inSight);
    edges.colour(standing, edgeStops);
  }

  /**
   * Take out of the drawing what is out of sight: what is not drawn costs no paint.
   * A node keeps its place and its name, so it can be found and focused anywhere.
   * @param {InSight} inSight
   */
  function cull(inSight) {
    edges.cull(inSight);
    for (const [number, one] of nodes) {
      const far = !seen(number, inSight);
      if (far === one.far) continue;
      one.far = far;
      for (const part of [one.group, one.meta]) if (part) attr(part, "data-far", far ? "true" : null);
    }
    words(inSight);
  }

  /** Bring the small words up to date for the nodes that are in sight. @param {InSight} inSight */
  function words(inSight) {
    for (const [number, one] of nodes) {
      if (one.saidVisits === one.visits && one.saidMicros === one.micros) continue;
      if (!seen(number, inSight)) continue;
      one.saidVisits = one.visits;
      one.saidMicros = one.micros;
      if (one.meta) text(one.meta, metaText(one));
    }
  }

  const { edgeAt, point } = edges;
  return { root, nodes, places, edgeAt, point, colour, cull, width: drawing.width ?? 0, height: drawing.height ?? 0 };
}
