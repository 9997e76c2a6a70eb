/** The region with the graph: pan, zoom, breakpoints by click, cards of nodes. */

import { crumbs } from "./breadcrumbs.js";
import { attr, debounced, el, focused, svg, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { scene } from "./scene.js";

const MARGIN = 18;
/** Room at the top for the ribbon, so that it never covers a node at rest. */
const ABOVE = 44;
/** In less height than this every pixel is the graph's. */
const ROOMY = 260;
const LARGEST = 1.15;
/** A level that was asked for may come nearer. */
const CLOSE = 1.6;
/** Below `FULL` a node has its name alone, in larger letters; below `READABLE` not even that is read. */
const FULL = 0.72;
const READABLE = 0.42;

export function graph(store, { onNode }) {
  const hold = svg("g", {});
  const canvas = svg("svg", { class: "canvas" }, hold);
  const hint = el("div", { class: "empty graph-hint" }, "drawing the graph …");
  const tool = (name, picture, act) =>
    el("button", { type: "button", class: "quiet", "aria-label": name, title: name, onclick: act }, icon(picture, 14));
  const tools = el(
    "div",
    { class: "graph-tools" },
    tool("Zoom in", "plus", () => zoom(1.25)),
    tool("Zoom out", "minus", () => zoom(0.8)),
    tool("Show all", "fit", () => fit(0.02)),
  );
  const trail = crumbs(store, { go });
  const root = el("section", { class: "graph", role: "region", "aria-label": "Graph" }, trail.root, canvas, hint, tools);
  const words = el("div", { class: "edge-words", "aria-hidden": "true", hidden: true });
  root.append(words);
  let drawn = null;
  let source = null;
  let view = { x: 0, y: 0, k: 1 };
  /** The size of the window, as last told: asking for it costs a layout. */
  let size = { w: 0, h: 0 };
  let moved = false;
  let culling = null;
  let focusable = null;
  /** A level that is to be shown as soon as it is drawn open. */
  let wanted = null;
  const optimistic = new Map();

  const on = {
    body: onNode,
    rim: toggle,
    fold: (number, open) => {
      trail.folded(number, open);
      store.send({ do: "open", node: number, open });
    },
  };

  function draw() {
    const drawing = store.model.get("drawing");
    if (drawing !== source && drawing?.nodes) {
      source = drawing;
      drawn = scene(drawing, store.outline, on);
      hold.replaceChildren(drawn.root);
      visible(hint, false);
      for (const { group } of drawn.nodes.values()) {
        group.addEventListener("focus", () => rove(group));
      }
      focusable = null;
      moved = false;
      fit();
      if (wanted !== null && opened(wanted)) go(wanted);
    }
    if (!drawn) return;
    const standing = store.standing();
    attr(root, "data-saved", store.saved ? "true" : null);
    drawn.colour(standing, stops(), inSight, store.head.edge_stops ?? []);
    // Tab leads to what is on show, unless the reader is in the graph already.
    if (!focusable?.matches(":focus")) rove(shownAt(standing) ?? focusable ?? drawn.nodes.values().next().value?.group);
    follow(standing);
    trail.draw(standing);
  }

  const opened = (number) => (source?.boxes ?? []).some(([box]) => box === number);

  /** Show a level as big as it fits: -1 is the whole graph. One that is closed is opened first. */
  function go(number) {
    wanted = null;
    if (number < 0) fit(0.02);
    else if (opened(number)) fitTo(drawn.places.get(number));
    else if (!store.saved) {
      wanted = number;
      for (let up = number; up >= 0 && !opened(up); up = store.outline.nodes[up].parent) store.send({ do: "open", node: up, open: true });
    } else {
      // A saved picture stays as it is: what the level is drawn inside of is as near as it gets.
      let up = number;
      while (up >= 0 && !drawn.places.has(up)) up = store.outline.nodes[up].parent;
      if (up >= 0) fitTo(drawn.places.get(up));
    }
    trail.draw(store.standing());
  }

  /** Breakpoints by node: "on" or "off" before it, "after" where one stops after it, or both. */
  function stops() {
    const result = new Map();
    const put = (number, after, word) => {
      const known = result.get(number) ?? "";
      result.set(number, after ? `${known} after`.trim() : `${word} ${known}`.trim());
    };
    const there = new Set();
    for (const [number, enabled, after] of store.head.breakpoints ?? []) {
      const key = `${number} ${Boolean(after)}`;
      there.add(key);
      if (optimistic.get(key) !== false) put(number, after, enabled ? "on" : "off");
    }
    for (const [key, wanted] of optimistic) {
      if (there.has(key) === wanted) optimistic.delete(key);
      else if (wanted) put(Number(key.split(" ")[0]), key.endsWith("true"), "on");
    }
    return result;
  }

  /** Toggle a breakpoint: shown at once, and by Python's word afterwards. */
  function toggle(number, after = false) {
    if (store.saved) return;
    const key = `${number} ${after}`;
    const set = (stops().get(number) ?? "").split(" ");
    optimistic.set(key, after ? !set.includes("after") : !(set.includes("on") || set.includes("off")));
    // If Python refuses, what it says stands again.
    setTimeout(() => {
      optimistic.delete(key);
      draw();
    }, 2000);
    store.send({ do: "breakpoint", node: number, after });
    draw();
  }

  /** The node the frame on show is of, in the past; at the head a node that is next. */
  function shownAt(standing) {
    if (store.looking !== null || !standing.current.size) return drawn.nodes.get(store.row(store.shown)?.[0])?.group;
    for (const number of standing.current) {
      if (drawn.nodes.has(number) && !store.outline.inside.has(number)) return drawn.nodes.get(number).group;
    }
    return null;
  }

  function rove(group) {
    if (!group || group === focusable) return;
    if (focusable) attr(focusable, "tabindex", -1);
    attr(group, "tabindex", 0);
    focusable = group;
  }

  root.addEventListener("keydown", (event) => {
    const number = numberOf(focused(root));
    if (number === null) return;
    if (event.key === "b" || event.key === "B") toggle(number, event.shiftKey);
    else if (event.key === "Enter" || event.key === " ") onNode(number);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const all = [...drawn.nodes.keys()].sort((a, b) => a - b);
      const next = all[all.indexOf(number) + (event.key === "ArrowDown" ? 1 : -1)];
      if (next !== undefined) {
        drawn.nodes.get(next).group.focus({ preventScroll: true });
        reveal([next]);
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function numberOf(element) {
    if (!drawn) return null;
    for (const [number, { group }] of drawn.nodes) if (group === element) return number;
    return null;
  }

  /** Whether a place in the drawing is in the window, or nearly. */
  function inSight({ x, y, w, h }) {
    const left = view.x + x * view.k;
    const top = view.y + y * view.k;
    const room = 60;
    return (
      left < size.w + room && left + w * view.k > -room &&
      top < size.h + room && top + h * view.k > -room
    );
  }

  function apply() {
    culling ??= requestAnimationFrame(() => {
      culling = null;
      drawn?.cull(inSight);
    });
    attr(canvas, "data-small", view.k < FULL && view.k > 0.8 * READABLE ? "true" : null);
    attr(hold, "transform", `translate(${view.x.toFixed(2)} ${view.y.toFixed(2)}) scale(${view.k.toFixed(4)})`);
  }

  function above() {
    return size.h < ROOMY ? MARGIN : ABOVE;
  }

  function fit(smallest = READABLE) {
    const { w, h } = size;
    if (!drawn || !w || !h || !drawn.width) return;
    const k = Math.min(LARGEST, (w - 2 * MARGIN) / drawn.width, (h - above() - MARGIN) / drawn.height);
    // What can't be read whole is read in part, and then in full.
    view.k = k < smallest ? FULL : k;
    view.x = (w - drawn.width * view.k) / 2;
    view.y = Math.max((h - drawn.height * view.k) / 2, above());
    moved = smallest !== READABLE;
    apply();
  }

  function fitTo({ x, y, w, h }) {
    view.k = Math.max(0.02, Math.min(CLOSE, (size.w - 2 * MARGIN) / w, (size.h - above() - MARGIN) / h));
    view.x = (size.w - w * view.k) / 2 - x * view.k;
    view.y = Math.max((size.h - h * view.k) / 2, above()) - y * view.k;
    moved = true;
    apply();
  }

  function zoom(by, at = [size.w / 2, size.h / 2]) {
    const k = Math.max(0.02, Math.min(3, view.k * by));
    view.x = at[0] - ((at[0] - view.x) * k) / view.k;
    view.y = at[1] - ((at[1] - view.y) * k) / view.k;
    view.k = k;
    moved = true;
    apply();
  }

  /** Keep what is current in sight, unless the reader has chosen the place. */
  function follow(standing) {
    if (moved || !standing.current.size) return;
    // While frames are scrubbed through, the picture stands still.
    if (store.looking === null) reveal(standing.current);
    else settle();
  }

  const settle = debounced(() => {
    if (!moved) reveal(store.standing().current);
  }, 150);

  function reveal(numbers) {
    for (const number of numbers) {
      const place = drawn.places.get(number);
      if (!place) continue;
      const x = view.x + (place.x + place.w / 2) * view.k;
      const y = view.y + (place.y + place.h / 2) * view.k;
      const { w, h } = size;
      if (x > 30 && x < w - 30 && y > 20 && y < h - 20) return;
      view.x += w / 2 - x;
      view.y += h / 2 - y;
      apply();
      return;
    }
  }

  /** Move the picture so far that a node is not under what lies over it. */
  function uncover(number, over) {
    const place = drawn?.places.get(number);
    if (!place) return;
    const { offsetLeft: left, offsetTop: top, hidden } = over;
    const x = view.x + place.x * view.k;
    const right = x + place.w * view.k;
    if (hidden || right < left || view.y + (place.y + place.h) * view.k < top) return;
    view.x -= Math.min(right - left + 10, Math.max(0, x - 10));
    apply();
  }

  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 300), [event.clientX - box.left, event.clientY - box.top]);
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("[role=button]")) return;
    const start = { x: event.clientX - view.x, y: event.clientY - view.y };
    canvas.setPointerCapture(event.pointerId);
    attr(canvas, "data-dragging", "true");
    const move = (to) => {
      view.x = to.clientX - start.x;
      view.y = to.clientY - start.y;
      moved = true;
      apply();
    };
    const up = () => {
      canvas.removeEventListener("pointermove", move);
      attr(canvas, "data-dragging", null);
    };
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", up, { once: true });
    canvas.addEventListener("pointercancel", up, { once: true });
  });

  /** The edge under the pointer, as [source, target]: edges are too thin to be hit exactly. */
  function edgeAt(event) {
    if (!drawn || event.target.closest("[role=button]")) return null;
    const box = canvas.getBoundingClientRect();
    const x = (event.clientX - box.left - view.x) / view.k;
    const y = (event.clientY - box.top - view.y) / view.k;
    return drawn.edgeAt(x, y, 7 / view.k);
  }

  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasAttribute("data-dragging") || !drawn) return;
    const found = edgeAt(event);
    drawn.point(found?.one ?? null);
    visible(words, Boolean(found));
    attr(canvas, "data-on-edge", found ? "true" : null);
    if (!found) return;
    const name = (number) => store.outline.nodes[number].path;
    const count = store.standing().taken.get(`${found.a} ${found.b}`) ?? 0;
    text(words, `${name(found.a)} → ${name(found.b)}: ${found.kind}, ${count ? `taken ${count.toLocaleString("en")}×` : "not taken"}.${store.saved ? "" : " Click: breakpoint."}`);
  });
  canvas.addEventListener("pointerleave", () => {
    drawn?.point(null);
    visible(words, false);
  });
  let pressed = [0, 0];
  canvas.addEventListener("pointerdown", (event) => (pressed = [event.clientX, event.clientY]), true);
  canvas.addEventListener("click", (event) => {
    if (store.saved || Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 4) return;
    const found = edgeAt(event);
    if (found) store.send({ do: "edge", source: found.a, target: found.b });
  });

  const watcher = new ResizeObserver(() => {
    const { width: w, height: h } = canvas.getBoundingClientRect();
    size = { w, h };
    if (!moved) {
      fit();
      if (drawn) follow(store.standing());
    }
  });
  watcher.observe(canvas);

  return { root, draw, toggle, uncover, close: () => watcher.disconnect() };
}
