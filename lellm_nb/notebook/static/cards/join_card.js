// @ts-check
/** The card of a parallel of which some branches failed: what becomes of them. */

import { el } from "../core/dom.js";
import { icon } from "../core/icons.js";

const WAYS = [
  ["Keep", "keep", "join the branches that are good and go on without the others"],
  ["Retry", "retry", "run the failed branches again; the good ones are kept"],
  ["Drop", "drop", "join none of them and go on"],
];

/**
 * @param {Store} store
 * @param {JoinRow} row
 */
export function joinCard(store, row) {
  const failed = row.failed.length;
  const words = `${failed} of ${row.branches} ${row.branches === 1 ? "branch" : "branches"} failed: ${row.failed.join(", ")}`;
  return el(
    "section",
    { class: "card card-join", role: "group", "aria-label": `Join ${row.path}` },
    el("header", { class: "card-head" }, icon("parallel"), el("span", { class: "card-title" }, row.path), el("span", { class: "card-queue" }, words)),
    el("div", { class: "answers" }, WAYS.map(([name, how, does]) => el(
      "div", { class: "answer-column" },
      el("div", { class: "answer-form" }, el("button", {
        type: "button", class: "answer", "aria-label": name, title: does, onclick: () => store.order({ do: "resolve_join", how }),
      }, name)),
      el("div", { class: "outcome faint" }, does),
    ))),
  );
}
