// @ts-check
/** The region with the graph: the picture of the run, the way into its levels, breakpoints by click. */

import { breadcrumbs } from "./breadcrumbs.js";
import { attr, debounced, el, svg, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { edgePointer } from "./edge_pointer.js";
import { nodeFocus } from "./node_focus.js";
import { scene } from "./scene.js";
import { stopMarks } from "./stop_marks.js";
import { viewport } from "./viewport.js";

/**
 * @param {Store} store
 * @param {{ onNode: (number: number) => void }} on
 */
export function graph(store, { onNode }) {
  const hold = svg("g", {});
  const canvas = svg("svg", { class: "canvas" }, hold);
  const hint = el("div", { class: "empty graph-hint" }, "drawing the graph …");
  /** @type {Scene | null} */
  let drawn = null;
  /** The drawing that is shown. @type {Drawing | null} */
  let source = null;
  /** A level that is to be shown as soon as it is drawn open. @type {number | null} */
  let wanted = null;
  const view = viewport(canvas, hold, () => drawn);
  const trail = breadcrumbs(store, { go });
  const stops = stopMarks(store, draw);
  const root = el("section", { class: "graph", role: "region", "aria-label": "Graph" }, trail.root, canvas, hint, tools(view));
  const focus = nodeFocus(root, () => drawn, { open: onNode, stop: stops.toggle, reveal: view.reveal });
  root.append(edgePointer(store, canvas, () => drawn, view).root);

  /** @type {NodeActs} */
  const acts = {
    body: onNode,
    rim: stops.toggle,
    fold: (number, open) => {
      trail.folded(number, open);
      store.send({ do: "open", node: number, open });
    },
  };

  function draw() {
    const drawing = store.model.get("drawing");
    if (drawing !== source && drawing?.nodes) begin(drawing);
    if (!drawn) return;
    const standing = store.standing();
    attr(root, "data-saved", store.saved ? "true" : null);
    drawn.colour(standing, stops.marks(), view.inSight, store.head.edge_stops ?? []);
    focus.lead(shownAt(drawn, standing));
    follow(standing);
    trail.draw(standing);
  }

  /** Show another drawing. @param {Drawing} drawing */
  function begin(drawing) {
    source = drawing;
    drawn = scene(drawing, store.outline, acts);
    hold.replaceChildren(drawn.root);
    visible(hint, false);
    focus.begin(drawn);
    view.settle();
    view.fit(false);
    if (wanted !== null && opened(wanted)) go(wanted);
  }

  const opened = (/** @type {number} */ number) => (source?.boxes ?? []).some(([box]) => box === number);

  /** Show a level as big as it fits: -1 is the whole graph. One that is closed is opened first. @param {number} number */
  function go(number) {
    wanted = null;
    if (number < 0) view.fit(true);
    else if (opened(number)) fitTo(number);
    else if (!store.saved) {
      wanted = number;
      for (let up = number; up >= 0 && !opened(up); up = store.outline.nodes[up].parent) store.send({ do: "open", node: up, open: true });
    } else {
      // A saved picture stays as it is: what the level is drawn inside of is as near as it gets.
      let up = number;
      while (up >= 0 && !drawn?.places.has(up)) up = store.outline.nodes[up].parent;
      fitTo(up);
    }
    trail.draw(store.standing());
  }

  /** @param {number} number */
  function fitTo(number) {
    const place = drawn?.places.get(number);
    if (place) view.fitTo(place);
  }

  /**
   * The node the frame on show is of, in the past; at the head a node that is next.
   * @param {Scene} picture
   * @param {Standing} standing
   */
  function shownAt({ nodes }, standing) {
    if (store.looking !== null || !standing.current.size) return nodes.get(store.row(store.shown)?.[0] ?? -1)?.group;
    for (const number of standing.current) {
      const one = nodes.get(number);
      if (one && !store.outline.inside.has(number)) return one.group;
    }
    return null;
  }

  /** Keep what is current in sight, unless the reader has chosen the place. @param {Standing} standing */
  function follow(standing) {
    if (view.moved || !standing.current.size) return;
    // While frames are scrubbed through, the picture stands still.
    if (store.looking === null) view.reveal(standing.current);
    else settle();
  }

  const settle = debounced(() => {
    if (!view.moved) view.reveal(store.standing().current);
  }, 150);

  const watcher = new ResizeObserver(() => {
    view.measure();
    if (view.moved) return;
    view.fit(false);
    if (drawn) follow(store.standing());
  });
  watcher.observe(canvas);

  return { root, draw, toggle: stops.toggle, uncover: view.uncover, close: () => watcher.disconnect() };
}

/** The buttons over the graph. @param {{ zoom: (by: number) => void, fit: (chosen: boolean) => void }} view */
function tools(view) {
  const tool = (/** @type {string} */ name, /** @type {string} */ picture, /** @type {() => void} */ act) =>
    el("button", { type: "button", class: "quiet", "aria-label": name, title: name, onclick: act }, icon(picture, 14));
  return el(
    "div",
    { class: "graph-tools" },
    tool("Zoom in", "plus", () => view.zoom(1.25)),
    tool("Zoom out", "minus", () => view.zoom(0.8)),
    tool("Show all", "fit", () => view.fit(true)),
  );
}
