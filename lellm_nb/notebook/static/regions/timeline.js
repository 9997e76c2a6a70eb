/** Frames under a slider, a lane for each line of the tree: scrub to look; the run stays where it is. */

import { attr, colour, el, text } from "../core/dom.js";
import { KINDS } from "../core/node_status.js";
import { strip } from "./frame_strip.js";

const COLOURS = { waiting: "waiting", decision: "done", error: "failed", edit: "edit" };
const TALL = new Set(["waiting", "decision", "error", "edit"]);
const EDGE = 7;
const MOST_LINES = 6;

export function timeline(store) {
  const canvas = el("canvas", { class: "ticks", "aria-hidden": "true" });
  const slider = el("input", {
    type: "range", class: "slider", "aria-label": "Frame", min: 0, max: 0, step: 1,
    title: "Look at any frame; the run stays where it is",
    oninput: () => store.look(Number(slider.value)),
  });
  const where = el("span", { class: "where", "aria-hidden": "true" });
  const track = el("div", { class: "track" }, canvas, slider);
  const label = el("span", { class: "timeline-label", "aria-hidden": "true" }, "Frame");
  const own = el("div", { class: "lane lane-own" }, label, track, where);
  const near = strip(store);
  const lanes = el("div", { class: "lanes" }, own);
  const root = el("div", { class: "timeline" }, lanes, el("div", { class: "lane lane-strip" }, el("span"), near.root, el("span")));
  const others = new Map();
  let ink = null;
  let drawn = "";
  let wide = 0;

  function draw() {
    const last = Math.max(0, store.head.count - 1);
    attr(slider, "max", last);
    attr(slider, "aria-disabled", last === 0 ? "true" : null);
    if (Number(slider.value) !== store.shown) slider.value = store.shown;
    attr(slider, "aria-valuetext", `frame ${store.shown} of ${last}${store.atHead ? "" : ", looking"}`);
    text(where, `${store.shown.toLocaleString("en")} / ${last.toLocaleString("en")}`);
    lines();
    ticks(last);
    const whole = span(last);
    near.draw((index) => EDGE + (index / whole) * (wide - 2 * EDGE));
  }

  /** How many frames the width stands for: other lines may be longer than the one on show. */
  function span(last) {
    const longest = Math.max(last, ...(store.head.tree ?? []).map((row) => row[3] - 1));
    return Math.max(1, last, Math.min(longest, Math.max(2 * last, 40)));
  }

  function lines() {
    const tree = store.head.tree ?? [];
    const many = tree.length > 1;
    attr(root, "data-lines", many ? "true" : null);
    text(label, many ? store.head.line : "Frame");
    label.title = many ? store.head.line : "";
    const mine = tree.findIndex((row) => row[0] === store.head.line);
    const first = Math.max(0, Math.min(mine - 2, tree.length - MOST_LINES));
    const near_ = many ? tree.slice(first, first + MOST_LINES) : [];
    const names = new Set(near_.map((row) => row[0]));
    for (const [name, one] of others) {
      if (names.has(name) && name !== store.head.line) continue;
      one.root.remove();
      others.delete(name);
    }
    near_.forEach((row, place) => {
      const name = row[0];
      if (name === store.head.line) {
        own.style.order = place;
        return;
      }
      if (!others.has(name)) others.set(name, lane(name));
      const one = others.get(name);
      one.root.style.order = place;
      one.row = row;
    });
  }

  function lane(name) {
    const button = el("button", { type: "button", class: "lane-name", "aria-label": `Show line ${name}`, onclick: () => show(null) }, name);
    const picture = el("canvas", { class: "ticks", "aria-hidden": "true" });
    const bar = el("div", { class: "track track-other" }, picture);
    const said = el("span", { class: "where faint", "aria-hidden": "true" });
    const one = { root: el("div", { class: "lane" }, button, bar, said), picture, said, row: null };
    const show = (frame) => store.send({ do: "line", line: name, frame, by: store.me, n: 0 });
    bar.addEventListener("click", (event) => {
      const box = bar.getBoundingClientRect();
      const last = Math.max(0, store.head.count - 1);
      const at = Math.round(((event.clientX - box.left - EDGE) / (wide - 2 * EDGE)) * span(last));
      show(Math.max(0, Math.min(at, one.row[3] - 1)));
    });
    lanes.append(one.root);
    return one;
  }

  /** Draw the ticks again only if they differ; the thumb is the slider's own. */
  function ticks(last) {
    // As last told: asking for it costs a layout.
    const width = wide;
    const newest = store.events.at(-1);
    const tree = store.head.tree ?? [];
    const sketch = `${width} ${last} ${store.head.head} ${store.events.length} ${newest} ${ink === null} ${JSON.stringify(tree)}`;
    if (!width || sketch === drawn) return;
    drawn = sketch;
    ink ??= colours(root);
    const whole = span(last);
    const at = (index) => EDGE + (index / whole) * (width - 2 * EDGE);
    slider.style.width = `${Math.max(2 * EDGE, at(last) + EDGE)}px`;
    const pen = prepared(canvas, width, 22);
    if (!pen) return;
    const mine = tree.find((row) => row[0] === store.head.line);
    rail(pen, at, { from: 0, to: last, head: store.head.head, y: 11, elbow: mine && mine[2] >= 0 ? mine[2] : null });
    const spacing = (width - 2 * EDGE) / whole;
    if (spacing >= 4) {
      for (let index = 0; index <= last; index += 1) {
        pen.fillStyle = index <= store.head.head ? ink.head : ink.rail;
        pen.fillRect(at(index) - 0.5, 7, 1, 8);
      }
    }
    for (const [index, kind] of store.events) {
      const name = KINDS[kind];
      if (index > last || !TALL.has(name)) continue;
      pen.fillStyle = ink[COLOURS[name]];
      pen.fillRect(at(index) - 1.25, 2, 2.5, 18);
    }
    for (const [index, mark] of store.marks()) {
      pen.fillStyle = mark.pin ? ink.head : ink.waiting;
      pen.beginPath();
      pen.arc(at(index), 19, 2.5, 0, 7);
      pen.fill();
    }
    pen.fillStyle = ink.head;
    pen.beginPath();
    pen.moveTo(at(store.head.head) - 4, 0);
    pen.lineTo(at(store.head.head) + 4, 0);
    pen.lineTo(at(store.head.head), 5);
    pen.fill();
    for (const one of others.values()) other(one, at, width, whole);
  }

  function other(one, at, width, whole) {
    const [, , from, frames, state, notes, pins] = one.row;
    const pen = prepared(one.picture, width, 16);
    if (!pen) return;
    const end = Math.min(frames - 1, whole);
    rail(pen, at, { from: Math.max(0, from), to: end, head: -1, y: 8, elbow: from >= 0 ? from : null });
    for (const index of [...notes.map(([index]) => index), ...pins]) {
      pen.fillStyle = ink.waiting;
      pen.beginPath();
      pen.arc(at(index), 8, 2.5, 0, 7);
      pen.fill();
    }
    pen.fillStyle = ink[{ failed: "failed", waiting: "waiting", completed: "done" }[state]] ?? ink.head;
    pen.beginPath();
    pen.arc(at(end), 8, 3.5, 0, 7);
    pen.fill();
    text(one.said, frames - 1 > whole ? `→ ${(frames - 1).toLocaleString("en")}` : `${(frames - 1).toLocaleString("en")}`);
    one.said.title = state;
  }

  /** A line with the way it came from its base. */
  function rail(pen, at, { from, to, head, y, elbow }) {
    pen.fillStyle = ink.rail;
    pen.fillRect(at(from), y - 1, Math.max(1, at(to) - at(from)), 2);
    if (elbow !== null) {
      pen.strokeStyle = ink.soft;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.moveTo(at(elbow), 0);
      pen.lineTo(at(elbow), y);
      pen.stroke();
    }
    if (head >= 0) {
      pen.fillStyle = ink.head;
      pen.fillRect(at(from), y - 1, at(head) - at(from), 2);
    }
  }

  function prepared(picture, width, height) {
    const ratio = window.devicePixelRatio || 1;
    picture.width = Math.round(width * ratio);
    picture.height = Math.round(height * ratio);
    const pen = picture.getContext("2d");
    pen?.scale(ratio, ratio);
    return pen;
  }

  const watcher = new ResizeObserver(() => {
    wide = track.clientWidth;
    near.resize(wide);
    draw();
  });
  watcher.observe(track);

  return {
    root, draw, slider,
    recolour() {
      ink = null;
      drawn = "";
      near.recolour();
      draw();
    },
    close: () => watcher.disconnect(),
  };
}

function colours(node) {
  const get = (name) => colour(node, name);
  return {
    rail: get("--nb-line"), head: get("--nb-accent"), waiting: get("--nb-waiting"), done: get("--nb-done"),
    failed: get("--nb-failed"), edit: get("--nb-accent"), soft: get("--nb-edge"),
  };
}
