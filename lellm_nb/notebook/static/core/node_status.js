// @ts-check
/**
 * What every node had come to at any frame, added up here from small rows.
 * A standing is {index, current: Set, marks: Map, taken: Map}.
 */

export const KINDS = [
  "start", "commit", "waiting", "decision", "exit", "join", "route", "edit", "error",
  "input", "mocked", "skipped",
];
/** The kinds of frames that bring out of a composite what was written inside. */
export const LEAVING = new Set(["exit", "join"]);
export const CHUNK = 256;

/** @type {Record<string, string>} */
const WORDS = { d: "done", f: "failed", w: "waiting" };
/**
 * Of what moves inside a composite, which word stands for all.
 * @type {Record<string, number>}
 */
const RANK = { waiting: 1, current: 2, failed: 3 };

/**
 * @param {StandingJson | null | undefined} json
 * @returns {Standing}
 */
export function standingOf(json) {
  return {
    index: json?.index ?? -1,
    current: new Set(json?.current ?? []),
    marks: new Map((json?.marks ?? []).map(([n, ...mark]) => [n, mark])),
    taken: new Map((json?.taken ?? []).map(([a, b, count]) => [`${a} ${b}`, count])),
  };
}

/**
 * @param {Standing} standing
 * @returns {Standing}
 */
export function copyOf(standing) {
  return {
    index: standing.index,
    current: new Set(standing.current),
    marks: new Map([...standing.marks].map(([n, [...mark]]) => [n, mark])),
    taken: new Map(standing.taken),
  };
}

/**
 * Go on by one frame. Must agree with `Standing.add` in ``model/node_status.py``.
 * @param {Standing} standing
 * @param {FrameRow} row
 * @param {Nest} outline
 */
export function addRow(standing, row, outline) {
  const [number, kindNumber, , micros, entered] = row;
  const left = row[5] ?? [number];
  const kind = KINDS[kindNumber];
  standing.index += 1;
  for (const n of left) standing.current.delete(n);
  for (const n of entered) {
    standing.current.add(n);
    const known = standing.marks.get(n);
    if (known?.[0] === "f") known[0] = "d";
  }
  if (number < 0 || kind === "start" || kind === "edit" || kind === "input") return;
  let mark = standing.marks.get(number);
  if (!mark) standing.marks.set(number, (mark = ["d", 0, 0]));
  const stands = mark[0] === "f" && standing.current.has(number);
  if (!stands || !outline.nodes[number].path.split("/").includes("*")) mark[0] = kind === "waiting" ? "w" : kind === "error" ? "f" : "d";
  if (kind !== "waiting" && kind !== "route") {
    mark[1] += 1;
    mark[2] += micros;
  }
  if (kind === "waiting" || kind === "error") return;
  for (const target of entered) {
    const sibling = siblingOf(outline, number, target);
    if (sibling >= 0) {
      const edge = `${number} ${sibling}`;
      standing.taken.set(edge, (standing.taken.get(edge) ?? 0) + 1);
    }
  }
}

/**
 * Change a standing as Python says it changed.
 * @param {Standing} standing
 * @param {StandingChange} change
 */
export function patch(standing, change) {
  standing.index = change.index;
  standing.current = new Set(change.current);
  for (const number of change.gone) standing.marks.delete(number);
  for (const [number, ...mark] of change.marks) standing.marks.set(number, mark);
  for (const [a, b] of change.untaken) standing.taken.delete(`${a} ${b}`);
  for (const [a, b, count] of change.taken) standing.taken.set(`${a} ${b}`, count);
}

/**
 * @param {Nest} outline
 * @param {number} number
 * @param {number} other
 */
function siblingOf(outline, number, other) {
  const level = outline.nodes[number]?.parent ?? -1;
  while (other >= 0 && outline.nodes[other].parent !== level) other = outline.nodes[other].parent;
  return other;
}

/**
 * The status word of every node at a standing, as a function of the number.
 * What moves inside a composite is added up once, from the nodes that move.
 * @param {Standing} standing
 * @param {Nest} outline
 * @returns {(number: number) => string}
 */
export function statusesOf(standing, outline) {
  /** @type {Map<number, string>} */
  const inside = new Map();
  for (const current of standing.current) {
    const mark = standing.marks.get(current)?.[0];
    const word = mark === "f" ? "failed" : mark === "w" ? "waiting" : "current";
    for (let up = outline.nodes[current]?.parent ?? -1; up >= 0; up = outline.nodes[up].parent) {
      const known = inside.get(up);
      if (known && RANK[known] >= RANK[word]) break;
      inside.set(up, word);
    }
  }
  return (number) => {
    const own = WORDS[standing.marks.get(number)?.[0] ?? ""];
    if (own === "failed") return own;
    if (standing.current.has(number)) return own === "waiting" ? own : "current";
    return inside.get(number) ?? (own === "waiting" ? "done" : own ?? "pending");
  };
}

/** Stretches of history as they were fetched, and standings made from them. */
export class Chunks {
  /** @param {(question: { ask: "chunk", chunk: number }) => Promise<Replies["chunk"]>} ask */
  constructor(ask) {
    this._ask = ask;
    /** @type {Map<number, Chunk>} */
    this._chunks = new Map();
    /** @type {Set<number>} */
    this._asked = new Set();
    /** @type {Standing | null} */
    this._cursor = null;
  }

  clear() {
    this._chunks.clear();
    this._asked.clear();
    this._cursor = null;
  }

  /**
   * The standing at a frame, or null while its stretch is on the way.
   * @param {number} index
   * @param {Nest} outline
   * @param {() => void} arrived
   */
  standing(index, outline, arrived) {
    const number = Math.floor(index / CHUNK);
    const chunk = this._chunks.get(number);
    if (!chunk || number * CHUNK + chunk.rows.length <= index) {
      this._fetch(number, arrived);
      return null;
    }
    let standing = this._cursor;
    const first = number * CHUNK;
    if (!standing || standing.index > index || standing.index < first - 1) {
      standing = standingOf(chunk.base);
    }
    while (standing.index < index) addRow(standing, chunk.rows[standing.index + 1 - first], outline);
    this._cursor = standing;
    return standing;
  }

  /**
   * The row of a frame if it is at hand.
   * @param {number} index
   */
  row(index) {
    return this._chunks.get(Math.floor(index / CHUNK))?.rows[index % CHUNK] ?? null;
  }

  /**
   * Fetch the stretch that a frame is in, unless it is on the way.
   * @param {number} index
   * @param {() => void} arrived
   */
  fetch(index, arrived) {
    this._fetch(Math.floor(index / CHUNK), arrived);
  }

  /**
   * @param {number} number
   * @param {() => void} arrived
   */
  async _fetch(number, arrived) {
    if (this._asked.has(number)) return;
    this._asked.add(number);
    const reply = await this._ask({ ask: "chunk", chunk: number });
    this._asked.delete(number);
    if (!reply.rows) return;
    this._chunks.set(number, /** @type {Chunk} */ (reply));
    this._cursor = null;
    if (this._chunks.size > 200) this._chunks.delete([...this._chunks.keys()][0]);
    arrived();
  }
}
