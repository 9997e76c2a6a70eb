// @ts-check
/** Where a text stands in a history in a file. */

import { LEAVING } from "../core/node_status.js";

const MOST_HITS = 100;
const AROUND = 30;

/** @typedef {[path: string, words: string, where: string][]} Found */

/**
 * @param {{ text: string }} question
 * @param {SavedHistory} history
 */
export function find({ text }, { pages, values }) {
  if (!text) return { error: "find takes a text that is not empty." };
  const wanted = text.toLowerCase();
  const has = (/** @type {string} */ words) => words.toLowerCase().includes(wanted);
  const inside = insideOf(values, has);
  /** @type {Hit[]} */
  const rows = [];
  let total = 0;
  const put = (/** @type {Page} */ page, /** @type {string} */ where, /** @type {string} */ key, /** @type {string} */ words) => {
    total += 1;
    if (rows.length < MOST_HITS) rows.push({ frame: page.index, path: page.path || (page.kind === "input" ? "input" : "start"), where, key, text: around(words, wanted) });
  };
  /** @type {Set<PlaceOf>} */
  const told = new Set();
  const write = (/** @type {Page} */ page, /** @type {string} */ path, /** @type {PlaceOf} */ place) => {
    if (has(path)) put(page, "key", path, path);
    if (place < 0 || (LEAVING.has(page.kind) && told.has(place))) return;
    const hits = inside(place);
    if (hits.length) told.add(place);
    for (const [more, words, where] of hits) put(page, where, path + more, words);
  };
  for (let index = 0; index < pages.count; index += 1) {
    const page = pages.frame(index);
    if (index === 0) for (const [key, place] of values.state(page.root)) write(page, key, place);
    for (const { path, value } of page.writes) write(page, path, value);
    const { output, error, decision } = page.more;
    if (output && has(output.text)) put(page, "output", "", output.text);
    if (output && has(output.stream)) put(page, "stream", "", output.stream);
    const failed = error && (error.wrapped || `${error.type}: ${error.message}`);
    if (failed && has(failed)) put(page, "error", "", failed);
    if (decision && has(decision)) put(page, "decision", "", decision);
  }
  return { rows, total };
}

/**
 * Where the text is inside a value, as a function of its place; a value is looked through once.
 * @param {Values} values
 * @param {(words: string) => boolean} has
 */
function insideOf(values, has) {
  /** @type {Map<PlaceOf, Found>} */
  const memo = new Map();
  /** @type {(place: PlaceOf) => Found} */
  const inside = (place) => {
    const known = memo.get(place);
    if (known) return known;
    /** @type {Found} */
    const found = [];
    memo.set(place, found);
    const kids = values.kids(place);
    if (!kids.length && has(values.text(place))) found.push(["", values.text(place), "value"]);
    const listed = values.row(place).type !== "dict";
    for (const [key, kid] of kids) {
      const name = listed ? `[${key}]` : `.${key}`;
      if (!listed && has(key)) found.push([name, key, "key"]);
      for (const [path, words, where] of inside(kid)) found.push([name + path, words, where]);
    }
    return found;
  };
  return inside;
}

/**
 * @param {string} words
 * @param {string} wanted
 */
function around(words, wanted) {
  const at = Math.max(0, words.toLowerCase().indexOf(wanted));
  const [begin, end] = [Math.max(0, at - AROUND), at + wanted.length + AROUND];
  return (begin ? "…" : "") + words.slice(begin, end).split(/\s+/).join(" ").trim() + (end < words.length ? "…" : "");
}
