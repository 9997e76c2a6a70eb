// @ts-check
/** The heading of the frame on show: which step it was, its pin and its note. */

import { duration, el } from "../core/dom.js";
import { sumsText } from "../core/call_sums.js";
import { icon } from "../core/icons.js";
import { nodeAt } from "../core/outline.js";
import { nodeColour } from "./strip_paint.js";

/** @param {Store} store */
export function frameTitle(store) {
  const root = el("div", { class: "frame-title" });

  /** @param {TitleRow} row */
  function draw(row) {
    const number = nodeAt(store.outline, row.path);
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
    if (row.instead) bits.push(el("span", { class: "badge", "data-kind": "waiting", title: row.instead === "mocked" ? "Its outcome was fixed by mock(): its own code did not run" : "skip() went past it: nothing ran" }, row.instead));
    if (row.stale.length) bits.push(el("span", { class: "badge", "data-kind": "waiting" }, `stale: ${row.stale.join(", ")}`));
    if (row.old_code) bits.push(el("span", { class: "badge", "data-kind": "waiting", title: "The code that made this frame was replaced since" }, "older code"));
    if (row.gap) bits.push(el("span", { class: "badge", "data-kind": "waiting", title: "Between the frame before and this one there were steps that nobody captured" }, "steps before it not captured"));
    if (row.cost) bits.push(el("span", { class: "faint" }, `cost ${row.cost}`));
    if (row.calls) bits.push(el("span", { class: "faint" }, sumsText(row.calls)));
    const [marked, ...words] = marks(row.index);
    bits.push(el("span", { class: "spring" }), el(
      "span", { class: "frame-facts" },
      row.ms ? el("span", { class: "faint" }, duration(row.ms)) : null, el("span", { class: "faint" }, `frame ${row.index}`), marked,
    ));
    root.replaceChildren(...bits, ...words);
  }

  /**
   * The buttons of the frame's pin and note, which stay beside its number, and the note.
   * @param {number} frame
   * @returns {[HTMLElement | null, ...HTMLElement[]]}
   */
  function marks(frame) {
    const mark = store.marks().get(frame) ?? {};
    const words = mark.note ? el("div", { class: "note" }, mark.note) : null;
    if (store.saved) return words ? [null, words] : [null];
    const pin = el(
      "button",
      { type: "button", class: "act", "aria-label": "Pin frame", "aria-pressed": String(Boolean(mark.pin)), title: mark.pin ? "Unpin this frame" : "Pin: keep this frame whatever is dropped", onclick: () => store.send({ do: "pin", frame, on: !mark.pin }) },
      icon("pin", 13),
    );
    const note = el(
      "button", { type: "button", class: "act", "aria-label": "Note", title: "Write a note to this frame", onclick: () => write(frame, mark.note ?? "") }, icon("note", 13),
    );
    return [el("span", { class: "frame-marks" }, pin, note), ...(words ? [words] : [])];
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
