// @ts-check
/**
 * A history in a file: answers what a kernel would be asked, from rows that were written down.
 * What a book has is said in ``export/offline_history.py``.
 */

import { addedUp } from "../core/call_sums.js";
import { outlineOf } from "../core/outline.js";
import { answer } from "./answers.js";
import { pagesOf, titleOf } from "./pages.js";
import { standingsOf } from "./standings.js";
import { Values } from "./values.js";

/**
 * A stand-in for the widget's model. `send` answers to the listener that `on` was given.
 * @param {Book} book
 * @param {Model | null} shown The widget's own model, where there is one: it has the drawing.
 * @returns {BookModel}
 */
export function bookModel(book, shown = null) {
  let line = book.line;
  let seq = 1;
  /** @type {string[]} */
  let watches = [];
  /** @type {Look} */
  let look = { frame: null, by: "", n: 0 };
  /** @type {Set<(message: any) => void>} */
  const heard = new Set();
  const outline = outlineOf(book.outline);
  const drawing = book.drawing ?? shown?.get("drawing") ?? {};
  const values = new Values(book);
  const pages = pagesOf(book, values, () => line);
  const standings = standingsOf(pages, outline);
  const names = book.lines.map((one) => one.name);
  const history = { book, outline, pages, values, standings };

  function snapshot() {
    const own = /** @type {BookLine} */ (book.lines.find((one) => one.name === line));
    return {
      seq: (seq += 1), events: standings.events(), streams: [], standing: standings.at(own.head),
      head: { ...book.head, head: own.head, count: pages.count, line, status: own.status, line_text: own.line_text,
        calls: addedUp(pages.upToHead(line).map((page) => titleOf(page).calls)), lines: names, pending: [], busy: false, look, watches },
    };
  }

  /** Do what needs no run: show a line, or a watch. @param {any} content */
  function act(content) {
    if (content.do === "line" && book.lines.some((one) => one.name === content.line)) {
      line = content.line;
      standings.clear();
      look = { frame: content.frame ?? null, by: "", n: 0 };
    } else if (content.do === "watch") {
      watches = [...watches.filter((one) => one !== content.text), ...(content.on ? [content.text] : [])];
    } else return false;
    return true;
  }

  /**
   * @param {any} content
   * @param {(message: object) => void} [tell]
   */
  function send(content, tell) {
    const say = tell ?? ((/** @type {object} */ message) => heard.forEach((listener) => listener(message)));
    if (content.re) {
      const reply = { kind: "reply", re: content.re, answer: answer(content, history) };
      queueMicrotask(() => say(reply));
    } else if (act(content)) {
      queueMicrotask(() => say({ kind: "snapshot", ...snapshot() }));
    } else if (content.do === "look") {
      look = { frame: content.frame, by: content.by, n: content.n };
      queueMicrotask(() => say({ kind: "delta", seq: (seq += 1), head: { look } }));
    }
  }

  return {
    saved: true,
    get: (name) => (name === "snapshot" ? snapshot() : { outline: book.outline, drawing }[name]),
    on: (what, listener) => {
      if (what === "msg:custom") heard.add(listener);
    },
    off: (_what, listener) => {
      heard.delete(listener);
    },
    send,
  };
}
