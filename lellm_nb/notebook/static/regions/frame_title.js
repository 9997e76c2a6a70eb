// @ts-check
/** The heading of the frame on show: which step it was, its pin and its note. */

import { duration, el } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { withoutVisits } from "../core/outline.js";
import { nodeColour } from "./strip_paint.js";

/** @param {Store} store */
export function frameTitle(store) {
  const root = el("div", { class: "frame-title" });

  /** @param {TitleRow} row */
  function draw(row) {
    const number = store.outline.nodes.findIndex((node) => node.path === withoutVisits(row.path));
    const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = nodeColour(number);
    const bits = [
      swatch,
      el("b", {}, row.path || store.outline.name),
      el("span", { class: "badge", "data-kind": row.kind }, row.kind),
    ];
    if (row.visit > 1) bits.push(el("span", { class: "faint" }, `visit ${row.visit}`));
    if (row.decision) bits.push(el("span", { class: "faint" }, row.decision));
    if (row.tries > 1) bits.push(el("span", { class: "faint" }, `${row.tries} tries`));
    if (row.recorded) bits.push(el("span", { class: "badge" }, "looked up, did not run"));
    if (row.stale.length) bits.push(el("span", { class: "badge", "data-kind": "waiting" }, `stale: ${row.stale.join(", ")}`));
    if (row.old_code) bits.push(el("span", { class: "badge", "data-kind": "waiting", title: "The code that made this frame was replaced since" }, "older code"));
    if (row.gap) bits.push(el("span", { class: "badge", "data-kind": "waiting", title: "Between the frame before and this one there were steps that nobody captured" }, "steps before it not captured"));
    if (row.cost) bits.push(el("span", { class: "faint" }, `cost ${row.cost}`));
    bits.push(el("span", { class: "spring" }));
    if (row.ms) bits.push(el("span", { class: "faint" }, duration(row.ms)));
    bits.push(el("span", { class: "faint" }, `frame ${row.index}`));
    root.replaceChildren(...bits, ...marks(row.index));
  }

  /** The frame's pin and note, and the button to the field that a note is written in. @param {number} frame */
  function marks(frame) {
    const mark = store.marks().get(frame) ?? {};
    const words = mark.note ? el("div", { class: "note" }, mark.note) : null;
    if (store.saved) return words ? [words] : [];
    const pin = el(
      "button",
      { type: "button", class: "act", "aria-label": "Pin frame", "aria-pressed": String(Boolean(mark.pin)), title: mark.pin ? "Unpin this frame" : "Pin: keep this frame whatever is dropped", onclick: () => store.send({ do: "pin", frame, on: !mark.pin }) },
      icon("pin", 13),
    );
    const note = el(
      "button", { type: "button", class: "act", "aria-label": "Note", title: "Write a note to this frame", onclick: () => write(frame, mark.note ?? "") }, icon("note", 13),
    );
    return [pin, note, ...(words ? [words] : [])];
  }

  /**
   * Open the field that a note is written in.
   * @param {number} frame
   * @param {string} words
   */
  function write(frame, words) {
    const field = el("input", { type: "text", class: "note-field", "aria-label": `Note on frame ${frame}`, placeholder: "a note; Enter keeps it, empty takes it away" });
    field.value = words;
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") store.send({ do: "note", frame, text: field.value });
      else if (event.key !== "Escape") return;
      event.stopPropagation();
      field.remove();
    });
    root.append(field);
    field.focus();
  }

  return { root, draw };
}
