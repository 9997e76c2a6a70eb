// @ts-check
/** The way to Python and back: questions, answers, and what stands in when nobody answers. */

const PATIENCE = 15_000;
/** After this long without a word there is no kernel behind the view. */
const ALONE = 2_500;
const NOBODY = "No kernel answers. If it is not busy, run the cell again; a run that was kept goes on with Debugger.open(…).";

/** @typedef {{ kind: "reply", re: string, answer: any }} Reply */
/** @typedef {(message: Reply | Snapshot | Delta) => void} Tell */

/** Answers for a kernel that does not: nothing is known but what was told before. */
const silent = {
  /**
   * @param {{ re?: string }} content
   * @param {Tell} tell
   */
  send: ({ re }, tell) => {
    if (re) queueMicrotask(() => tell({ kind: "reply", re, answer: { error: NOBODY } }));
  },
};

/**
 * What a link works for.
 * @typedef {object} Ends
 * @property {(message: Snapshot | Delta) => void} hear called with every message that is no answer
 * @property {(snapshot: Snapshot | null) => void} begin called with a snapshot to start from, or null to draw what is known
 * @property {() => number} seq says up to which message everything was heard
 * @property {(book: Book, shown: Model) => BookModel} bookModel makes a model of a saved history
 */

export class Link {
  /**
   * @param {Model} model what the front end gives a widget, or a saved history
   * @param {Ends} ends
   */
  constructor(model, { hear, begin, seq, bookModel }) {
    this.model = model;
    this.me = Math.random().toString(36).slice(2, 10);
    /** Whether nobody is there to press anything for: a history in a file, or no kernel answers. */
    this.saved = Boolean(model.saved);
    /** Why nobody is there, in words; empty for a file that never had anybody. */
    this.silence = "";
    this._hear = hear;
    this._begin = begin;
    this._seq = seq;
    this._bookModel = bookModel;
    /** @type {Map<string, { resolve: (reply: any) => void, timer: ReturnType<typeof setTimeout>, question: object }>} */
    this._waiting = new Map();
    this._next = 0;
    /** Who answers in the kernel's place. @type {{ send: (content: any, tell: Tell) => void } | null} */
    this._book = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this._alone = undefined;
    /** @type {Record<string, (message: any) => void>} */
    this._handlers = {
      "msg:custom": (/** @type {Reply | Snapshot | Delta} */ message) => {
        if (this.silence) this._wake();
        this._heard(message);
      },
      // A kernel that is restarted takes its side of the panel with it.
      comm_live_update: () => this.hello(),
    };
    for (const [what, handler] of Object.entries(this._handlers)) model.on(what, handler);
  }

  close() {
    clearTimeout(this._alone);
    for (const [what, handler] of Object.entries(this._handlers)) this.model.off(what, handler);
    for (const { timer } of this._waiting.values()) clearTimeout(timer);
  }

  /**
   * Ask whether somebody is there; when nobody answers, what was saved with the view takes over.
   * Without such a thing the view waits: a cell that shows it and runs on holds the kernel.
   */
  hello() {
    if (this.saved) return;
    clearTimeout(this._alone);
    this._alone = setTimeout(() => this.model.get("book")?.frames && this._sleep(), ALONE);
    // A page that was loaded again starts from a snapshot that may be old.
    this.send({ do: "hello", seq: this._seq() });
  }

  /** @param {Order | { re: string }} content */
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

  /**
   * Ask Python something; the answer is an object, with `error` if there is none.
   * @template {keyof Replies} K
   * @param {{ ask: K, [name: string]: unknown }} question
   * @param {number} [patience] How long to wait for the answer, in milliseconds.
   * @returns {Promise<Replies[K]>}
   */
  ask(question, patience = PATIENCE) {
    this._next += 1;
    const re = `${this.me}-${this._next}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this._settle(re, { error: "The kernel did not answer." }), patience);
      this._waiting.set(re, { resolve, timer, question });
      this.send({ ...question, re });
    });
  }

  _sleep() {
    if (this.saved) return;
    clearTimeout(this._alone);
    this.saved = true;
    this.silence = NOBODY;
    const book = this.model.get("book");
    const told = book?.frames ? this._bookModel(book, this.model) : null;
    this._book = told ?? silent;
    this._begin(told ? told.get("snapshot") : null);
    for (const [re, { question }] of this._waiting) this.send({ ...question, re });
  }

  /** Somebody speaks after all: a cell held the kernel, or it came back. */
  _wake() {
    this.saved = false;
    this.silence = "";
    this._book = null;
    this._begin(this.model.get("snapshot"));
    this.send({ do: "hello", seq: this._seq() });
  }

  /** @param {Reply | Snapshot | Delta} message */
  _heard(message) {
    clearTimeout(this._alone);
    if (message.kind === "reply") this._settle(message.re, message.answer);
    else this._hear(message);
  }

  /**
   * @param {string} re
   * @param {any} reply
   */
  _settle(re, reply) {
    const waiting = this._waiting.get(re);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this._waiting.delete(re);
    waiting.resolve(reply);
  }
}
