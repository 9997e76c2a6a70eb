/** The frames around the one on show, one by one: colour by node, a lane for each parallel branch. */

import { colour, duration, el, text, visible } from "../core/dom.js";
import { KINDS } from "../core/node_status.js";

/** Width of a frame where there are too many for the width, and at most. */
const SMALLEST = 12;
const WIDEST = 14;
const TOP = 7;
const LANE = 11;
const MOST_LANES = 6;

/** A node's own colour: the same wherever it is drawn. */
export function nodeColour(number) {
  return number < 0 ? "hsl(0 0% 60%)" : `hsl(${(number * 67 + 210) % 360} 52% 55%)`;
}

export function strip(store) {
  const canvas = el("canvas", { class: "strip-canvas", "aria-hidden": "true" });
  const tip = el("div", { class: "strip-tip", "aria-hidden": "true", hidden: true });
  const root = el("div", { class: "strip" }, canvas, tip);
  let wide = 0;
  let cell = SMALLEST;
  /** Where a frame begins; with room for all, below its tick on the rail. */
  let left = (place) => 2 + place * cell;
  let shown = null;
  let sketch = "";
  let hovered = -1;
  let inks = new Map();

  /** A colour of the theme, asked for once: asking makes the page work out its styles. */
  function ink(name) {
    if (!inks.has(name)) inks.set(name, colour(root, name));
    return inks.get(name);
  }

  /** The branch of a parallel that a node is in: [parallel, place among its branches], or null. */
  function branchOf(number) {
    const { nodes } = store.outline;
    let found = null;
    for (let at = number; at >= 0 && nodes[at]; at = nodes[at].parent) {
      const up = nodes[at].parent;
      if (up >= 0 && nodes[up].kind === "parallel") found = [up, nodes[at].place];
    }
    return found;
  }

  function draw(rail) {
    const count = store.head.count;
    const fits = Math.max(1, Math.floor((wide - 4) / SMALLEST));
    if (rail) {
      const spacing = rail(1) - rail(0);
      const under = spacing >= SMALLEST;
      cell = under ? Math.min(WIDEST, spacing) : SMALLEST;
      left = under ? (place) => rail(place) - cell / 2 : (place) => 2 + place * cell;
    }
    visible(root, count > 1);
    if (!wide || count < 2) return;
    let from = 0;
    if (count > fits) from = Math.max(0, Math.min(count - fits, store.shown - Math.floor(fits / 2)));
    const to = Math.min(count, from + fits);
    const rows = [];
    for (let index = from; index < to; index += 1) rows.push(store.row(index));
    const stops = new Set((store.head.breakpoints ?? []).map(([number]) => number));
    const marks = store.marks();
    const now = JSON.stringify([wide, cell, left(1), from, to, store.shown, store.head.head, hovered, [...stops], [...marks.keys()],
      rows.map((row) => (row ? row[0] * 10 + row[1] : -1))]);
    if (now === sketch) return;
    sketch = now;
    shown = { from, to, rows };
    paint(from, rows, stops, marks);
  }

  function paint(from, rows, stops, marks) {
    const lanes = rows.map((row) => (row ? branchOf(row[0]) : null));
    const most = Math.max(0, ...lanes.map((lane) => (lane ? Math.min(lane[1], MOST_LANES - 1) : 0)));
    const height = TOP + (most + 1) * LANE + 4;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(wide * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    const pen = canvas.getContext("2d");
    if (!pen) return;
    pen.scale(ratio, ratio);
    pen.strokeStyle = ink("--nb-line");
    rows.forEach((row, place) => {
      const index = from + place;
      const x = left(place);
      const lane = Math.min(lanes[place]?.[1] ?? 0, MOST_LANES - 1);
      const y = TOP + lane * LANE;
      pen.globalAlpha = index > store.head.head ? 0.35 : 1;
      if (lanes[place] && most > 0) {
        pen.fillStyle = ink("--nb-faintline");
        for (let other = 0; other <= most; other += 1) pen.fillRect(x, TOP + other * LANE + 4, left(1) - left(0), 1);
      }
      if (!row) {
        pen.fillStyle = ink("--nb-faintline");
        pen.fillRect(x + 1, y, cell - 2, 9);
        return;
      }
      const kind = KINDS[row[1]];
      pen.fillStyle = row[0] < 0 ? ink("--nb-line") : nodeColour(row[0]);
      if (kind === "waiting") {
        pen.lineWidth = 2;
        pen.strokeStyle = ink("--nb-waiting");
        pen.strokeRect(x + 2, y + 1, cell - 4, 7);
      } else {
        pen.beginPath();
        pen.roundRect(x + 1, y, cell - 2, 9, kind === "exit" || kind === "join" ? 4.5 : 2);
        pen.fill();
      }
      sign(pen, kind, x, y);
      if (stops.has(row[0])) dot(pen, x + cell / 2, 3, 2, ink("--nb-failed"));
      const mark = marks.get(index);
      if (mark) dot(pen, x + cell / 2, 3, 2.4, ink(mark.pin ? "--nb-accent" : "--nb-waiting"));
      pen.globalAlpha = 1;
      if (index === store.shown || index === hovered) {
        pen.lineWidth = index === store.shown ? 2 : 1;
        pen.strokeStyle = ink(index === store.shown ? "--nb-text" : "--nb-faint");
        pen.strokeRect(x, y - 1.5, cell, 12);
      }
    });
  }

  function sign(pen, kind, x, y) {
    if (kind === "error") {
      pen.strokeStyle = ink("--nb-failed");
      pen.lineWidth = 2.4;
      pen.beginPath();
      pen.moveTo(x + 2, y);
      pen.lineTo(x + cell - 2, y + 9);
      pen.moveTo(x + cell - 2, y);
      pen.lineTo(x + 2, y + 9);
      pen.stroke();
    } else if (kind === "decision") {
      dot(pen, x + cell / 2, y + 4.5, 2.4, ink("--nb-bg"));
    } else if (kind === "edit") {
      pen.fillStyle = ink("--nb-accent");
      pen.beginPath();
      pen.moveTo(x + 1, y + 9);
      pen.lineTo(x + cell - 1, y + 9);
      pen.lineTo(x + cell / 2, y);
      pen.fill();
    }
  }

  function dot(pen, x, y, radius, ink) {
    pen.fillStyle = ink;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.fill();
  }

  function indexAt(event) {
    if (!shown) return -1;
    const x = event.clientX - canvas.getBoundingClientRect().left;
    const place = Math.round((x - left(0) - cell / 2) / (left(1) - left(0)));
    return place >= 0 && place < shown.to - shown.from ? shown.from + place : -1;
  }

  canvas.addEventListener("click", (event) => {
    const index = indexAt(event);
    if (index >= 0) store.look(index);
  });
  canvas.addEventListener("pointermove", (event) => {
    hovered = indexAt(event);
    const row = hovered >= 0 ? shown.rows[hovered - shown.from] : null;
    visible(tip, Boolean(row));
    if (row) {
      const node = store.outline.nodes[row[0]];
      const note = store.marks().get(hovered)?.note;
      text(tip, [`frame ${hovered}`, node?.path ?? "start", KINDS[row[1]], row[3] ? duration(row[3] / 1000) : "", note ?? ""].filter(Boolean).join(" · "));
      tip.style.left = `${Math.max(0, Math.min(wide - 220, left(hovered - shown.from)))}px`;
    }
    draw();
  });
  canvas.addEventListener("pointerleave", () => {
    hovered = -1;
    visible(tip, false);
    draw();
  });

  return {
    root, draw,
    resize(width) {
      wide = width;
      draw();
    },
    recolour() {
      inks = new Map();
      sketch = "";
      draw();
    },
  };
}
