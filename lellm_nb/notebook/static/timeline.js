/** Frames as ticks under a slider: scrub to look; the run stays where it is. */

import { attr, el, text } from "./dom.js";
import { KINDS } from "./history.js";

const COLOURS = { waiting: "waiting", decision: "done", error: "failed", edit: "edit", join: "soft", exit: "soft", route: "soft", start: "soft" };
const TALL = new Set(["waiting", "decision", "error", "edit"]);

export function timeline(store) {
  const canvas = el("canvas", { class: "ticks", "aria-hidden": "true" });
  const slider = el("input", {
    type: "range", class: "slider", "aria-label": "Frame", min: 0, max: 0, step: 1,
    title: "Look at any frame; the run stays where it is",
    oninput: () => store.look(Number(slider.value)),
  });
  const where = el("span", { class: "where", "aria-hidden": "true" });
  const track = el("div", { class: "track" }, canvas, slider);
  const root = el("div", { class: "timeline" }, el("span", { class: "timeline-label", "aria-hidden": "true" }, "Frame"), track, where);
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
    ticks(last);
  }

  /** Draw the ticks again only if they differ; the thumb is the slider's own. */
  function ticks(last) {
    // As last told: asking for it costs a layout.
    const width = wide;
    const newest = store.events.at(-1);
    const sketch = `${width} ${last} ${store.head.head} ${store.events.length} ${newest} ${ink === null}`;
    if (!width || sketch === drawn) return;
    drawn = sketch;
    const height = 22;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const pen = canvas.getContext("2d");
    if (!pen) return;
    pen.scale(ratio, ratio);
    ink ??= colours(root);
    const inner = width - 14;
    const at = (index) => 7 + (last ? (index / last) * inner : 0);
    const spacing = last ? inner / last : inner;
    pen.fillStyle = ink.rail;
    pen.fillRect(7, 10, inner, 2);
    pen.fillStyle = ink.head;
    pen.fillRect(7, 10, at(store.head.head) - 7, 2);
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
    pen.fillStyle = ink.head;
    pen.beginPath();
    pen.moveTo(at(store.head.head) - 4, 0);
    pen.lineTo(at(store.head.head) + 4, 0);
    pen.lineTo(at(store.head.head), 5);
    pen.fill();
  }

  const watcher = new ResizeObserver(() => {
    wide = track.clientWidth;
    draw();
  });
  watcher.observe(track);

  return {
    root, draw, slider,
    recolour() {
      ink = null;
      drawn = "";
      draw();
    },
    close: () => watcher.disconnect(),
  };
}

function colours(node) {
  const style = getComputedStyle(node);
  const get = (name) => style.getPropertyValue(name).trim() || "#888";
  return {
    rail: get("--nb-line"), head: get("--nb-accent"), waiting: get("--nb-waiting"), done: get("--nb-done"),
    failed: get("--nb-failed"), edit: get("--nb-accent"), soft: get("--nb-line"),
  };
}
