// @ts-check
/** Who wrote a value, out of a history in a file. */

import { LEAVING } from "../core/node_status.js";
import { withoutVisits } from "../core/outline.js";
import { writeRow } from "./write_row.js";

const MOST_WRITES = 60;

/** @typedef {(page: Page, write: Write, through: string[]) => void} Put */

/**
 * Whether a path leads to what is inside another.
 * @param {string} path
 * @param {string} above
 */
const under = (path, above) => path.startsWith(above) && ".[".includes(path[above.length]);

/**
 * Whether one path is the other or leads into it.
 * @param {string} path
 * @param {string} other
 */
const touches = (path, other) => path === other || under(path, other) || under(other, path);

/**
 * The writers of a value up to a frame, newest first.
 * @param {WhoQuestion & { frame: number }} question
 * @param {SavedHistory} history
 */
export function writersOf({ frame, steps = [], whole, text }, history) {
  const { pages, values } = history;
  const here = pages.frame(frame);
  let level = text || whole ? "" : here.level;
  let path = text || pathOf(values, whole ? here.root : here.state, steps);
  if (text?.includes(":") && !values.state(here.root).has(text)) {
    [level, path] = [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)];
  }
  /** @type {WriterRow[]} */
  const rows = [];
  let more = 0;
  /** @type {Put} */
  const put = (page, write, through) => {
    if (rows.length >= MOST_WRITES) more += 1;
    else {
      const wrote = writeRow(values, write);
      rows.push({ frame: page.index, kind: page.kind, path: page.path || (page.kind === "input" ? "input" : "start"), visit: page.visit, through, wrote });
    }
  };
  const exact = level.includes("#");
  for (let index = Math.min(frame, pages.head); index >= 0; index -= 1) {
    const page = pages.frame(index);
    if ((exact ? page.level : withoutVisits(page.level)) === level) tell(history, page, path, [], put);
  }
  const known = values.state(here.root).has(path.split(/[.[]/)[0]) || rows.length || level;
  if (!known) return { error: `There is no key ${JSON.stringify(path)} on the way to frame ${frame}.` };
  return { of: level ? `${level}:${path}` : path, rows, more };
}

/**
 * Tell a frame's writes; where it left a composite, the writes inside that it brought out too.
 * @param {SavedHistory} history
 * @param {Page} page
 * @param {string} path
 * @param {string[]} through
 * @param {Put} put
 */
function tell(history, page, path, through, put) {
  const { book, pages } = history;
  const hits = page.writes.filter((write) => touches(write.path, path)).reverse();
  for (const write of hits) put(page, write, through);
  if (!hits.length || !LEAVING.has(page.kind)) return;
  const lens = book.nodes[page.number]?.lens;
  if (lens === undefined) return;
  if (lens && path !== lens && !under(path, lens)) return;
  const inner = lens ? path.slice(lens.length).replace(/^\./, "") : path;
  const entry = page.visit > 1 ? `${page.path}#${page.visit}` : page.path;
  for (let index = page.index - 1; index >= 0; index -= 1) {
    const one = pages.frame(index);
    if (one.path === page.path && LEAVING.has(one.kind)) return;
    const branch = one.level.startsWith(`${entry}/`) && !one.level.slice(entry.length + 1).includes("/");
    const inside = page.kind === "join" ? branch : one.level === entry;
    if (!inside) continue;
    if (inner) tell(history, one, inner, [...through, page.path], put);
    else for (const write of [...one.writes].reverse()) put(one, write, [...through, page.path]);
  }
}

/**
 * The path to which steps lead from a state.
 * @param {Values} values
 * @param {number} state
 * @param {number[]} steps
 */
function pathOf(values, state, steps) {
  let [path, place] = [...values.state(state)][steps[0]];
  for (const step of steps.slice(1)) {
    const listed = values.row(place).type !== "dict";
    const [name, kid] = values.kids(place, step, step + 1)[0];
    path += listed ? `[${name}]` : `.${name}`;
    place = kid;
  }
  return path;
}
