// @ts-check
/** The frames of a history in a file, as its lines have them. */

import { KINDS } from "../core/node_status.js";

/**
 * The frames of the line on show, which `line` tells.
 * @param {Book} book
 * @param {Values} values
 * @param {() => string} line
 * @returns {Pages}
 */
export function pagesOf(book, values, line) {
  const lineOf = (/** @type {string} */ name) => /** @type {BookLine} */ (book.lines.find((one) => one.name === name));

  /**
   * Where a frame of a line is in the book: a line is a few stretches of it.
   * @param {number} index
   * @param {string} name
   */
  function placeOf(index, name) {
    let left = index;
    for (const [first, count] of lineOf(name).frames) {
      if (left < count) return first + left;
      left -= count;
    }
    return -1;
  }

  return {
    get line() {
      return line();
    },
    get count() {
      return lineOf(line()).frames.reduce((sum, [, count]) => sum + count, 0);
    },
    get head() {
      return lineOf(line()).head;
    },
    row: (index) => book.frames[placeOf(index, line())][0],
    frame: (index) => pageAt(book, values, index, placeOf(index, line())),
    stateOf: (name, index) => book.frames[placeOf(index, name)][2],
  };
}

/**
 * @param {Book} book
 * @param {Values} values
 * @param {number} index
 * @param {number} place
 * @returns {Page}
 */
function pageAt(book, values, index, place) {
  const [row, path, state, root, level, route, writes] = book.frames[place];
  return {
    index, number: row[0], kind: KINDS[row[1]], visit: row[2], micros: row[3], path: values.word(path), state, root,
    level: values.word(level), route: book.routes[route], more: book.more[place] ?? {},
    get writes() {
      /** @type {Write[]} */
      const made = [];
      for (let at = 0; at < writes.length; at += 5) {
        const [what, path, key, value, reducer] = writes.slice(at, at + 5);
        made.push({ what: values.word(what), path: values.word(path), key: values.word(key), value, reducer: values.word(reducer) });
      }
      return made;
    },
  };
}

/**
 * The heading of a frame.
 * @param {Page} page
 */
export function titleOf({ index, number, kind, path, visit, micros, more }) {
  return {
    index, kind, path, visit, number, ms: micros / 1000, failed: Boolean(more.error), decision: more.decision ?? "",
    tries: more.tries ?? 0, recorded: more.recorded ?? false, stale: more.stale ?? [], gap: more.gap ?? false, cost: more.cost ?? "",
    old_code: more.old_code ?? false,
  };
}
