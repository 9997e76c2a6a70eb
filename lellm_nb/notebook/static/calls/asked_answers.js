// @ts-check
/** What a call was answered when it was asked again: side by side, and nothing moved. */

import { duration, el, visible } from "../core/dom.js";
import { dollars } from "../core/call_sums.js";
import { answerParts } from "./call_body.js";

/**
 * @param {{ use: (place: number) => void, source: { ask: (question: any) => Promise<any> } }} on
 */
export function askedAnswers({ use, source }) {
  const row = el("div", { class: "asked-answers", role: "list", "aria-label": "Answers", hidden: true });
  let drawn = "";

  /** @param {AskedAnswer[]} answers */
  function draw(answers) {
    const now = JSON.stringify(answers);
    if (now === drawn) return;
    drawn = now;
    visible(row, answers.length > 0);
    row.replaceChildren(...answers.map((one, place) => el("div", { role: "listitem" }, card(one, place))));
  }

  /**
   * @param {AskedAnswer} one
   * @param {number} place
   */
  function card(one, place) {
    const facts = [
      one.who, one.in === null ? "" : `${one.in} in · ${one.out ?? "?"} out`, one.cost === null ? "cost unknown" : dollars(one.cost), duration(one.ms),
    ];
    const text = (/** @type {object} */ where, /** @type {number} */ start) => source.ask({ ask: "call_text", asked: place, ...where, start });
    const parts = one.answer ? answerParts(one.answer, {}, /** @type {CallSource} */ ({ text, picture: null })) : [];
    return el(
      "article", { class: "asked-answer", "aria-label": `answer ${place + 1}` },
      el("div", { class: "faint" }, facts.filter(Boolean).join(" · ")),
      one.error ? el("p", { class: "bad" }, one.error) : null,
      el("div", { class: "message-parts" }, parts),
      one.error ? null : el("button", {
        type: "button", class: "chip", title: "A fork: the calls before are served, this one has this answer, and the run goes on", onclick: () => use(place),
      }, "Use this answer"),
    );
  }

  return { root: row, draw };
}
