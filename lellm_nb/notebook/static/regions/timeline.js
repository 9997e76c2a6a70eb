// @ts-check
/** Frames under a slider, a lane for each line of the tree: scrub to look; the run stays where it is. */

import { attr, el, idOf, text } from "../core/dom.js";
import { strip } from "./frame_strip.js";
import { lanes } from "./lanes.js";
import { EDGE, inkOf, paintOwn, scaleOf } from "./line_paint.js";

/** @param {Store} store */
export function timeline(store) {
  const canvas = el("canvas", { class: "ticks", "aria-hidden": "true" });
  /** @type {HTMLInputElement} */
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
  const root = el("div", { class: "timeline" });
  const lines = lanes(store, { root, own, label, span: () => span(lastFrame()) });
  root.append(lines.holder, el("div", { class: "lane lane-strip" }, el("span"), near.root, el("span")));
  /** @type {ReturnType<typeof inkOf> | null} */
  let ink = null;
  /** What the ticks were painted from. */
  let drawn = "";
  let wide = 0;

  const lastFrame = () => Math.max(0, store.head.count - 1);

  function draw() {
    const last = lastFrame();
    attr(slider, "max", last);
    attr(slider, "aria-disabled", last === 0 ? "true" : null);
    if (Number(slider.value) !== store.shown) slider.value = String(store.shown);
    attr(slider, "aria-valuetext", `frame ${store.shown} of ${last}${store.atHead ? "" : ", looking"}`);
    // all lanes have one width, whatever stands beside them: room for the widest words
    root.style.setProperty("--where", `${2 * last.toLocaleString("en").length + 3}ch`);
    text(where, `${store.shown.toLocaleString("en")} / ${last.toLocaleString("en")}`);
    lines.draw();
    ticks(last);
    near.draw(scaleOf(span(last)));
  }

  /** How many frames the width stands for: other lines may be longer than the one on show. @param {number} last */
  function span(last) {
    const longest = (store.head.tree ?? []).reduce((most, row) => Math.max(most, row[3] - 1), last);
    return { width: wide, whole: Math.max(1, last, Math.min(longest, Math.max(2 * last, 40))) };
  }

  /** Draw the ticks again only if they differ; the thumb is the slider's own. @param {number} last */
  function ticks(last) {
    const newest = store.events.at(-1);
    const { tree } = store.head;
    const sketch = `${wide} ${last} ${store.head.head} ${store.events.length} ${newest} ${ink === null} ${tree && idOf(tree)}`;
    if (!wide || sketch === drawn) return;
    drawn = sketch;
    ink ??= inkOf(root);
    const whole = span(last);
    slider.style.width = `${Math.max(2 * EDGE, scaleOf(whole)(last) + EDGE)}px`;
    paintOwn(canvas, store, ink, whole, last);
    lines.paint(ink, whole);
  }

  const watcher = new ResizeObserver(() => {
    // Kept: asking for it costs a layout.
    wide = track.clientWidth;
    near.resize(wide);
    draw();
  });
  watcher.observe(track);

  return {
    root, draw,
    recolour() {
      ink = null;
      drawn = "";
      near.recolour();
      draw();
    },
    close: () => watcher.disconnect(),
  };
}
