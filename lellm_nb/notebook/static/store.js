/**
 * One store per view: what Python said last. Views of one panel stay in step by
 * what Python says, so it does not matter whether they are on one page.
 */

import { Chunks, addRow, patch, standingOf, copyOf } from "./history.js";
import { bookModel } from "./book.js";

const PATIENCE = 15_000;
/** After this long without a word there is no kernel behind the view. */
const ALONE = 2_500;
const RECENT = 4_096;
const STREAM = 20_000;
const NOBODY = "No kernel answers. If it is not busy, run the cell again; a run that was kept goes on with Debugger.open(…).";

/** Answers for a kernel that does not: nothing is known but what was told before. */
const silent = {
  send: ({ re }, tell) => {
    if (re) queueMicrotask(() => tell({ kind: "reply", re, answer: { error: NOBODY } }));
  },
};

export class Store {
  constructor(model) {
    this.model = model;
    this.me = Math.random().toString(36).slice(2, 10);
    this._listeners = new Set();
    this._waiting = new Map();
    this._next = 0;
    this._queued = false;
    this._why = new Set();
    this.chunks = new Chunks((question) => this.ask(question));
    /** What running nodes have streamed so far, by node. */
    this.streams = new Map();
    /** Rows of frames as they came in, for where the newest are drawn one by one. */
    this._recent = new Map();
    /** Whether nobody is there to press anything for: a history in a file, or no kernel answers. */
    this.saved = Boolean(model.saved);
    /** Why nobody is there, in words; empty for a file that never had anybody. */
    this.silence = "";
    /** Edits that wait for Go: {frame, line, items: Map(place -> edit)}. */
    this.edits = null;
    /** How often this view looked elsewhere, and how far Python has heard of it. */
    this._looks = 0;
    this._heardOf = 0;
    this._readOutline();
    this._start(model.get("snapshot"));
    this._handlers = {
      "msg:custom": (message) => {
        if (this.silence) this._wake();
        this._heard(message);
      },
      // A kernel that is restarted takes its side of the panel with it.
      "comm_live_update": () => this.offline(),
      "change:outline": () => {
        this._readOutline();
        this.chunks.clear();
        this.changed("outline");
      },
      "change:drawing": () => this.changed("drawing"),
      "change:snapshot": () => {
        if (model.get("snapshot").seq > this.seq) this._start(model.get("snapshot"));
      },
    };
    for (const [what, handler] of Object.entries(this._handlers)) model.on(what, handler);
    this.offline();
  }

  /**
   * Ask whether somebody is there; when nobody answers, what was saved with the view takes over.
   * Without such a thing the view waits: a cell that shows it and runs on holds the kernel.
   */
  offline() {
    if (this.saved) return;
    clearTimeout(this._alone);
    this._alone = setTimeout(() => this.model.get("book")?.frames && this._sleep(), ALONE);
    // A page that was loaded again starts from a snapshot that may be old.
    this.send({ do: "hello", seq: this.seq });
  }

  _sleep() {
    if (this.saved) return;
    clearTimeout(this._alone);
    this.saved = true;
    this.silence = NOBODY;
    const book = this.model.get("book");
    this._book = book?.frames ? bookModel(book, this.model) : silent;
    if (book?.frames) {
      this.chunks.clear();
      this._start(this._book.get("snapshot"));
    } else this.changed("snapshot");
    for (const [re, { question }] of this._waiting) this.send({ ...question, re });
  }

  /** Somebody speaks after all: a cell held the kernel, or it came back. */
  _wake() {
    this.saved = false;
    this.silence = "";
    this._book = null;
    this._start(this.model.get("snapshot"));
    this.send({ do: "hello", seq: this.seq });
  }

  close() {
    clearTimeout(this._alone);
    for (const [what, handler] of Object.entries(this._handlers)) this.model.off(what, handler);
    for (const { timer } of this._waiting.values()) clearTimeout(timer);
    clearTimeout(this._telling);
    this._listeners.clear();
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
      const found = this.chunks.standing(this.looking, this.outline, () => this.changed("look"));
      if (found) this._last = found;
    }
    return this._last;
  }

  listen(listener) {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  /** Tell the views, once for all that changed before the next frame is painted. */
  changed(why) {
    this._why.add(why);
    if (this._queued) return;
    this._queued = true;
    queueMicrotask(() => {
      this._queued = false;
      const reasons = this._why;
      this._why = new Set();
      for (const listener of [...this._listeners]) listener(reasons);
    });
  }

  send(content) {
    if (this._book) {
      this._book.send(content, (message) => this._heard(message));
      return;
    }
    try {
      this.model.send(content);
    } catch {
      this._sleep();
    }
  }

  /** The row of a frame if it is at hand; else it is fetched, unless the run is passing by. */
  row(index) {
    const found = this._recent.get(index) ?? this.chunks.row(index);
    if (!found && this.head.status !== "running") this.chunks.fetch(index, () => this.changed("rows"));
    return found;
  }

  /** Notes and pins of the line on show, shared frames included: Map(index -> {note, pin}). */
  marks() {
    const tree = new Map((this.head.tree ?? []).map((row) => [row[0], row]));
    const result = new Map();
    const at = (index) => result.get(index) ?? result.set(index, {}).get(index);
    let upto = Infinity;
    for (let row = tree.get(this.head.line); row; row = tree.get(row[1])) {
      for (const [index, words] of row[5]) if (index <= upto) at(index).note = words;
      for (const index of row[6]) if (index <= upto) at(index).pin = true;
      upto = Math.min(upto, row[2]);
    }
    return result;
  }

  /** Ask Python something; the answer is an object, with `error` if there is none. */
  ask(question) {
    this._next += 1;
    const re = `${this.me}-${this._next}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this._settle(re, { error: "The kernel did not answer." }), PATIENCE);
      this._waiting.set(re, { resolve, timer, question });
      this.send({ ...question, re });
    });
  }

  /** Look at a frame; null goes back to the head. The run itself stays where it is. */
  look(frame) {
    const last = this.head.count - 1;
    const wanted = frame === null ? null : Math.max(0, Math.min(frame, last));
    const looking = wanted === this.head.head ? null : wanted;
    if (looking === this.looking) return;
    this.looking = looking;
    this._looks += 1;
    this.changed("look");
    this._tellLook();
  }

  _tellLook() {
    if (this._telling) return;
    this._telling = setTimeout(() => {
      this._telling = 0;
      this.send({ do: "look", frame: this.looking, by: this.me, n: this._looks });
    }, 80);
  }

  order(content) {
    if (content.do !== "pause" && content.do !== "stop") {
      clearTimeout(this._telling);
      this._telling = 0;
      this._heardOf = this._looks;
      this.looking = null;
      this.changed("look");
    }
    this.send(content);
  }

  _readOutline() {
    const json = this.model.get("outline") ?? {};
    const nodes = (json.nodes ?? []).map(([path, name, kind, parent, role]) => ({
      path, name, kind, parent, role,
    }));
    const inside = new Map();
    const counts = new Map();
    nodes.forEach((node, number) => {
      // Its place among its siblings: the lane of a parallel's branch.
      node.place = counts.get(node.parent) ?? 0;
      counts.set(node.parent, node.place + 1);
      for (let up = node.parent; up >= 0; up = nodes[up].parent) {
        if (!inside.has(up)) inside.set(up, new Set());
        inside.get(up).add(number);
      }
    });
    this.outline = { name: json.name ?? "", nodes, inside };
  }

  _start(snapshot) {
    this.seq = snapshot?.seq ?? -1;
    this.head = snapshot?.head ?? { head: 0, count: 0, lines: [], pending: [], breakpoints: [] };
    this.live = standingOf(snapshot?.standing);
    this._last = this.live;
    this.events = snapshot?.events ?? [];
    this.streams = new Map();
    this._streamed(snapshot?.streams);
    this._recent.clear();
    if (this._looks === this._heardOf) this.looking = this.head.look?.frame ?? null;
    this.looking ??= null;
    this.chunks.clear();
    this.changed("snapshot");
  }

  _heard(message) {
    clearTimeout(this._alone);
    if (message.kind === "reply") this._settle(message.re, message.answer);
    else if (message.kind === "snapshot") this._start(message);
    else if (message.kind === "delta") this._delta(message);
  }

  _settle(re, reply) {
    const waiting = this._waiting.get(re);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this._waiting.delete(re);
    waiting.resolve(reply);
  }

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
      for (const [index, kind] of delta.events) this._event(index, kind);
    }
    if (this._recent.size > RECENT) {
      for (const index of this._recent.keys()) {
        if (this._recent.size <= RECENT / 2) break;
        this._recent.delete(index);
      }
    }
    this._streamed(delta.streams);
    this.changed("delta");
  }

  _streamed(rows) {
    for (const [number, anew, words] of rows ?? []) {
      if (words === null) this.streams.delete(number);
      else this.streams.set(number, ((anew ? "" : this.streams.get(number) ?? "") + words).slice(-STREAM));
    }
  }

  _event(index, kind) {
    const last = this.events.at(-1);
    if (!last || last[0] < index) this.events.push([index, kind]);
  }

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
