// @ts-check
/** Values and states of a book: pages of what is inside them, and how two of them differ. */

const PAGE = 100;
const MOST = 200;
const KEPT = 400;
const TABLE = 50;
const COLUMNS = 16;
const CELL = 60;

/** @param {string} text */
const cell = (text) => (text.length > CELL ? `${text.slice(0, CELL - 1)}…` : text);

/** @typedef {(path: string, kind: string, old: PlaceOf | null, made: PlaceOf | null) => void} Add */

/**
 * An entry is [type, text, size, inside], the type and a text that repeats as words; inside has `k` pairs of key and place, `g` a tape and
 * how much of it, `f` a full text, `p` a picture, `t` a table, `r` that it is a list of records.
 */
export class Values {
  /** @param {Book} book */
  constructor(book) {
    this._book = book;
    /** @type {Map<number, Map<string, PlaceOf>>} */
    this._states = new Map();
    /** @type {Map<string, boolean>} */
    this._equal = new Map();
  }

  /** @param {number} place */
  word(place) {
    return this._book.words[place];
  }

  /**
   * @param {PlaceOf} place
   * @returns {ValueRow}
   */
  row(place) {
    const [type, , size, inside] = this._book.values[place];
    return { type: this.word(type), size: size ?? "", text: this._said(place), opens: inside !== undefined };
  }

  /** @param {PlaceOf} place */
  text(place) {
    return this._book.values[place][3]?.f ?? this._said(place);
  }

  /** @param {PlaceOf} place */
  _said(place) {
    const text = this._book.values[place][1];
    return typeof text === "number" ? this.word(text) : text;
  }

  /**
   * How many children a value has.
   * @param {PlaceOf} place
   */
  count(place) {
    const inside = this._book.values[place][3];
    return inside?.g ? inside.g[1] : (inside?.k?.length ?? 0);
  }

  /**
   * Children from a number on, as pairs of key and place.
   * @param {PlaceOf} place
   * @returns {[key: string, place: PlaceOf][]}
   */
  kids(place, start = 0, end = Infinity) {
    const inside = this._book.values[place][3];
    if (!inside?.g) return (inside?.k ?? []).slice(start, end);
    const [tape, count] = inside.g;
    return this._book.tapes[tape].slice(start, Math.min(end, count)).map((kid, at) => [String(start + at), kid]);
  }

  /**
   * The pairs of a state: it is told as changes since another one, back to one told whole.
   * @param {number} place
   * @returns {Map<string, PlaceOf>}
   */
  state(place) {
    const known = this._states.get(place);
    if (known) return known;
    const way = [];
    let at = place;
    while (at >= 0 && !this._states.has(at)) {
      way.push(at);
      at = this._book.states[at][0];
    }
    const pairs = new Map(this._states.get(at) ?? []);
    for (const one of way.reverse()) {
      const [, set, gone] = this._book.states[one];
      for (let i = 0; i < set.length; i += 2) pairs.set(this.word(set[i]), set[i + 1]);
      for (const key of gone ?? []) pairs.delete(this.word(key));
    }
    if (this._states.size > KEPT) this._states.clear();
    this._states.set(place, pairs);
    return pairs;
  }

  /**
   * What a frame's view of a state or of a value inside it is told.
   * @param {number} state
   * @param {number[]} steps
   * @param {number} start
   */
  inside(state, steps, start) {
    const pairs = this.state(state);
    if (!steps.length) return this._page([...pairs], pairs.size, start);
    let place = [...pairs][steps[0]][1];
    for (const step of steps.slice(1)) place = this.kids(place, step, step + 1)[0][1];
    const inside = this._book.values[place][3] ?? {};
    if (inside.f !== undefined) return { full: inside.f, cut: inside.c ?? 0, next: inside.f.length };
    if (inside.p) return { picture: inside.p };
    const page = this._page(this.kids(place, start, start + PAGE), this.count(place), start, true);
    if (inside.m) page.missing = inside.m;
    if (inside.t) page.table = start ? { ...inside.t, rows: [], start } : inside.t;
    else if (inside.r) page.table = this._records(place, start);
    return page;
  }

  /**
   * @param {[key: string, place: PlaceOf][]} pairs
   * @param {number} total
   * @param {number} start
   * @param {boolean} cut Whether the pairs are those of the page already.
   * @returns {StatePage}
   */
  _page(pairs, total, start, cut = false) {
    const some = cut ? pairs : pairs.slice(start, start + PAGE);
    return { rows: some.map(([key, place]) => ({ key, ...this.row(place) })), start, total };
  }

  /**
   * @param {PlaceOf} place
   * @param {number} start
   * @returns {TablePage}
   */
  _records(place, start) {
    const part = this.kids(place, start, start + TABLE);
    const names = new Set();
    for (const [, kid] of part) for (const [key] of this.kids(kid)) names.add(key);
    const columns = [...names].slice(0, COLUMNS);
    const rows = part.map(([index, kid]) => {
      const held = new Map(this.kids(kid));
      const words = (/** @type {PlaceOf | undefined} */ at) => (at === undefined ? "" : cell(this.row(at).text));
      return [index, ...columns.map((name) => words(held.get(name)))];
    });
    return { columns, rows, start, total: this.count(place), more_columns: names.size - columns.length };
  }

  /**
   * Whether two values are equal, as far as the book knows them.
   * @param {PlaceOf} a
   * @param {PlaceOf} b
   * @returns {boolean}
   */
  same(a, b) {
    if (a === b) return true;
    const [typeA, , sizeA, inA] = this._book.values[a];
    const [typeB, , sizeB, inB] = this._book.values[b];
    if (typeA !== typeB || this._said(a) !== this._said(b) || (sizeA ?? "") !== (sizeB ?? "")) return false;
    if (!inA || !inB) return !inA && !inB;
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    const equal = this._equal.get(key) ?? this._sameInside(a, b, inA, inB);
    this._equal.set(key, equal);
    return equal;
  }

  /**
   * @param {PlaceOf} a
   * @param {PlaceOf} b
   * @param {Inside} inA
   * @param {Inside} inB
   */
  _sameInside(a, b, inA, inB) {
    if (inA.f !== undefined) return inA.f === inB.f;
    if (inA.p || inA.t) return JSON.stringify([inA.p, inA.t]) === JSON.stringify([inB.p, inB.t]);
    const [kidsA, kidsB] = [this.kids(a), this.kids(b)];
    return kidsA.length === kidsB.length && kidsA.every(([key, kid], at) => key === kidsB[at][0] && this.same(kid, kidsB[at][1]));
  }

  /**
   * How two states differ, as rows; as `diff_states` in Python, down to where they do.
   * @param {number} before
   * @param {number} after
   */
  diff(before, after) {
    return this.diffPairs([...this.state(before)], [...this.state(after)]);
  }

  /**
   * @param {[key: string, place: PlaceOf][]} before
   * @param {[key: string, place: PlaceOf][]} after
   * @returns {Changes}
   */
  diffPairs(before, after) {
    /** @type {Change[]} */
    const rows = [];
    let more = 0;
    /** @type {Add} */
    const add = (path, kind, old, made) => {
      if (rows.length < MOST) rows.push({ path, kind, old: old === null ? null : this.row(old), new: made === null ? null : this.row(made) });
      else more += 1;
    };
    this._pairs("", before, after, add);
    return { rows, more };
  }

  /**
   * @param {string} path
   * @param {[key: string, place: PlaceOf][]} old
   * @param {[key: string, place: PlaceOf][]} made
   * @param {Add} add
   */
  _pairs(path, old, made, add) {
    const theirs = new Map(made);
    const mine = new Map(old);
    const name = (/** @type {string} */ key) => (path ? `${path}.${key}` : key);
    for (const [key, place] of old) {
      const other = theirs.get(key);
      if (other !== undefined) this._values(name(key), place, other, add);
      else add(name(key), "removed", place, null);
    }
    for (const [key, place] of made) if (!mine.has(key)) add(name(key), "added", null, place);
  }

  /**
   * What is inside a value; of an empty container nothing, of one that was cut off null.
   * @param {PlaceOf} place
   * @returns {Inside | null}
   */
  _inner(place) {
    const [, , size, inside] = this._book.values[place];
    return inside ?? (size?.startsWith("0 ") ? {} : null);
  }

  /**
   * @param {string} path
   * @param {PlaceOf} old
   * @param {PlaceOf} made
   * @param {Add} add
   */
  _values(path, old, made, add) {
    if (this.same(old, made)) return;
    const [inOld, inMade] = [this._inner(old), this._inner(made)];
    const kind = this.row(old).type;
    const both = inOld && inMade && kind === this.row(made).type;
    if (both && kind === "dict") this._pairs(path, this.kids(old), this.kids(made), add);
    else if (both && (kind === "list" || kind === "tuple")) this._items(path, old, made, inOld, inMade, add);
    else add(path, "changed", old, made);
  }

  /**
   * Items of lists: what is the same at both ends stands; between them one came, went or changed.
   * @param {string} path
   * @param {PlaceOf} old
   * @param {PlaceOf} made
   * @param {Inside} inOld
   * @param {Inside} inMade
   * @param {Add} add
   */
  _items(path, old, made, inOld, inMade, add) {
    const [before, after] = [this.count(old), this.count(made)];
    const shared = inOld.g && inMade.g && inOld.g[0] === inMade.g[0] ? Math.min(before, after) : 0;
    const [a, b] = [this.kids(old, shared), this.kids(made, shared)].map((kids) => kids.map(([, kid]) => kid));
    let first = 0;
    while (first < a.length && first < b.length && this.same(a[first], b[first])) first += 1;
    while (a.length > first && b.length > first && this.same(a[a.length - 1], b[b.length - 1])) {
      a.pop();
      b.pop();
    }
    const name = (/** @type {number} */ at) => `${path}[${shared + at}]`;
    const both = Math.min(a.length, b.length);
    for (let at = first; at < both; at += 1) this._values(name(at), a[at], b[at], add);
    for (let at = Math.max(first, both); at < a.length; at += 1) add(name(at), "removed", a[at], null);
    for (let at = Math.max(first, both); at < b.length; at += 1) add(name(at), "added", null, b[at]);
  }

  /**
   * The place that a path of keys and indexes leads to from a state, or an error in words.
   * @param {number} state
   * @param {(string | number)[]} keys
   * @returns {PlaceOf | Failed}
   */
  at(state, keys) {
    const first = this.state(state).get(String(keys[0]));
    if (first === undefined) return { error: `There is no key ${JSON.stringify(keys[0])} here.` };
    let place = first;
    for (const key of keys.slice(1)) {
      /** @type {string | number} */
      const index = typeof key === "number" && key < 0 ? this.count(place) + key : key;
      const found = this.kids(place).find(([name]) => name === String(index))?.[1];
      if (found === undefined) return { error: `There is nothing at ${JSON.stringify(key)} there.` };
      place = found;
    }
    return place;
  }
}
