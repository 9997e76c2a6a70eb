/** The picture of a graph as SVG elements: drawn once, then only recoloured. */

import { attr, duration, ownKeys, svg, text } from "../core/dom.js";
import { iconPath } from "../core/icons.js";
import { statusesOf } from "../core/node_status.js";

const LONGEST = 30;
/** How far the rim of a node reaches inwards, in pixels of the page. */
const RIM = 7;
const MARKS = { done: "check", failed: "cross", current: "run", waiting: "pause" };
const TIMELESS = new Set(["subgraph", "parallel", "barrier"]);

/** Draw `drawing`; `on` has what clicks do: body, rim and fold, each with a node number. */
export function scene(drawing, outline, on) {
  const nodes = new Map();
  const edges = new Map();
  const dynamic = svg("g", { class: "dynamic" });
  const boxLayer = svg("g", {});
  const edgeLayer = svg("g", {});
  const nodeLayer = svg("g", {});
  // Beside the buttons and not in them: a button's name has all the words that are in it.
  const metaLayer = svg("g", { "aria-hidden": "true" });
  const root = svg("g", {}, boxLayer, edgeLayer, dynamic, nodeLayer, metaLayer);
  const places = new Map();
  const ways = [];

  for (const [number, x, y, w, h] of drawing.boxes ?? []) {
    places.set(number, { x, y, w, h });
    boxLayer.append(svg("rect", { class: "box", x, y, width: w, height: h, rx: 8 }));
    addNode(number, { x, y, w, h: 26 }, true);
  }
  for (const [a, b, kind, numbers] of drawing.edges ?? []) {
    if (!numbers.length) continue;
    const one = edge(numbers, `edge edge-${kind}`);
    edgeLayer.append(one);
    ways.push({ one, a, b, kind, numbers, box: around(numbers), far: false });
    const key = `${a} ${b}`;
    if (!edges.has(key)) edges.set(key, []);
    edges.get(key).push(one);
  }
  for (const [number, x, y, w, h] of drawing.nodes ?? []) {
    places.set(number, { x, y, w, h });
    addNode(number, { x, y, w, h }, false);
  }

  function addNode(number, box, open) {
    const { path, name, kind } = outline.nodes[number];
    const { x, y, w, h } = box;
    const label = svg("text", { class: "node-name", x: x + 30, y: open ? y + 17 : y + h / 2 - 2 });
    text(label, name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name);
    const meta = open ? null : svg("text", { class: "node-meta", x: x + 30, y: y + h / 2 + 12 });
    const body = svg("rect", { class: "body", x, y, width: w, height: h, rx: open ? 8 : 7 });
    const group = svg(
      "g",
      { class: open ? "node node-open" : "node", role: "button", tabindex: -1, "data-status": "pending", "data-kind": kind },
      body,
      svg("path", { class: "kind", d: iconPath(kind, x + 9, y + (open ? 5 : h / 2 - 8)) }),
      label,
    );
    if (meta) metaLayer.append(meta);
    ownKeys(group);
    group.addEventListener("click", (event) => {
      const rim = onRim(body, event);
      if (rim) on.rim(number, rim === "after");
      else on.body(number);
    });
    group.addEventListener("pointermove", (event) => attr(group, "data-rim", onRim(body, event)));
    group.addEventListener("pointerleave", () => attr(group, "data-rim", null));
    nodeLayer.append(group);
    if (outline.inside.has(number)) nodeLayer.append(fold(number, path, box, open));
    const one = { group, meta, path, kind, box, mark: null, dot: null, title: null, far: false, visits: 0, micros: 0 };
    group.addEventListener("pointerenter", () => {
      if (!one.title) group.prepend((one.title = svg("title")));
      text(one.title, `${path}: ${one.status}, ${metaText(one)}\nThe rim sets a breakpoint: below it stops after the node, elsewhere before it.`);
    });
    nodes.set(number, one);
  }

  function fold(number, path, { x, y, w, h }, open) {
    const name = `${open ? "Close" : "Open"} ${path}`;
    const group = svg(
      "g",
      { class: "fold", role: "button", tabindex: -1, "aria-label": name },
      svg("title", {}, name),
      svg("rect", { x: x + w - 44, y: y + h / 2 - 9, width: 18, height: 18, rx: 4 }),
      svg("path", { d: iconPath(open ? "open" : "closed", x + w - 43, y + h / 2 - 8) }),
    );
    group.addEventListener("click", (event) => {
      event.stopPropagation();
      on.fold(number, !open);
    });
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      on.fold(number, !open);
    });
    return group;
  }

  /** Recolour for a standing. Only what differs is touched, words only where they are in sight. */
  function colour(standing, stops, inSight, edgeStops = []) {
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
    for (const [key, drawn] of edges) {
      const taken = standing.taken.has(key);
      if (taken === drawn.taken) continue;
      drawn.taken = taken;
      for (const one of drawn) attr(one, "data-taken", taken ? "true" : null);
    }
    const stopped = new Set(edgeStops.map(([a, b]) => `${a} ${b}`));
    for (const way of ways) {
      const stop = stopped.has(`${way.a} ${way.b}`);
      if (stop === Boolean(way.dot)) continue;
      if (stop) way.one.append((way.dot = svg("circle", { class: "stop", ...middle(way.numbers), r: 4.5 })));
      else {
        way.dot.remove();
        way.dot = null;
      }
      attr(way.one, "data-stop", stop ? "on" : null);
    }
    let seen = "";
    for (const key of standing.taken.keys()) if (!edges.has(key)) seen += `${key},`;
    if (dynamic.dataset.keys !== seen) {
      dynamic.dataset.keys = seen;
      dynamic.replaceChildren(...seen.split(",").filter(Boolean).map(jump).filter(Boolean));
    }
  }

  /** Marks and dots are made when they are first needed: a big graph has few at a time. */
  function repaint(one, status, stop) {
    const { x, y, w, h } = one.box;
    if (status !== one.status) {
      attr(one.group, "data-status", status);
      if (!one.mark && MARKS[status]) {
        one.mark = svg("path", { class: "mark" });
        one.group.append(one.mark);
      }
      if (one.mark) attr(one.mark, "d", MARKS[status] ? iconPath(MARKS[status], x + w - 19, y + h / 2 - 6.5, 0.8) : "");
    }
    const set = stop?.split(" ") ?? [];
    if (stop !== undefined && !one.dot) {
      one.dot = svg("circle", { class: "stop", cx: x, cy: y + h / 2, r: 5 });
      one.late = svg("circle", { class: "stop stop-after", cx: x + w / 2, cy: y + h, r: 5 });
      one.group.append(one.dot, one.late);
    }
    one.status = status;
    one.stop = stop;
    attr(one.group, "data-stop", set.find((word) => word !== "after"));
    attr(one.group, "data-stop-after", set.includes("after") ? "true" : null);
    one.group.setAttribute("aria-label", `${one.path}, ${status}${stop === undefined ? "" : ", breakpoint"}`);
  }

  /**
   * Take out of the drawing what is out of sight: what is not drawn costs no paint.
   * A node keeps its place and its name, so it can be found and focused anywhere.
   */
  function cull(inSight) {
    for (const way of ways) {
      const far = !inSight(way.box);
      if (far !== way.far) attr(way.one, "data-far", (way.far = far) ? "true" : null);
    }
    for (const [number, one] of nodes) {
      const far = !inSight(places.get(number));
      if (far === one.far) continue;
      one.far = far;
      for (const part of [one.group, one.meta]) if (part) attr(part, "data-far", far ? "true" : null);
    }
    words(inSight);
  }

  /** Bring the small words up to date for the nodes that are in sight. */
  function words(inSight) {
    for (const [number, one] of nodes) {
      if (one.saidVisits === one.visits && one.saidMicros === one.micros) continue;
      if (!inSight(places.get(number))) continue;
      one.saidVisits = one.visits;
      one.saidMicros = one.micros;
      if (one.meta) text(one.meta, metaText(one));
    }
  }

  /** A way that was gone without an edge being there, as goto does. */
  function jump(key) {
    const [a, b] = key.split(" ").map((number) => places.get(Number(number)));
    if (!a || !b) return null;
    const start = [a.x + a.w, a.y + a.h / 2];
    const end = [b.x + b.w, b.y + b.h / 2];
    const out = Math.max(start[0], end[0]) + 34;
    return edge([...start, out, start[1], out, end[1], ...end], "edge edge-seen");
  }

  function metaText({ kind, visits, micros }) {
    if (!visits) return kind;
    // What a composite or a barrier took is its inside's or the person's time.
    if (TIMELESS.has(kind)) return visits > 1 ? `${kind} · ${visits.toLocaleString("en")}×` : kind;
    const times = visits > 1 ? `${visits.toLocaleString("en")}× · ` : "";
    return `${times}${duration(micros / 1000)}`;
  }

  /** The way that passes within `near` of a point, or null. */
  function edgeAt(x, y, near) {
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

  let pointed = null;
  function point(one) {
    if (one === pointed) return;
    if (pointed) attr(pointed, "data-pointed", null);
    if (one) attr(one, "data-pointed", "true");
    pointed = one;
  }

  return { root, nodes, places, edgeAt, point, colour, cull, width: drawing.width ?? 0, height: drawing.height ?? 0 };
}

/** The box around a curve: it never leaves the one around its points. */
function around(numbers) {
  const xs = numbers.filter((_, place) => place % 2 === 0);
  const ys = numbers.filter((_, place) => place % 2 === 1);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, w: Math.max(...xs) - x, h: Math.max(...ys) - y };
}

/** A point on a path of Bézier curves: which curve, and how far along it. */
function along(numbers, at, t) {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = numbers.slice(at, at + 8);
  const u = 1 - t;
  const mix = (a, b, c, d) => u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
  return [mix(x0, x1, x2, x3), mix(y0, y1, y2, y3)];
}

function middle(numbers) {
  const curves = Math.max(1, (numbers.length - 2) / 6);
  const at = 6 * Math.floor((curves - 1) / 2);
  const [cx, cy] = along(numbers, at, curves % 2 ? 0.5 : 1);
  return { cx: cx.toFixed(1), cy: cy.toFixed(1) };
}

function distance(numbers, x, y) {
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

/** Whether the pointer is at the edge of a node: the lower one stops after it, the others before. */
function onRim(body, event) {
  const box = body.getBoundingClientRect();
  const near = Math.min(RIM, box.height / 4);
  if (Math.min(event.clientX - box.left, box.right - event.clientX) < near) return "before";
  if (event.clientY - box.top < near) return "before";
  return box.bottom - event.clientY < near ? "after" : null;
}

function edge(numbers, name) {
  const [x, y, ...rest] = numbers;
  const [ex, ey] = numbers.slice(-2);
  // The point the curve comes from; a control point may lie on the end itself.
  let at = numbers.length - 4;
  while (at > 0 && Math.hypot(numbers[at] - ex, numbers[at + 1] - ey) < 1) at -= 2;
  const far = Math.hypot(ex - numbers[at], ey - numbers[at + 1]) || 1;
  const [dx, dy] = [(ex - numbers[at]) / far, (ey - numbers[at + 1]) / far];
  const corner = (side) => `${(ex - 7 * dx - side * 3.4 * dy).toFixed(1)} ${(ey - 7 * dy + side * 3.4 * dx).toFixed(1)}`;
  return svg(
    "g",
    { class: name },
    svg("path", { class: "way", d: `M${x} ${y}C${rest.join(" ")}` }),
    svg("path", { class: "tip", d: `M${ex} ${ey}L${corner(1)}L${corner(-1)}z` }),
  );
}
