/** Values and states of a book: pages of what is inside them, and how two of them differ. */

const PAGE = 100;
const MOST = 200;
const KEPT = 400;
const TABLE = 50;
const COLUMNS = 16;
const CELL = 60;

const cell = (text) => (text.length > CELL ? `${text.slice(0, CELL - 1)}…` : text);

/**
 * An entry is [type, text, size, inside], the type and a text that repeats as words; inside has `k` pairs of key and place, `g` a tape and
 * how much of it, `f` a full text, `p` a picture, `t` a table, `r` that it is a list of records.
 */
export class Values {
  constructor(book) {
    this._book = book;
    this._states = new Map();
    this._equal = new Map();
  }

  word(place) {
    return this._book.words[place];
  }

  row(place) {
    const [type, , size, inside] = this._book.values[place];
    return { type: this.word(type), size: size ?? "", text: this._said(place), opens: inside !== undefined };
  }

  text(place) {
    return this._book.values[place][3]?.f ?? this._said(place);
  }

  _said(place) {
    const text = this._book.values[place][1];
    return typeof text === "number" ? this.word(text) : text;
  }

  /** How many children a value has. */
  count(place) {
    const inside = this._book.values[place][3];
    return inside?.g ? inside.g[1] : (inside?.k?.length ?? 0);
  }

  /** Children from a number on, as pairs of key and place. */
  kids(place, start = 0, end = Infinity) {
    const inside = this._book.values[place][3];
    if (!inside?.g) return (inside?.k ?? []).slice(start, end);
    const [tape, count] = inside.g;
    return this._book.tapes[tape].slice(start, Math.min(end, count)).map((kid, at) => [String(start + at), kid]);
  }

  /** The pairs of a state: it is told as changes since another one, back to one told whole. */
  state(place) {
    if (this._states.has(place)) return this._states.get(place);
    const way = [];
    let at = place;
    while (at >= 0 && !this._states.has(at)) {
      way.push(at);
      at = this._book.states[at][0];
    }
    const pairs = new Map(at >= 0 ? this._states.get(at) : []);
    for (const one of way.reverse()) {
      const [, set, gone] = this._book.states[one];
      for (let i = 0; i < set.length; i += 2) pairs.set(this.word(set[i]), set[i + 1]);
      for (const key of gone ?? []) pairs.delete(this.word(key));
    }
    if (this._states.size > KEPT) this._states.clear();
    this._states.set(place, pairs);
    return pairs;
  }

  /** What a frame's view of a state or of a value inside it is told. */
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

  _page(pairs, total, start, cut = false) {
    const some = cut ? pairs : pairs.slice(start, start + PAGE);
    return { rows: some.map(([key, place]) => ({ key, ...this.row(place) })), start, total };
  }

  _records(place, start) {
    const part = this.kids(place, start, start + TABLE);
    const names = new Set();
    for (const [, kid] of part) for (const [key] of this.kids(kid)) names.add(key);
    const columns = [...names].slice(0, COLUMNS);
    const rows = part.map(([index, kid]) => {
      const held = new Map(this.kids(kid));
      return [index, ...columns.map((name) => (held.has(name) ? cell(this.row(held.get(name)).text) : ""))];
    });
    return { columns, rows, start, total: this.count(place), more_columns: names.size - columns.length };
  }

  /** Whether two values are equal, as far as the book knows them. */
  same(a, b) {
    if (a === b) return true;
    const [typeA, , sizeA, inA] = this._book.values[a];
    const [typeB, , sizeB, inB] = this._book.values[b];
    if (typeA !== typeB || this._said(a) !== this._said(b) || (sizeA ?? "") !== (sizeB ?? "")) return false;
    if (!inA || !inB) return !inA && !inB;
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    if (!this._equal.has(key)) this._equal.set(key, this._sameInside(a, b, inA, inB));
    return this._equal.get(key);
  }

  _sameInside(a, b, inA, inB) {
    if (inA.f !== undefined) return inA.f === inB.f;
    if (inA.p || inA.t) return JSON.stringify([inA.p, inA.t]) === JSON.stringify([inB.p, inB.t]);
    const [kidsA, kidsB] = [this.kids(a), this.kids(b)];
    return kidsA.length === kidsB.length && kidsA.every(([key, kid], at) => key === kidsB[at][0] && this.same(kid, kidsB[at][1]));
  }

  /** How two states differ, as rows; as `diff_states` in Python, down to where they do. */
  diff(before, after) {
    return this.diffPairs([...this.state(before)], [...this.state(after)]);
  }

  diffPairs(before, after) {
    const rows = [];
    let more = 0;
    const add = (path, kind, old, made) => {
      if (rows.length < MOST) rows.push({ path, kind, old: old === null ? null : this.row(old), new: made === null ? null : this.row(made) });
      else more += 1;
    };
    this._pairs("", before, after, add);
    return { rows, more };
  }

  _pairs(path, old, made, add) {
    const theirs = new Map(made);
    const mine = new Map(old);
    const name = (key) => (path ? `${path}.${key}` : key);
    for (const [key, place] of old) {
      if (theirs.has(key)) this._values(name(key), place, theirs.get(key), add);
      else add(name(key), "removed", place, null);
    }
    for (const [key, place] of made) if (!mine.has(key)) add(name(key), "added", null, place);
  }

  /** What is inside a value; of an empty container nothing, of one that was cut off null. */
  _inner(place) {
    const [, , size, inside] = this._book.values[place];
    return inside ?? (size?.startsWith("0 ") ? {} : null);
  }

  _values(path, old, made, add) {
    if (this.same(old, made)) return;
    const [inOld, inMade] = [this._inner(old), this._inner(made)];
    const kind = this.row(old).type;
    const both = inOld && inMade && kind === this.row(made).type;
    if (both && kind === "dict") this._pairs(path, this.kids(old), this.kids(made), add);
    else if (both && (kind === "list" || kind === "tuple")) this._items(path, old, made, inOld, inMade, add);
    else add(path, "changed", old, made);
  }

  /** Items of lists: what is the same at both ends stands; between them one came, went or changed. */
  _items(path, old, made, inOld, inMade, add) {
    const [before, after] = [this.count(old), this.count(made)];
    const shared = inOld.g && inMade.g && inOld.g[0] === inMade.g[0] ? Math.min(before, after) : 0;
    const [a, b] = [this.kids(old, shared), this.kids(made, shared)].map((kids) => kids.map(([, kid]) => kid));
    let first = 0;
    while (first < a.length && first < b.length && this.same(a[first], b[first])) first += 1;
    while (a.length > first && b.length > first && this.same(a.at(-1), b.at(-1))) {
      a.pop();
      b.pop();
    }
    const name = (at) => `${path}[${shared + at}]`;
    const both = Math.min(a.length, b.length);
    for (let at = first; at < both; at += 1) this._values(name(at), a[at], b[at], add);
    for (let at = Math.max(first, both); at < a.length; at += 1) add(name(at), "removed", a[at], null);
    for (let at = Math.max(first, both); at < b.length; at += 1) add(name(at), "added", null, b[at]);
  }

  /** The place that a path of keys and indexes leads to from a state, or an error in words. */
  at(state, keys) {
    const pairs = this.state(state);
    if (!pairs.has(keys[0])) return { error: `There is no key ${JSON.stringify(keys[0])} here.` };
    let place = pairs.get(keys[0]);
    for (const key of keys.slice(1)) {
      const index = typeof key === "number" && key < 0 ? this.count(place) + key : key;
      const found = this.kids(place).find(([name]) => name === String(index));
      if (!found) return { error: `There is nothing at ${JSON.stringify(key)} there.` };
      place = found[1];
    }
    return { place };
  }
}
