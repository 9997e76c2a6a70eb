// @ts-check
/**
 * One store per view: what Python said last. Views of one panel stay in step by
 * what Python says, so it does not matter whether they are on one page.
 */

import { Chunks, addRow, patch, standingOf, copyOf } from "./node_status.js";
import { outlineOf } from "./outline.js";
import { Link } from "./transport.js";

const RECENT = 4_096;
const STREAM = 20_000;

/** What is known before Python has said anything. @returns {Snapshot} */
function nothing() {
  /** @type {Partial<Head>} */
  const head = { head: 0, count: 0, lines: [], pending: [], breakpoints: [] };
  return { seq: -1, head: /** @type {Head} */ (head), standing: { index: -1, current: [], marks: [], taken: [] }, events: [], streams: [] };
}

export class Store {
  /**
   * @param {Model} model
   * @param {(book: Book, shown: Model) => BookModel} bookModel Makes a model of a saved history.
   */
  constructor(model, bookModel) {
    this.model = model;
    this.link = new Link(model, {
      hear: (message) => this._heard(message),
      begin: (snapshot) => (snapshot ? this._start(snapshot) : this.changed()),
      seq: () => this.seq,
      bookModel,
    });
    /** @type {Set<() => void>} */
    this._listeners = new Set();
    this._queued = false;
    /** The frame that is looked at; null for the head. @type {number | null} */
    this.looking = null;
    /** @type {ReturnType<typeof setTimeout> | 0} */
    this._telling = 0;
    this.chunks = new Chunks((question) => this.ask(question));
    /** What running nodes have streamed so far, by node. @type {Map<number, string>} */
    this.streams = new Map();
    /** Rows of frames as they came in, for where the newest are drawn one by one. @type {Map<number, FrameRow>} */
    this._recent = new Map();
    /** The marks of the line on show, and what they were made from. @type {{ tree: LineRow[], line: string, marks: Map<number, FrameMark> } | null} */
    this._marked = null;
    /** Edits that wait for Go. @type {Edits | null} */
    this.edits = null;
    /** What Who was asked last, how that is called, and what is being typed there. @type {WhoQuestion | null} */
    this.whoAsked = null;
    this.whoOf = this.whoTyped = "";
    /** The line that the one on show is compared with. */
    this.compared = "";
    /** How often this view looked elsewhere, and how far Python has heard of it. */
    this._looks = 0;
    this._heardOf = 0;
    this.outline = outlineOf(model.get("outline"));
    const first = this._begin(model.get("snapshot"));
    this.seq = first.seq;
    this.head = first.head;
    this.live = standingOf(first.standing);
    this._last = this.live;
    this.events = first.events;
    /** @type {Record<string, () => void>} */
    this._handlers = {
      "change:outline": () => {
        this.outline = outlineOf(model.get("outline"));
        this.chunks.clear();
        this.changed();
      },
      "change:drawing": () => this.changed(),
      "change:snapshot": () => {
        if (model.get("snapshot").seq > this.seq) this._start(model.get("snapshot"));
      },
    };
    for (const [what, handler] of Object.entries(this._handlers)) model.on(what, handler);
    this.link.hello();
  }

  close() {
    this.link.close();
    for (const [what, handler] of Object.entries(this._handlers)) this.model.off(what, handler);
    clearTimeout(this._telling);
    this._listeners.clear();
  }

  /** This view's own name: what it did itself comes back with it. */
  get me() {
    return this.link.me;
  }

  /** Whether nobody is there to press anything for; `silence` says why, in words. */
  get saved() {
    return this.link.saved;
  }

  get silence() {
    return this.link.silence;
  }

  /** Frame on show, and whether it is the head. */
  get shown() {
    return this.looking ?? this.head.head;
  }

  get atHead() {
    return this.looking === null || this.looking === this.head.head;
  }

  /** What every node had come to at the frame on show; the last one known while fetching. */
  standing() {
    if (this.looking === null || this.looking === this.live.index) {
      this._last = this.live;
    } else {
      const found = this.chunks.standing(this.looking, this.outline, () => this.changed());
      if (found) this._last = found;
    }
    return this._last;
  }

  /** @param {() => void} listener */
  listen(listener) {
    this._listeners.add(listener);
  }

  /** Tell the views, once for all that changed before the next frame is painted. */
  changed() {
    if (this._queued) return;
    this._queued = true;
    queueMicrotask(() => {
      this._queued = false;
      for (const listener of [...this._listeners]) listener();
    });
  }

  /** @param {Order} content */
  send(content) {
    this.link.send(content);
  }

  /**
   * @template {keyof Replies} K
   * @param {{ ask: K, [name: string]: unknown }} question
   */
  ask(question) {
    return this.link.ask(question);
  }

  /**
   * The row of a frame if it is at hand; else it is fetched, unless the run is passing by.
   * @param {number} index
   */
  row(index) {
    const found = this._recent.get(index) ?? this.chunks.row(index);
    if (!found && this.head.status !== "running") this.chunks.fetch(index, () => this.changed());
    return found;
  }

  /** Notes and pins of the line on show by frame, shared frames included. */
  marks() {
    const { tree: told, line } = this.head;
    const known = this._marked;
    if (known && known.tree === told && known.line === line) return known.marks;
    const tree = new Map((told ?? []).map((row) => [row[0], row]));
    /** @type {Map<number, FrameMark>} */
    const result = new Map();
    const at = (/** @type {number} */ index) => {
      const mark = result.get(index) ?? {};
      result.set(index, mark);
      return mark;
    };
    let upto = Infinity;
    for (let row = tree.get(line); row; row = tree.get(row[1])) {
      for (const [index, words] of row[5]) if (index <= upto) at(index).note = words;
      for (const index of row[6]) if (index <= upto) at(index).pin = true;
      upto = Math.min(upto, row[2]);
    }
    this._marked = { tree: told, line, marks: result };
    return result;
  }

  /**
   * Look at a frame; null goes back to the head. The run itself stays where it is.
   * @param {number | null} frame
   */
  look(frame) {
    const last = this.head.count - 1;
    const wanted = frame === null ? null : Math.max(0, Math.min(frame, last));
    const looking = wanted === this.head.head ? null : wanted;
    if (looking === this.looking) return;
    this.looking = looking;
    this._looks += 1;
    this.changed();
    this._tellLook();
  }

  _tellLook() {
    if (this._telling) return;
    this._telling = setTimeout(() => {
      this._telling = 0;
      this.send({ do: "look", frame: this.looking, by: this.me, n: this._looks });
    }, 80);
  }

  /**
   * Have something done to the run; the view comes back to the head for it, unless it is done in place.
   * @param {Order} content
   * @param {{ inPlace?: boolean }} how
   */
  order(content, { inPlace = false } = {}) {
    if (!inPlace) {
      clearTimeout(this._telling);
      this._telling = 0;
      this._heardOf = this._looks;
      this.looking = null;
      this.changed();
    }
    this.send(content);
  }

  /** @param {Snapshot} snapshot */
  _start(snapshot) {
    const told = this._begin(snapshot);
    this.seq = told.seq;
    this.head = told.head;
    this.live = standingOf(told.standing);
    this._last = this.live;
    this.events = told.events;
  }

  /**
   * Forget what was heard so far; return what is known from now on.
   * @param {Partial<Snapshot> | null | undefined} snapshot
   * @returns {Snapshot}
   */
  _begin(snapshot) {
    const told = { ...nothing(), ...snapshot };
    this.streams = new Map();
    this._streamed(told.streams);
    this._recent.clear();
    if (this._looks === this._heardOf) this.looking = told.head.look?.frame ?? null;
    this.chunks.clear();
    this.changed();
    return told;
  }

  /** @param {Snapshot | Delta} message */
  _heard(message) {
    if (message.kind === "snapshot") this._start(message);
    else if (message.kind === "delta") this._delta(message);
  }

  /** @param {Delta} delta */
  _delta(delta) {
    if (delta.seq <= this.seq) return;
    if (delta.seq !== this.seq + 1) {
      this.send({ do: "hello", seq: this.seq });
      return;
    }
    this.seq = delta.seq;
    if (delta.fresh) {
      this.chunks.clear();
      const head = delta.head?.head ?? this.head.head;
      this._recent.clear();
      this.events = this.events.filter(([index]) => index <= head);
    }
    if (delta.head) this._newHead(delta.head);
    if (delta.rows) {
      // Chunks may hand out the live standing's past: never change it under them.
      for (const row of delta.rows) {
        addRow(this.live, row, this.outline);
        this._recent.set(this.live.index, row);
        if (row[1] !== 1) this._event(this.live.index, row[1]);
      }
    }
    if (delta.patch) {
      this.live = copyOf(this.live);
      patch(this.live, delta.patch);
      for (const [index, kind] of delta.events ?? []) this._event(index, kind);
    }
    if (this._recent.size > RECENT) {
      for (const index of this._recent.keys()) {
        if (this._recent.size <= RECENT / 2) break;
        this._recent.delete(index);
      }
    }
    this._streamed(delta.streams);
    this.changed();
  }

  /** @param {StreamRow[] | undefined} rows */
  _streamed(rows) {
    for (const [number, anew, words] of rows ?? []) {
      if (words === null) this.streams.delete(number);
      else this.streams.set(number, ((anew ? "" : this.streams.get(number) ?? "") + words).slice(-STREAM));
    }
  }

  /**
   * @param {number} index
   * @param {number} kind
   */
  _event(index, kind) {
    const last = this.events.at(-1);
    if (!last || last[0] < index) this.events.push([index, kind]);
  }

  /** @param {Partial<Head>} changes */
  _newHead(changes) {
    Object.assign(this.head, changes);
    if (changes.look) {
      const { frame, by, n } = changes.look;
      if (by === this.me) this._heardOf = Math.max(this._heardOf, n);
      // What this view did meanwhile is on its way to Python and will win.
      if (this._heardOf >= this._looks) this.looking = frame;
    }
    if (this.looking !== null && this.looking >= this.head.count) this.looking = null;
  }
}
