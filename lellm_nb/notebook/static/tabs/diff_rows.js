// @ts-check
/** Changes between two states, drawn as rows. */

import { el } from "../core/dom.js";

/** @type {Record<string, string>} */
const SIGNS = { added: "+", removed: "−", changed: "~" };

/**
 * A short list of changes; `empty` is what stands there if nothing changed.
 * @param {Partial<Changes>} diff
 * @param {string} empty
 */
export function diffRows(diff, empty) {
  const rows = (diff.rows ?? []).map((row) =>
    el(
      "div",
      { class: `change change-${row.kind}` },
      el("span", { class: "change-sign", "aria-label": row.kind }, SIGNS[row.kind] ?? "·"),
      el(
        "span",
        { class: "change-values" },
        el("span", { class: "change-path" }, row.path), " ",
        row.old ? el("span", { class: "old" }, row.old.text) : null,
        row.old && row.new ? el("span", { class: "arrow", "aria-label": "became" }, "→") : null,
        row.new ? el("span", { class: "new" }, row.new.text) : null,
      ),
    ),
  );
  if (!rows.length) rows.push(el("div", { class: "faint" }, empty));
  if (diff.more) rows.push(el("div", { class: "faint" }, `and ${diff.more.toLocaleString("en")} more`));
  return el("div", { class: "changes" }, rows);
}
