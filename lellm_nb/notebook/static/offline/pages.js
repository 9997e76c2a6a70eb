// @ts-check
/** The frames of a history in a file, as its lines have them. */

import { KINDS } from "../core/node_status.js";

/** Lines whose frames are kept found. */
const KEPT = 4;

/**
 * The frames of the line on show, which `line` tells.
 * @param {Book} book
 * @param {Values} values
 * @param {() => string} line
 * @returns {Pages}
 */
export function pagesOf(book, values, line) {
  const lines = new Map(book.lines.map((one) => [one.name, one]));
  /** Where the frames of a line are in the book, of those asked for last. @type {Map<string, number[]>} */
  const found = new Map();

  /** @param {string} name */
  function placesOf(name) {
    const known = found.get(name);
    if (known) return known;
    if (found.size >= KEPT) found.clear();
    const places = [];
    for (const [first, count] of stretchesOf(book.lines, /** @type {BookLine} */ (lines.get(name)))) {
      for (let place = first; place < first + count; place += 1) places.push(place);
    }
    found.set(name, places);
    return places;
  }

  /**
   * @param {string} name
   * @param {number} index
   */
  const pageOf = (name, index) => pageAt(book, values, index, placesOf(name)[index]);

  const headOf = (/** @type {string} */ name) => /** @type {BookLine} */ (lines.get(name)).head;

  return {
    get line() {
      return line();
    },
    get count() {
      return placesOf(line()).length;
    },
    get head() {
      return headOf(line());
    },
    row: (index) => book.frames[placesOf(line())[index]][0],
    frame: (index) => pageOf(line(), index),
    stateOf: (name, index) => book.frames[placesOf(name)[index]][2],
    upToHead: (name) => placesOf(name).slice(0, headOf(name) + 1).map((_, index) => pageOf(name, index)),
  };
}

/**
 * The stretches of the book that a line consists of. The first may be so many frames of a line
 * before it: it is told by that one's.
 * @param {BookLine[]} lines
 * @param {BookLine} line
 */
function stretchesOf(lines, line) {
  let begin = line.frames;
  /** @type {[number, number][][]} */
  const ends = [];
  while (begin.length && begin[0][0] < 0) {
    const [[base, shared], ...own] = begin;
    ends.push(own);
    begin = cut(lines[-1 - base].frames, shared);
  }
  return [...begin, ...ends.reverse().flat()];
}

/**
 * As much of some stretches as has so many frames.
 * @param {[number, number][]} stretches
 * @param {number} most
 */
function cut(stretches, most) {
  /** @type {[number, number][]} */
  const made = [];
  let left = most;
  for (const [first, count] of stretches) {
    if (left <= 0) break;
    made.push([first, Math.min(count, left)]);
    left -= count;
  }
  return made;
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
    index, place, number: row[0], kind: book.more[place]?.kind ?? KINDS[row[1]], visit: row[2], micros: row[3], path: values.word(path), state, root,
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
    tries: more.tries ?? 0, recorded: more.recorded ?? false, instead: more.instead ?? "", stale: more.stale ?? [], gap: more.gap ?? false, cost: more.cost ?? "",
    old_code: more.old_code ?? false, calls: /** @type {CallsDetail | undefined} */ (more.tabs?.calls)?.sums ?? null,
  };
}
