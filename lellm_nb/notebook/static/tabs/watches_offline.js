// @ts-check
/** Watches in a history in a file: paths into its states. What is typed is read and never run. */

const MOST_CHANGES = 40;
const NO_KERNEL = "without a kernel a watch is a path such as total, plan.steps[2] or len(items)";

/**
 * A path's value at a frame, as a row.
 * @param {Values} values
 * @param {string} text
 * @param {Page} page
 * @returns {ValueRow | Failed}
 */
function valueAt(values, text, page) {
  const length = text.match(/^\s*len\((.*)\)\s*$/s);
  const keys = keysOf(length ? length[1] : text);
  if (!keys) return { error: NO_KERNEL };
  const place = values.at(page.root, keys);
  if (typeof place !== "number") return place;
  if (!length) return values.row(place);
  return { type: "int", size: "", text: String(values.count(place) || parseInt(values.row(place).size.replaceAll(",", ""), 10) || 0), opens: false };
}

/**
 * Each watch with its value at a frame and at the one before.
 * @param {Page} page
 * @param {string[]} texts
 * @param {SavedHistory} history
 */
export function watched(page, texts, { pages, values }) {
  const before = page.index ? pages.frame(page.index - 1) : null;
  return texts.map((text) => ({ text, now: valueAt(values, text, page), old: before && valueAt(values, text, before) }));
}

/**
 * At which frames a watch changed, newest first.
 * @param {{ text: string }} question
 * @param {SavedHistory} history
 */
export function changesOf({ text }, { pages, values }) {
  const rows = [];
  let last = null;
  for (let index = 0; index < pages.count; index += 1) {
    const value = valueAt(values, text, pages.frame(index));
    const words = value.error ?? value.text;
    if (words === last) continue;
    rows.push({ frame: index, text: words, bad: Boolean(value.error) });
    last = words;
  }
  return { rows: rows.slice(-MOST_CHANGES).reverse(), more: Math.max(0, rows.length - MOST_CHANGES) };
}

/**
 * `plan.steps[2]["a key"]` as keys and indexes, or null where it is anything else.
 * @param {string} text
 */
function keysOf(text) {
  const trimmed = text.trim();
  const start = trimmed.startsWith("state[") ? trimmed.slice(5) : trimmed;
  const part = /\s*(?:(?:^|\.)([\p{L}_][\p{L}\p{N}_]*)|\[\s*(-?\d+)\s*\]|\[\s*"([^"\\]*)"\s*\]|\[\s*'([^'\\]*)'\s*\])/uy;
  /** @type {(string | number)[]} */
  const keys = [];
  while (part.lastIndex < start.length) {
    const found = part.exec(start);
    if (!found) return null;
    keys.push(found[2] === undefined ? (found[1] ?? found[3] ?? found[4]) : Number(found[2]));
  }
  return keys.length && typeof keys[0] === "string" ? keys : null;
}
