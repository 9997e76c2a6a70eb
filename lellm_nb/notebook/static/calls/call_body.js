// @ts-check
/** What was said in a call: the conversation, the answer, and what else was sent. */

import { attr, el, plural, visible } from "../core/dom.js";
import { treeRows } from "../values/value_tree.js";
import { bubble, messageRows, partOf } from "./conversation.js";

/**
 * Parts that are drawn again only where they differ: what a reader unfolded stays.
 * @param {CallSource} source
 */
export function callBody(source) {
  const asked = el("p", { class: "call-asked" });
  const talk = el("div", { class: "talk", role: "list", "aria-label": "Conversation" });
  const answer = el("div", { class: "call-answer" });
  const values = el("div", { class: "call-values" });
  const root = el("div", { class: "call-body" }, asked, talk, answer, values);
  const drawn = { talk: "", answer: "", values: "" };

  /** @param {CallBody} body */
  function draw(body) {
    const failed = body.error && !body.method;
    asked.textContent = failed ? body.error ?? "" : body.chat ? "" : `${body.method} ${body.url}`;
    visible(asked, Boolean(asked.textContent));
    attr(asked, "data-bad", failed || null);
    again("talk", body.items, () => talk.replaceChildren(...body.items.flatMap((item) => stretch(item, source))));
    again("answer", [body.answer, body.finish], () => answer.replaceChildren(...answered(body, source)));
    again("values", [body.values, body.tools], () => values.replaceChildren(...body.values.map((name) => valueSection(name, body, source))));
    visible(talk, body.items.length > 0);
  }

  /**
   * @param {"talk" | "answer" | "values"} part
   * @param {unknown} about
   * @param {() => void} make
   */
  function again(part, about, make) {
    const now = JSON.stringify(about);
    if (now === drawn[part]) return;
    drawn[part] = now;
    make();
  }

  return { root, draw };
}

/**
 * Messages that follow each other: new ones in full, what was there before in one button.
 * @param {CallItem} item
 * @param {CallSource} source
 * @returns {HTMLElement[]}
 */
function stretch(item, source) {
  if (item.what === "new") return messageRows(item.rows ?? [], source);
  const gone = item.what === "gone";
  const words = gone
    ? `${plural(item.count, "message")} of the call before ${item.count === 1 ? "is" : "are"} not in this one`
    : `${plural(item.count, "message")} as in the call before`;
  const inside = el("div", { class: "folded-messages", role: "list", "aria-label": words, hidden: true, "data-gone": gone || null });
  let fetched = false;
  const button = el("button", {
    type: "button", class: "fold-messages", "aria-expanded": "false", "data-gone": gone || null,
    onclick: async () => {
      const open = inside.hidden;
      visible(inside, open);
      attr(button, "aria-expanded", String(open));
      if (!open || fetched) return;
      fetched = true;
      inside.replaceChildren(...messageRows(await source.stretch(item), gone ? { text: null, picture: null } : source));
    },
  }, words);
  return [el("div", { role: "listitem" }, button, inside)];
}

/**
 * @param {CallBody} body
 * @param {CallSource} source
 */
function answered({ answer, finish }, source) {
  if (!answer) return [];
  const parts = answerParts(answer, {}, source);
  if (!parts.length && answer.live) parts.push(el("span", { class: "faint" }, "nothing came so far"));
  const said = bubble("assistant", "answer", parts);
  attr(said, "data-answer", "true");
  attr(said, "data-live", answer.live || null);
  return finish ? [said, el("div", { class: "finish faint" }, `finish: ${finish}`)] : [said];
}

/**
 * The parts of an answer; `where` says which, among those that were asked for.
 * @param {CallAnswer} answer
 * @param {object} where
 * @param {CallSource} source
 */
export function answerParts(answer, where, source) {
  let tool = -1;
  return answer.parts.map((part) => partOf(part, part.kind === "call" ? { ...where, tool: (tool += 1) } : where, source));
}

/** @type {Record<string, string>} */
const NAMES = { params: "Parameters", request: "Request", response: "Response" };
/** These are what a call is about that is no conversation. */
const FIRST = new Set(["request", "response"]);

/**
 * @param {string} name
 * @param {CallBody} body
 * @param {CallSource} source
 */
function valueSection(name, body, source) {
  const inside = el("div", { class: "tree" });
  let fetched = false;
  const section = el(
    "details", { class: "call-value", ontoggle: () => load() },
    el("summary", { tabindex: 0 }, name === "tools" ? `Tools (${body.tools})` : NAMES[name] ?? name), inside,
  );

  async function load() {
    if (fetched || !section.open) return;
    fetched = true;
    const fetch = (/** @type {number[]} */ steps, /** @type {number} */ start) => source.inside(name, steps, start);
    const page = await fetch([], 0);
    inside.replaceChildren(...treeRows(page, [], { fetch }));
    if (page.full !== undefined && page.missing) inside.append(el("p", { class: "faint" }, `${page.missing.toLocaleString("en")} more characters are not here`));
  }

  if (!body.chat && FIRST.has(name)) section.open = true;
  return section;
}
