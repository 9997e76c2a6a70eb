/**
 * A history in a file: answers what a kernel would be asked, from rows that were written down.
 * What a book has is said in book.py.
 */

import { asks } from "./queries.js";
import { Values } from "./values.js";
import { CHUNK, KINDS, addRow, copyOf, standingOf } from "../core/node_status.js";

const EVENTS = 600;
/** A standing is kept every so many frames. */
const EVERY = 16 * CHUNK;

/** A stand-in for the widget's model. `send` answers to the listener that `on` was given. */
export function bookModel(book, shown = null) {
  let line = book.line;
  let seq = 1;
  let kept = [];
  let watches = [];
  let look = { frame: null, by: "", n: 0 };
  const heard = new Set();
  const outline = outlineOf(book.outline);
  const drawing = book.drawing ?? shown?.get("drawing") ?? {};
  const values = new Values(book);

  const lineOf = (name) => book.lines.find((one) => one.name === name);
  const countOf = (one) => one.frames.reduce((sum, [, count]) => sum + count, 0);

  /** Where a frame of a line is in the book: a line is a few stretches of it. */
  function placeOf(index, name = line) {
    let left = index;
    for (const [first, count] of lineOf(name).frames) {
      if (left < count) return first + left;
      left -= count;
    }
    return -1;
  }

  const rowAt = (index) => book.frames[placeOf(index)][0];

  const pages = {
    get count() {
      return countOf(lineOf(line));
    },
    get head() {
      return lineOf(line).head;
    },
    node: (number) => book.nodes[number],
    frame: (index) => page(index, placeOf(index)),
  };

  function page(index, place) {
    const [row, path, state, root, level, , writes] = book.frames[place];
    return {
      index, number: row[0], kind: KINDS[row[1]], visit: row[2], path: values.word(path), state, root, level: values.word(level),
      more: book.more[place] ?? {},
      get writes() {
        const made = [];
        for (let at = 0; at < writes.length; at += 5) {
          const [what, path, key, value, reducer] = writes.slice(at, at + 5);
          made.push({ what: values.word(what), path: values.word(path), key: values.word(key), value, reducer: values.word(reducer) });
        }
        return made;
      },
    };
  }

  const whole = asks(pages, values);

  function standing(index) {
    const first = Math.floor((index + 1) / EVERY);
    let made = standingOf(null);
    for (let at = 0; at <= first; at += 1) {
      if (kept[at]) made = copyOf(kept[at]);
      else kept[at] = copyOf(advance(made, at * EVERY - 1));
    }
    made = advance(made, index);
    return { index: made.index, current: [...made.current], marks: [...made.marks].map(([n, mark]) => [n, ...mark]),
      taken: [...made.taken].map(([key, count]) => [...key.split(" ").map(Number), count]) };
  }

  function advance(made, index) {
    while (made.index < index) addRow(made, rowAt(made.index + 1), outline);
    return made;
  }

  function events() {
    const found = [];
    const { count } = pages;
    for (let index = 0; index < count; index += 1) {
      const kind = rowAt(index)[1];
      if (kind !== 1) found.push([index, kind]);
    }
    const step = Math.ceil(found.length / EVENTS);
    return step > 1 ? found.filter((_, at) => at % step === 0) : found;
  }

  function snapshot() {
    const own = lineOf(line);
    return {
      seq: (seq += 1), events: events(), streams: [], standing: standing(own.head),
      head: { ...book.head, head: own.head, count: pages.count, line, status: own.status, line_text: own.line_text,
        lines: book.lines.map((one) => one.name), pending: [], busy: false, look, watches },
    };
  }

  function title({ index, number, kind, path, visit, more }) {
    const [, , , micros] = rowAt(index);
    return { index, kind, path, visit, number, ms: micros / 1000, failed: Boolean(more.error), decision: more.decision ?? "",
      tries: more.tries ?? 0, recorded: more.recorded ?? false, stale: more.stale ?? [], cost: more.cost ?? "" };
  }

  function detail({ frame: index, tab, whole: outer, against, texts }) {
    const frame = pages.frame(index);
    const base = { title: title(frame), tab, levels: frame.level ? [frame.level.replaceAll(/#\d+/g, ""), "whole run"] : [] };
    const state = outer ? frame.root : frame.state;
    if (tab === "state") return { ...base, ...values.inside(state, [], 0), changed: [...new Set(frame.writes.map(({ key }) => key).filter(Boolean))] };
    if (tab === "diff") return { ...base, ...diff(frame, outer, against ?? index - 1) };
    if (tab === "mutations") return { ...base, rows: frame.writes.map(whole.mutation), more: 0, can_untick: false };
    if (tab === "route") return { ...base, ...book.routes[book.frames[placeOf(index)][5]] };
    if (tab === "output") return { ...base, text: "", cut: 0, stream: "", chunks: 0, shown: [], ...frame.more.output };
    if (tab === "error") return { ...base, type: "", parts: [], ...frame.more.error };
    if (tab === "watches") return { ...base, rows: whole.watched(index, texts ?? []), stops: book.stops ?? [] };
    return base;
  }

  function diff(frame, outer, against) {
    if (against < 0) return { against: null, rows: [], more: 0 };
    const before = pages.frame(against);
    if (outer || !frame.level) return { against, ...values.diff(before.root, frame.root) };
    // The level as it was then: told by the newest frame that was in it, else by what it takes in.
    for (let index = against; index >= 0; index -= 1) {
      const one = pages.frame(index);
      if (one.level === frame.level) return { against, ...values.diff(one.state, frame.state) };
    }
    const begun = taken(frame, against);
    if (begun) return { against, ...values.diffPairs(begun, [...values.state(frame.state)]) };
    return { against, ...values.diff(before.root, frame.root) };
  }

  /** What a level begins with: the part of the state around it that its lens takes in. */
  function taken({ level }, upto) {
    const path = level.replaceAll(/#\d+/g, "").split("/");
    const nodeOf = (parts) => outline.nodes.findIndex((node) => node.path === parts.join("/"));
    const branch = outline.nodes[nodeOf(path.slice(0, -1))]?.kind === "parallel";
    const lens = book.nodes[nodeOf(path)]?.lens ?? (branch ? "" : undefined);
    if (lens === undefined) return null;
    const outer = level.split("/").slice(0, branch ? -2 : -1).join("/");
    for (let index = upto; index >= 0; index -= 1) {
      const one = pages.frame(index);
      if (one.level !== outer) continue;
      const pairs = values.state(one.state);
      if (!lens) return [...pairs];
      return pairs.has(lens) ? values.kids(pairs.get(lens)) : [];
    }
    return null;
  }

  /** Two lines side by side: they were compared when the book was written. */
  function compare(name) {
    const found = (book.compares ?? []).find(({ names: [left, right] }) => left === line && right === name);
    return found ?? { error: "These two lines were not compared when this was saved." };
  }

  const answers = {
    chunk({ chunk }) {
      const first = chunk * CHUNK;
      const rows = [];
      for (let index = first; index < Math.min(first + CHUNK, pages.count); index += 1) rows.push(rowAt(index));
      return { chunk, base: standing(first - 1), rows };
    },
    detail,
    inside({ frame, steps, start, whole: outer }) {
      const { state, root } = pages.frame(frame);
      return values.inside(outer ? root : state, steps, start);
    },
    node({ node, frame }) {
      const visits = [];
      for (let index = frame; index >= 0 && visits.length < 12; index -= 1) {
        if (rowAt(index)[0] === node) visits.push(title(pages.frame(index)));
      }
      return { visits, ways: [], ...(book.nodes?.[node] ?? {}) };
    },
    who: whole.who,
    find: whole.find,
    changes: whole.changes,
    compare: (question) => compare(question.line),
    pair({ line: other, left, right }) {
      return values.diff(book.frames[placeOf(right, other)][2], pages.frame(left).state);
    },
  };

  function answer(question) {
    const found = answers[question.ask];
    if (!found) return { error: "This is a saved history: only a live debugger can answer that." };
    if (question.frame !== undefined && (question.frame < 0 || question.frame >= pages.count)) return { error: "There is no such frame in this file." };
    try {
      return found(question);
    } catch (error) {
      return { error: `This file cannot answer that: ${error.message}` };
    }
  }

  function act(content) {
    if (content.do === "line" && lineOf(content.line)) {
      line = content.line;
      kept = [];
      look = { frame: content.frame ?? null, by: "", n: 0 };
    } else if (content.do === "watch") {
      watches = [...watches.filter((one) => one !== content.text), ...(content.on ? [content.text] : [])];
    } else return false;
    return true;
  }

  function send(content, tell) {
    const say = tell ?? ((message) => heard.forEach((listener) => listener(message)));
    if (content.re) {
      const reply = { kind: "reply", re: content.re, answer: answer(content) };
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
    on: (what, listener) => what === "msg:custom" && heard.add(listener),
    off: (what, listener) => heard.delete(listener),
    send,
  };
}

function outlineOf(json) {
  return { name: json.name, nodes: json.nodes.map(([path, name, kind, parent, role]) => ({ path, name, kind, parent, role })) };
}
