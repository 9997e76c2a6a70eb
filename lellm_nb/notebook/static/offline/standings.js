// @ts-check
/** What every node had come to at any frame of a history in a file. */

import { CHUNK, addRow, copyOf, standingOf } from "../core/node_status.js";

const EVENTS = 600;
/** A standing is kept every so many frames. */
const EVERY = 16 * CHUNK;

/**
 * @param {Pages} pages
 * @param {Nest} outline
 */
export function standingsOf(pages, outline) {
  /** @type {Standing[]} */
  let kept = [];

  /**
   * @param {number} index
   * @returns {StandingJson}
   */
  function at(index) {
    const first = Math.floor((index + 1) / EVERY);
    let made = standingOf(null);
    for (let stretch = 0; stretch <= first; stretch += 1) {
      if (kept[stretch]) made = copyOf(kept[stretch]);
      else kept[stretch] = copyOf(advance(made, stretch * EVERY - 1));
    }
    made = advance(made, index);
    return {
      index: made.index, current: [...made.current], marks: [...made.marks].map(([n, mark]) => [n, ...mark]),
      taken: [...made.taken].map(([key, count]) => {
        const [a, b] = key.split(" ").map(Number);
        return [a, b, count];
      }),
    };
  }

  /**
   * @param {Standing} made
   * @param {number} index
   */
  function advance(made, index) {
    while (made.index < index) addRow(made, pages.row(made.index + 1), outline);
    return made;
  }

  /** One stretch of history: where it starts from, and its rows. @param {{ chunk: number }} question */
  function chunk({ chunk: number }) {
    const first = number * CHUNK;
    const rows = [];
    for (let index = first; index < Math.min(first + CHUNK, pages.count); index += 1) rows.push(pages.row(index));
    return { chunk: number, base: at(first - 1), rows };
  }

  /** The frames that are no plain commits, spread evenly where there are many. */
  function events() {
    /** @type {KindAt[]} */
    const found = [];
    const { count } = pages;
    for (let index = 0; index < count; index += 1) {
      const kind = pages.row(index)[1];
      if (kind !== 1) found.push([index, kind]);
    }
    const step = Math.ceil(found.length / EVENTS);
    return step > 1 ? found.filter((_, place) => place % step === 0) : found;
  }

  /** Forget what was added up: another line is on show. */
  function clear() {
    kept = [];
  }

  return { at, chunk, events, clear };
}
