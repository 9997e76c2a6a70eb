// @ts-check
/** One node of a graph as SVG elements: its body, its name, what a press of its rim and its fold does. */

import { attr, duration, ownKeys, svg, text } from "../core/dom.js";
import { iconPath } from "../core/icons.js";
import { FANS } from "../core/outline.js";

/** How far the rim of a node reaches inwards, in pixels of the page. */
const RIM = 7;
/** @type {Record<string, string>} */
const MARKS = { done: "check", failed: "cross", current: "run", waiting: "pause" };
const TIMELESS = new Set(["subgraph", "parallel", "map", "barrier"]);

/**
 * @param {number} number
 * @param {OutlineNode} node
 * @param {Place} box
 * @param {boolean} open Whether it is a composite that is drawn open.
 * @param {NodeActs} on
 * @returns {NodeShape}
 */
export function nodeShape(number, { path, name, kind }, box, open, on) {
  const { x, y, w, h } = box;
  const label = svg("text", { class: "node-name", x: x + 30, y: open ? y + 17 : y + h / 2 - 2 });
  const fold = kind === "subgraph" || FANS.has(kind) ? 26 : 0;
  text(label, fitted(name, Math.min(w - fold - 54, (w - fold - 36) / 1.2)));
  const meta = open ? null : svg("text", { class: "node-meta", x: x + 30, y: y + h / 2 + 12 });
  const body = svg("rect", { class: "body", x, y, width: w, height: h, rx: open ? 8 : 7 });
  const group = svg(
    "g",
    { class: open ? "node node-open" : "node", role: "button", tabindex: -1, "data-status": "pending", "data-kind": kind },
    body,
    svg("path", { class: "kind", d: iconPath(kind, x + 9, y + (open ? 5 : h / 2 - 8)) }),
    label,
  );
  ownKeys(group);
  group.addEventListener("click", (event) => {
    const rim = onRim(body, event);
    if (rim) on.rim(number, rim === "after");
    else on.body(number);
  });
  group.addEventListener("pointermove", (event) => attr(group, "data-rim", onRim(body, event)));
  group.addEventListener("pointerleave", () => attr(group, "data-rim", null));
  /** @type {NodeShape} */
  const one = { group, meta, path, kind, box, high: !fold, mark: null, dot: null, title: null, far: false, visits: 0, micros: 0 };
  group.addEventListener("pointerenter", () => {
    if (!one.title) group.prepend((one.title = svg("title", {})));
    text(one.title, `${path}: ${one.status}, ${metaText(one)}\nThe rim sets a breakpoint: below it stops after the node, elsewhere before it.`);
  });
  return one;
}

/**
 * The beginning of a name that fits in so many pixels. Widths are reckoned, as where the drawing
 * is laid out: measuring a thousand names takes longer than drawing them.
 * @param {string} name
 * @param {number} room
 */
function fitted(name, room) {
  let left = room + 1;
  for (let place = 0; place < name.length; place += 1) {
    left -= letterWidth(name[place]);
    if (left < 0) return `${name.slice(0, Math.max(1, place - 1))}…`;
  }
  return name;
}

/** About how wide a letter of a node's name is. @param {string} letter */
function letterWidth(letter) {
  if (/[ijlItfr.,:;|!'()[\]/ -]/.test(letter)) return 5.2;
  if (/[mwMW@%]/.test(letter)) return 12.8;
  if (letter > "\u2e80") return 13;
  return /[A-Z]/.test(letter) ? 9.8 : 8.4;
}

/**
 * The button that opens a composite in place, or closes it.
 * @param {number} number
 * @param {string} path
 * @param {Place} box
 * @param {boolean} open
 * @param {NodeActs} on
 */
export function foldButton(number, path, { x, y, w, h }, open, on) {
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

/**
 * Draw a node anew. Marks and dots are made when they are first needed: a big graph has few at a time.
 * @param {NodeShape} one
 * @param {string} status
 * @param {string | undefined} stop "on" or "off" before the node, "after" where one stops after it, or both.
 */
export function repaint(one, status, stop) {
  const { x, y, w, h } = one.box;
  if (status !== one.status) {
    attr(one.group, "data-status", status);
    if (!one.mark && MARKS[status]) {
      one.mark = svg("path", { class: one.high ? "mark mark-high" : "mark" });
      one.group.append(one.mark);
    }
    const up = one.high ? 13.5 : 6.5;
    if (one.mark) attr(one.mark, "d", MARKS[status] ? iconPath(MARKS[status], x + w - 19, y + h / 2 - up, 0.8) : "");
  }
  const set = stop?.split(" ") ?? [];
  if (stop !== undefined && !one.dot) {
    one.dot = svg("circle", { class: "stop", cx: x, cy: y + h / 2, r: 5 });
    const late = svg("circle", { class: "stop stop-after", cx: x + w / 2, cy: y + h, r: 5 });
    one.group.append(one.dot, late);
  }
  one.status = status;
  one.stop = stop;
  attr(one.group, "data-stop", set.find((word) => word !== "after"));
  attr(one.group, "data-stop-after", set.includes("after") ? "true" : null);
  one.group.setAttribute("aria-label", `${one.path}, ${status}${stop === undefined ? "" : ", breakpoint"}`);
}

/** The small words of a node: how often it ran and how long that took. @param {NodeShape} one */
export function metaText({ kind, visits, micros }) {
  if (!visits) return kind;
  // What a composite or a barrier took is its inside's or the person's time.
  if (TIMELESS.has(kind)) return visits > 1 ? `${kind} · ${visits.toLocaleString("en")}×` : kind;
  const times = visits > 1 ? `${visits.toLocaleString("en")}× · ` : "";
  return `${times}${duration(micros / 1000)}`;
}

/**
 * Whether the pointer is at the edge of a node: the lower one stops after it, the others before.
 * @param {Element} body
 * @param {MouseEvent} event
 */
function onRim(body, event) {
  const box = body.getBoundingClientRect();
  const near = Math.min(RIM, box.height / 4);
  if (Math.min(event.clientX - box.left, box.right - event.clientX) < near) return "before";
  if (event.clientY - box.top < near) return "before";
  return box.bottom - event.clientY < near ? "after" : null;
}
