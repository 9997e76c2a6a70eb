/**
 * A history in a file: answers what a kernel would be asked, from rows that were written down.
 * A book has {outline, drawing, head, lines, frames, values}; see book.py.
 */

import { CHUNK, addRow, standingOf } from "./history.js";

/** A stand-in for the widget's model. `send` answers to the listener that `on` was given. */
export function bookModel(book, shown = null) {
  let line = book.line;
  let seq = 1;
  const heard = new Set();
  const outline = outlineOf(book.outline);
  const drawing = book.drawing ?? shown?.get("drawing") ?? {};

  const lineOf = (name) => book.lines.find((one) => one.name === name);
  const frameAt = (index) => book.frames[lineOf(line).frames[index]];

  function standing(index) {
    const made = standingOf(null);
    for (let at = 0; at <= index; at += 1) addRow(made, frameAt(at).row, outline);
    return { index: made.index, current: [...made.current], marks: [...made.marks].map(([n, mark]) => [n, ...mark]),
      taken: [...made.taken].map(([key, count]) => [...key.split(" ").map(Number), count]) };
  }

  function snapshot() {
    const own = lineOf(line);
    const head = own.head;
    const events = own.frames.map((place, index) => [index, book.frames[place].row[1]]).filter(([, kind]) => kind !== 1);
    return {
      seq: (seq += 1), events, streams: [],
      standing: standing(head),
      head: { ...book.head, head, count: own.frames.length, line, status: own.status, line_text: own.line_text,
        lines: book.lines.map((one) => one.name), pending: [], busy: false, look: { frame: null, by: "", n: 0 } },
    };
  }

  const values = (place) => book.values[place];

  function inside(place, steps, start) {
    let at = place;
    for (const step of steps) at = values(at).kids[step][1];
    const value = values(at);
    if (value.full !== undefined) return { full: value.full, cut: value.cut ?? 0, next: value.full.length };
    if (value.picture) return { picture: value.picture };
    const kids = value.kids ?? [];
    return { rows: kids.slice(start).map(([key, kid]) => ({ key, ...rowOf(values(kid)) })), start, total: kids.length, table: value.table };
  }

  const rowOf = ({ type, size, text, opens }) => ({ type, size, text, opens });

  function answer(question) {
    const { ask } = question;
    if (ask === "chunk") {
      const first = question.chunk * CHUNK;
      const all = lineOf(line).frames.length;
      const rows = [];
      for (let index = first; index < Math.min(first + CHUNK, all); index += 1) rows.push(frameAt(index).row);
      return { chunk: question.chunk, base: standing(first - 1), rows };
    }
    const frame = frameAt(question.frame);
    if (!frame) return { error: "There is no such frame in this file." };
    const level = question.whole ? frame.whole : frame.state;
    if (ask === "inside") return inside(level, question.steps, question.start);
    if (ask === "detail") {
      const base = { title: frame.title, tab: question.tab, levels: frame.levels };
      if (question.tab === "state") return { ...base, ...inside(level, [], 0), changed: frame.changed };
      return { ...base, ...(frame.tabs[question.tab] ?? {}) };
    }
    if (ask === "node") {
      const visits = [];
      for (let index = question.frame; index >= 0 && visits.length < 12; index -= 1) {
        if (frameAt(index).row[0] === question.node) visits.push(frameAt(index).title);
      }
      return { visits, ways: [], ...(book.nodes?.[question.node] ?? {}) };
    }
    return { error: "This is a saved history: only a live debugger can answer that." };
  }

  function send(content, tell) {
    const say = tell ?? ((message) => heard.forEach((listener) => listener(message)));
    if (content.re) {
      const reply = { kind: "reply", re: content.re, answer: answer(content) };
      queueMicrotask(() => say(reply));
    } else if (content.do === "line" && lineOf(content.line)) {
      line = content.line;
      queueMicrotask(() => say({ kind: "snapshot", ...snapshot() }));
    }
  }

  return {
    saved: true,
    get: (name) => ({ outline: book.outline, drawing, snapshot: snapshot() })[name],
    on: (what, listener) => what === "msg:custom" && heard.add(listener),
    off: (what, listener) => heard.delete(listener),
    send,
  };
}

function outlineOf(json) {
  return { name: json.name, nodes: json.nodes.map(([path, name, kind, parent, role]) => ({ path, name, kind, parent, role })) };
}
