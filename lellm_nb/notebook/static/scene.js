/** The picture of a graph as SVG elements: drawn once, then only recoloured. */

import { attr, duration, ownKeys, svg, text } from "./dom.js";
import { iconPath } from "./icons.js";
import { statusOf } from "./history.js";

const LONGEST = 30;
const TIMELESS = new Set(["subgraph", "parallel", "barrier"]);

/** Draw `drawing`; `on` has what clicks do: body, rim and fold, each with a node number. */
export function scene(drawing, outline, on) {
  const nodes = new Map();
  const edges = new Map();
  const dynamic = svg("g", { class: "dynamic" });
  const boxLayer = svg("g", {});
  const edgeLayer = svg("g", {});
  const nodeLayer = svg("g", {});
  const root = svg("g", {}, boxLayer, edgeLayer, dynamic, nodeLayer);
  const places = new Map();

  for (const [number, x, y, w, h] of drawing.boxes ?? []) {
    places.set(number, { x, y, w, h });
    boxLayer.append(svg("rect", { class: "box", x, y, width: w, height: h, rx: 8 }));
    addNode(number, { x, y, w, h: 26 }, true);
  }
  for (const [a, b, kind, numbers] of drawing.edges ?? []) {
    if (!numbers.length) continue;
    const one = edge(numbers, `edge edge-${kind}`);
    edgeLayer.append(one);
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
    const title = svg("title", {});
    const group = svg(
      "g",
      { class: open ? "node node-open" : "node", role: "button", tabindex: -1, "data-status": "pending", "data-kind": kind },
      title,
      svg("rect", { class: "body", x, y, width: w, height: h, rx: open ? 8 : 7 }),
      svg("path", { class: "kind", d: iconPath(kind), transform: `translate(${x + 9} ${y + (open ? 5 : h / 2 - 8)})` }),
      label, meta,
      svg("path", { class: "mark", transform: `translate(${x + w - 19} ${y + h / 2 - 6.5}) scale(0.8)` }),
      svg("rect", { class: "rim", x, y, width: w, height: h, rx: 7 }),
      svg("circle", { class: "stop", cx: x, cy: y + h / 2, r: 5 }),
    );
    ownKeys(group);
    group.addEventListener("click", (event) => {
      if (event.target.classList.contains("rim") || event.target.classList.contains("stop")) on.rim(number);
      else on.body(number);
    });
    nodeLayer.append(group);
    if (outline.inside.has(number)) nodeLayer.append(fold(number, path, box, open));
    nodes.set(number, { group, meta, title, path, kind, mark: group.querySelector(".mark"), said: "" });
  }

  function fold(number, path, { x, y, w, h }, open) {
    const name = `${open ? "Close" : "Open"} ${path}`;
    const group = svg(
      "g",
      { class: "fold", role: "button", tabindex: -1, "aria-label": name },
      svg("title", {}, name),
      svg("rect", { x: x + w - 44, y: y + h / 2 - 9, width: 18, height: 18, rx: 4 }),
      svg("path", { d: iconPath(open ? "open" : "closed"), transform: `translate(${x + w - 43} ${y + h / 2 - 8})` }),
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

  /** Recolour for a standing. Only what differs is touched. */
  function colour(standing, stops) {
    for (const [number, one] of nodes) {
      const status = statusOf(standing, number, outline);
      const mark = standing.marks.get(number);
      const stop = stops.get(number);
      const said = `${status} ${mark?.[1] ?? 0} ${mark?.[2] ?? 0} ${stop}`;
      if (said === one.said) continue;
      one.said = said;
      attr(one.group, "data-status", status);
      attr(one.group, "data-stop", stop === undefined ? null : stop ? "on" : "off");
      attr(one.group, "aria-label", `${one.path}, ${status}${stop === undefined ? "" : ", breakpoint"}`);
      attr(one.mark, "d", status === "done" ? iconPath("check") : status === "failed" ? iconPath("cross") : status === "current" ? iconPath("run") : status === "waiting" ? iconPath("pause") : "");
      const words = metaText(one.kind, mark);
      if (one.meta) text(one.meta, words);
      text(one.title, `${one.path}: ${status}${words ? `, ${words}` : ""}`);
    }
    for (const [key, drawn] of edges) {
      const taken = standing.taken.has(key) ? "true" : null;
      for (const one of drawn) attr(one, "data-taken", taken);
    }
    const seen = [...standing.taken.keys()].filter((key) => !edges.has(key));
    if (dynamic.dataset.keys !== seen.join()) {
      dynamic.dataset.keys = seen.join();
      dynamic.replaceChildren(...seen.map(jump).filter(Boolean));
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

  function metaText(kind, mark) {
    if (!mark || !mark[1]) return kind;
    // What a composite or a barrier took is its inside's or the person's time.
    if (TIMELESS.has(kind)) return mark[1] > 1 ? `${kind} · ${mark[1].toLocaleString("en")}×` : kind;
    const times = mark[1] > 1 ? `${mark[1].toLocaleString("en")}× · ` : "";
    return `${times}${duration(mark[2] / 1000)}`;
  }

  return { root, nodes, places, colour, width: drawing.width ?? 0, height: drawing.height ?? 0 };
}

function edge(numbers, name) {
  const [x, y, ...rest] = numbers;
  const [ex, ey] = numbers.slice(-2);
  // The point the curve comes from; a control point may lie on the end itself.
  let at = numbers.length - 4;
  while (at > 0 && Math.hypot(numbers[at] - ex, numbers[at + 1] - ey) < 1) at -= 2;
  const turn = (Math.atan2(ey - numbers[at + 1], ex - numbers[at]) * 180) / Math.PI;
  return svg(
    "g",
    { class: name },
    svg("path", { class: "way", d: `M${x} ${y}C${rest.join(" ")}` }),
    svg("path", { class: "tip", d: "M0 0L-7 -3.4L-7 3.4z", transform: `translate(${ex} ${ey}) rotate(${turn.toFixed(1)})` }),
  );
}
