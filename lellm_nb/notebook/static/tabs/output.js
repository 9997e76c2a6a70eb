// @ts-check
/** The Output tab: what the node printed, logged, displayed and streamed. */

import { el, plural } from "../core/dom.js";
import { empty } from "./parts.js";
import { picture } from "../values/rich.js";

/**
 * @param {Detail & Required<More>["output"]} detail
 * @param {View} view
 */
function draw(detail, { store, frame }) {
  const shown = detail.shown ?? [];
  if (!detail.text && !detail.stream && !shown.length) return [empty("Nothing was printed, logged or shown.")];
  const parts = [];
  if (detail.cut) parts.push(el("div", { class: "faint" }, `${plural(detail.cut, "earlier character")} not shown`));
  if (detail.text) parts.push(el("pre", { class: "full" }, detail.text));
  const fetch = store.saved ? null : (/** @type {number} */ place) => store.ask({ ask: "picture", frame, place });
  for (const row of shown) if (row.kind !== "text") parts.push(el("div", { class: "displayed" }, picture(row, fetch)));
  if (detail.stream) {
    parts.push(el("h4", {}, `Stream · ${plural(detail.chunks, "chunk")}`), el("pre", { class: "full stream" }, detail.stream));
  }
  return parts;
}

/** @type {TabModule} */
export const tab = {
  draw,
  offline: (frame) => ({ text: "", cut: 0, stream: "", chunks: 0, shown: [], ...frame.more.output }),
};
