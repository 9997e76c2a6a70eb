// @ts-check
/** The Mutations tab: what the frame wrote, in order; a write can be left out of the record. */

import { el } from "../core/dom.js";
import { columns, empty, more } from "./parts.js";
import { writeRow } from "./write_row.js";

/**
 * @param {Detail & { rows: WriteRow[], more: number, can_untick: boolean }} detail
 * @param {View} view
 */
function draw(detail, { store, frame }) {
  if (!detail.rows.length) return [empty("This frame wrote nothing.")];
  const can = detail.can_untick && !store.saved;
  const rows = detail.rows.map((row, place) => {
    const tick = can
      ? el("input", {
        type: "checkbox", checked: true, "aria-label": `Keep ${row.what} ${row.path}`,
        title: "Untick: fold the history again without this, on a new line; no node runs",
        onchange: () => store.order({ do: "without", frame, mutation: place }),
      })
      : null;
    return el(
      "tr", {},
      el("td", { class: "what" }, tick, row.what),
      el("td", { class: "change-path" }, row.path),
      el("td", { class: "tree-value" }, row.value ? row.value.text : ""),
      el("td", { class: "tree-type" }, row.reducer),
    );
  });
  const hint = can ? el("p", { class: "faint" }, "Untick one to see the run without it, on a new line; no node runs again.") : null;
  return [columns(["Mutation", "Key", "Value", "Reducer"], rows), more(detail), hint];
}

/**
 * @param {Page} frame
 * @param {object} _question
 * @param {SavedHistory} history
 */
function offline(frame, _question, { values }) {
  return { rows: frame.writes.map((write) => writeRow(values, write)), more: 0, can_untick: false };
}

/** @type {TabModule} */
export const tab = { draw, offline };
