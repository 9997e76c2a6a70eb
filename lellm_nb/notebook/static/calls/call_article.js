// @ts-check
/** One call: its header, and what was said in it once somebody opens it. */

import { attr, duration, el, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { dollars } from "../core/call_sums.js";
import { callActs } from "./call_acts.js";
import { callBody } from "./call_body.js";

/**
 * @param {View} view
 * @param {CallSource} source
 * @param {boolean | string} open Whether it is open at first.
 */
export function callArticle(view, source, open) {
  const mark = el("span", { class: "tree-mark", "aria-hidden": "true" });
  const name = el("span", { class: "call-name" });
  const toggle = el("button", { type: "button", class: "call-toggle", onclick: () => turn(!opened) }, mark, name);
  const facts = el("span", { class: "call-facts" });
  const stopped = el("p", { class: "call-stopped", hidden: true });
  const failed = el("p", { class: "call-error", hidden: true });
  const body = callBody(source);
  const acts = callActs(view, () => load(true));
  const inner = el("div", { class: "call-inner", hidden: true }, body.root, acts.root);
  const root = el("article", { class: "call" }, el("header", { class: "call-head" }, toggle, facts), stopped, failed, inner);
  let opened = Boolean(open);
  /** What is drawn, and whether a body is on its way. */
  let drawn = "";
  let state = "";
  let loading = false;
  /** @type {CallHead | null} */
  let row = null;

  /** @param {boolean} on */
  function turn(on) {
    opened = on;
    show();
    if (on) load();
  }

  function show() {
    visible(inner, opened);
    attr(toggle, "aria-expanded", String(opened));
    mark.replaceChildren(icon(opened ? "open" : "closed", 12));
  }

  async function load(anew = false) {
    if (!row || loading || (!anew && state === row.state)) return;
    loading = true;
    const wanted = row.state;
    const found = await source.body();
    loading = false;
    state = wanted;
    body.draw(found);
    acts.answers(found);
    if (opened && row.state !== wanted) load();
  }

  /**
   * @param {CallHead} told
   * @param {CallsDetail} detail
   */
  function draw(told, detail) {
    row = told;
    acts.draw(told, detail);
    const said = JSON.stringify(told);
    if (said !== drawn) {
      drawn = said;
      attr(root, "aria-label", `call ${told.number}, ${told.who}`);
      attr(root, "data-live", told.live || null);
      name.replaceChildren(el("span", { class: "call-number" }, String(told.number)), el("b", {}, told.who));
      facts.replaceChildren(.../** @type {HTMLElement[]} */ (factsOf(told).filter(Boolean)));
      visible(stopped, Boolean(told.stopped));
      stopped.textContent = told.stopped ? `stopped here: ${told.stopped}` : "";
      visible(failed, Boolean(told.error));
      failed.textContent = told.error;
    }
    show();
    if (opened) load();
  }

  return { root, draw };
}

/** @type {Record<string, string>} */
const MARKS = {
  edited: "It was not sent as the node wrote it",
  stale: "What it was served answers another request",
  cut: "The answer was left, or broke off, before it was whole",
  late: "It was sent after its node had ended",
};

/**
 * What a header tells: how much, how long, and what was special.
 * @param {CallHead} row
 */
function factsOf(row) {
  const fact = (/** @type {string} */ words, /** @type {string} */ title) => el("span", { class: "faint", title: title || null }, words);
  const chip = (/** @type {string} */ words, /** @type {string} */ kind, /** @type {string} */ title) => el("span", { class: "badge", "data-kind": kind || null, title }, words);
  const counts = row.in === null && row.out === null ? null : fact(`${number(row.in)} in · ${number(row.out)} out`, tokensTitle(row));
  return [
    row.stopped ? chip("stopped here", "waiting", row.stopped) : null,
    row.live ? chip("running", "", "Its answer is still coming") : null,
    row.served ? chip(row.source === null ? "served" : `served from frame ${row.source}`, "", "Looked up instead of sent: it was free") : null,
    ...row.marks.map((word) => chip(word, "waiting", MARKS[word])),
    row.attempts > 1 ? chip(`${row.attempts} attempts`, "waiting", "The client tried again; the last attempt counts") : null,
    row.status !== null && row.status >= 400 ? chip(String(row.status), "error", "The status of the answer") : null,
    counts,
    row.cost !== null ? fact(dollars(row.cost), "") : counts ? fact("cost unknown", "dbg.prices({model: (in, out)}) says what it costs") : null,
    row.ms === null ? null : fact(duration(row.ms), row.ttft === null ? "" : `the first piece came after ${duration(row.ttft)}`),
    row.ttft === null ? null : fact(`first after ${duration(row.ttft)}`, "Until the first piece of the answer came"),
  ];
}

/** @param {number | null} count */
const number = (count) => (count === null ? "?" : count.toLocaleString("en"));

/** @param {CallHead} row */
function tokensTitle({ cached, reasoning }) {
  return ["tokens in and out", cached ? `${number(cached)} of the input cached` : "", reasoning ? `${number(reasoning)} of the output thought` : ""]
    .filter(Boolean).join("; ");
}
