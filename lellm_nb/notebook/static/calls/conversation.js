// @ts-check
/** Messages as a conversation. What they say is text, whatever it looks like. */

import { attr, el } from "../core/dom.js";
import { picture } from "../values/rich.js";

/** More lines than this begin folded; so many letters are as many lines in a narrow panel. */
const LINES = 12;
const LETTERS = 700;

/**
 * Where the rest of what is shown comes from; null where nobody has it.
 * @typedef {object} TalkSource
 * @property {((where: object, start: number) => Promise<StatePage>) | null} text
 * @property {((at: number, part: number) => Promise<PictureRow>) | null} picture
 */

/**
 * @param {MessageRow[]} rows
 * @param {TalkSource} source
 */
export function messageRows(rows, source) {
  return rows.map((row) => el("div", { role: "listitem" }, message(row, source)));
}

/**
 * @param {MessageRow} row
 * @param {TalkSource} source
 */
function message(row, source) {
  const who = row.name ? `${row.role} ${row.name}` : row.role;
  const first = row.role === "system" || row.role === "developer" ? 1 : LINES;
  return bubble(row.role, who, row.parts.map((part) => partOf(part, { at: row.at, part: part.part ?? 0 }, source, first)));
}

/**
 * Who speaks, and what is said.
 * @param {string} role
 * @param {string} name
 * @param {Child[]} parts
 */
export function bubble(role, name, parts) {
  return el(
    "article", { class: "message", "data-role": role, "aria-label": name },
    el("span", { class: "role", "data-role": role }, name), el("div", { class: "message-parts" }, parts.length ? parts : el("span", { class: "faint" }, "(empty)")),
  );
}

/**
 * @param {PartRow} part
 * @param {object} where What is asked for the rest of it.
 * @param {TalkSource} source
 * @param {number} lines So many are shown at first.
 * @returns {HTMLElement}
 */
export function partOf(part, where, source, lines = LINES) {
  if (part.kind === "call") return toolCall(part, where, source);
  if (part.kind === "image") return image(part, where, source);
  const words = foldedText(part, where, source, lines);
  if (part.kind === "thought") return el("details", { class: "thought" }, el("summary", { tabindex: 0 }, "thought"), words);
  if (part.kind === "other") return el("div", { class: "faint" }, `(${part.text})`);
  return words;
}

/**
 * A call of a tool as people write it, with its result under it.
 * @param {PartRow} part
 * @param {object} where
 * @param {TalkSource} source
 */
function toolCall(part, where, source) {
  const line = foldedText({ text: `${part.name}(${part.args ?? ""})`, cut: part.cut }, where, source, LINES);
  line.classList.add("tool-line");
  const results = (part.results ?? []).map((one) => {
    const place = one.next ? null : { at: one.at, part: one.part };
    const said = place ? foldedText(one, place, source, LINES) : foldedText(one, {}, { text: null, picture: null }, LINES);
    return el("div", { class: "tool-result" }, el("span", { class: "faint" }, one.next ? "gave (next call)" : "gave"), said);
  });
  return el("div", { class: "tool-card", role: "group", "aria-label": `tool call ${part.name}` }, line, results);
}

/**
 * @param {PartRow} part
 * @param {object} where
 * @param {TalkSource} source
 */
function image(part, where, source) {
  if (!part.picture) return el("div", { class: "faint" }, `image ${part.text ?? ""}`);
  const { at, part: place } = /** @type {{ at: number, part: number }} */ (where);
  const fetch = source.picture;
  return el("div", { class: "message-picture" }, picture(part.picture, fetch ? () => fetch(at, place) : null));
}

/**
 * A text, folded where it is long; what did not travel is fetched with *more*.
 * @param {{ text?: string, cut?: number }} told
 * @param {object} where
 * @param {TalkSource} source
 * @param {number} lines
 */
function foldedText(told, where, source, lines) {
  const words = told.text ?? "";
  const cut = told.cut ?? 0;
  const said = el("div", { class: "message-text" }, words === "" ? el("span", { class: "faint" }, "(empty)") : words);
  const root = el("div", { class: "folding" }, said);
  if (!cut && !isLong(words, lines)) return root;
  root.style.setProperty("--lines", String(lines));
  attr(root, "data-folded", "true");
  let whole = !cut;
  const more = el("button", {
    type: "button", class: "link more-text", "aria-expanded": "false",
    onclick: async () => {
      const open = root.hasAttribute("data-folded");
      attr(root, "data-folded", open ? null : "true");
      attr(more, "aria-expanded", String(open));
      more.textContent = open ? "less" : "more";
      if (open && !whole) {
        whole = true;
        await fetchRest(said, where, source, cut);
      }
    },
  }, "more");
  root.append(more);
  return root;
}

/**
 * @param {string} words
 * @param {number} lines
 */
function isLong(words, lines) {
  if (words.length > (lines === 1 ? 90 : LETTERS)) return true;
  return words.split("\n", lines + 1).length > lines;
}

/**
 * @param {HTMLElement} said
 * @param {object} where
 * @param {TalkSource} source
 * @param {number} cut
 */
async function fetchRest(said, where, source, cut) {
  if (!source.text) {
    said.append(el("span", { class: "faint" }, ` … ${cut.toLocaleString("en")} more characters are not here`));
    return;
  }
  attr(said, "aria-busy", "true");
  let whole = "";
  for (let start = 0; ;) {
    const page = await source.text(where, start);
    if (page.error) {
      said.append(el("span", { class: "bad" }, ` ${page.error}`));
      return;
    }
    whole += page.full ?? "";
    if (!page.cut) break;
    start = page.next ?? 0;
  }
  attr(said, "aria-busy", null);
  said.replaceChildren(el("span", {}, whole));
}
