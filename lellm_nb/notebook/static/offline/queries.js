/** Questions about a whole history that a book answers itself: who, find, watches. Nothing is evaluated. */

const MOST_WRITES = 60;
const MOST_HITS = 100;
const MOST_CHANGES = 40;
const AROUND = 30;
const LEAVING = new Set(["exit", "join"]);
const NO_KERNEL = "without a kernel a watch is a path such as total, plan.steps[2] or len(items)";

/** `pages` has count, frame(index) and node(number); `values` is what the book holds. */
export function asks(pages, values) {
  const plain = (path) => path.replaceAll(/#\d+/g, "");
  const touches = (path, other) => path === other || under(path, other) || under(other, path);
  const under = (path, above) => path.startsWith(above) && ".[".includes(path[above.length]);

  // -- who --------------------------------------------------------------------

  function who({ frame, steps, whole, text }) {
    const here = pages.frame(frame);
    let level = text || whole ? "" : here.level;
    let path = text ?? "";
    if (!text) path = pathOf(whole ? here.root : here.state, steps);
    else if (text.includes(":") && !values.state(here.root).has(text)) [level, path] = [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)];
    const rows = [];
    let more = 0;
    const put = (page, write, through) => {
      if (rows.length >= MOST_WRITES) more += 1;
      else rows.push({ frame: page.index, kind: page.kind, path: page.path || "start", visit: page.visit, through, wrote: mutation(write) });
    };
    const exact = level.includes("#");
    const meant = (page) => (exact ? page.level : plain(page.level)) === level;
    for (let index = Math.min(frame, pages.head); index >= 0; index -= 1) {
      const page = pages.frame(index);
      if (meant(page)) tell(page, path, [], put);
    }
    const known = values.state(here.root).has(path.split(/[.[]/)[0]) || rows.length || level;
    if (!known) return { error: `There is no key ${JSON.stringify(path)} on the way to frame ${frame}.` };
    return { of: level ? `${level}:${path}` : path, rows, more };
  }

  /** Tell a frame's writes; where it left a composite, the writes inside that it brought out too. */
  function tell(page, path, through, put) {
    const hits = page.writes.filter((write) => touches(write.path, path)).reverse();
    for (const write of hits) put(page, write, through);
    if (!hits.length || !LEAVING.has(page.kind)) return;
    const lens = pages.node(page.number)?.lens;
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
      if (inner) tell(one, inner, [...through, page.path], put);
      else for (const write of [...one.writes].reverse()) put(one, write, [...through, page.path]);
    }
  }

  function pathOf(state, steps) {
    const [key, first] = [...values.state(state)][steps[0]];
    let [path, place] = [key, first];
    for (const step of steps.slice(1)) {
      const listed = values.row(place).type !== "dict";
      const [name, kid] = values.kids(place, step, step + 1)[0];
      path += listed ? `[${name}]` : `.${name}`;
      place = kid;
    }
    return path;
  }

  const mutation = ({ what, path, value, reducer }) => ({ what, path, value: value < 0 ? null : values.row(value), reducer });

  // -- find -------------------------------------------------------------------

  function find({ text }) {
    if (!text) return { error: "find takes a text that is not empty." };
    const wanted = text.toLowerCase();
    const memo = new Map();
    const rows = [];
    let total = 0;
    const put = (page, where, key, words) => {
      total += 1;
      if (rows.length < MOST_HITS) rows.push({ frame: page.index, path: page.path || "start", where, key, text: around(words, wanted) });
    };
    const has = (words) => words.toLowerCase().includes(wanted);
    /** Where the text is inside a value: [path, words, where] of each; a value is looked through once. */
    const inside = (place) => {
      if (memo.has(place)) return memo.get(place);
      const found = [];
      memo.set(place, found);
      const kids = values.kids(place);
      if (!kids.length && has(values.text(place))) found.push(["", values.text(place), "value"]);
      const listed = values.row(place).type !== "dict";
      for (const [key, kid] of kids) {
        const name = listed ? `[${key}]` : `.${key}`;
        if (!listed && has(key)) found.push([name, key, "key"]);
        for (const [path, words, where] of inside(kid)) found.push([name + path, words, where]);
      }
      return found;
    };
    const told = new Set();
    const write = (page, path, place) => {
      if (has(path)) put(page, "key", path, path);
      if (place < 0 || (LEAVING.has(page.kind) && told.has(place))) return;
      const hits = inside(place);
      if (hits.length) told.add(place);
      for (const [more, words, where] of hits) put(page, where, path + more, words);
    };
    for (let index = 0; index < pages.count; index += 1) {
      const page = pages.frame(index);
      if (index === 0) for (const [key, place] of values.state(page.root)) write(page, key, place);
      for (const { path, value } of page.writes) write(page, path, value);
      const { output, error, decision } = page.more;
      if (output && has(output.text)) put(page, "output", "", output.text);
      if (output && has(output.stream)) put(page, "stream", "", output.stream);
      const failed = error && (error.wrapped || `${error.type}: ${error.message}`);
      if (failed && has(failed)) put(page, "error", "", failed);
      if (decision && has(decision)) put(page, "decision", "", decision);
    }
    return { rows, total };
  }

  function around(words, wanted) {
    const at = Math.max(0, words.toLowerCase().indexOf(wanted));
    const [begin, end] = [Math.max(0, at - AROUND), at + wanted.length + AROUND];
    return (begin ? "…" : "") + words.slice(begin, end).split(/\s+/).join(" ").trim() + (end < words.length ? "…" : "");
  }

  // -- watches ----------------------------------------------------------------

  /** A path's value at a frame, as a row. It is read as a path and never run. */
  function valueAt(text, page) {
    const length = text.match(/^\s*len\((.*)\)\s*$/s);
    const keys = keysOf(length ? length[1] : text);
    if (!keys) return { error: NO_KERNEL };
    const { place, error } = values.at(page.root, keys);
    if (error) return { error };
    if (!length) return values.row(place);
    return { type: "int", size: "", text: String(values.count(place) || parseInt(values.row(place).size.replaceAll(",", ""), 10) || 0), opens: false };
  }

  function watched(frame, texts) {
    const page = pages.frame(frame);
    const before = frame ? pages.frame(frame - 1) : null;
    return texts.map((text) => ({ text, now: valueAt(text, page), old: before && valueAt(text, before) }));
  }

  function changes({ text }) {
    const rows = [];
    let last = null;
    for (let index = 0; index < pages.count; index += 1) {
      const value = valueAt(text, pages.frame(index));
      const words = value.error ?? value.text;
      if (words === last) continue;
      rows.push({ frame: index, text: words, bad: Boolean(value.error) });
      last = words;
    }
    return { rows: rows.slice(-MOST_CHANGES).reverse(), more: Math.max(0, rows.length - MOST_CHANGES) };
  }

  return { who, find, watched, changes, mutation };
}

/** `plan.steps[2]["a key"]` as keys and indexes, or null where it is anything else. */
function keysOf(text) {
  const trimmed = text.trim();
  const start = trimmed.startsWith("state[") ? trimmed.slice(5) : trimmed;
  const part = /\s*(?:(?:^|\.)([\p{L}_][\p{L}\p{N}_]*)|\[\s*(-?\d+)\s*\]|\[\s*"([^"\\]*)"\s*\]|\[\s*'([^'\\]*)'\s*\])/uy;
  const keys = [];
  while (part.lastIndex < start.length) {
    const found = part.exec(start);
    if (!found) return null;
    keys.push(found[2] === undefined ? (found[1] ?? found[3] ?? found[4]) : Number(found[2]));
  }
  return keys.length && typeof keys[0] === "string" ? keys : null;
}
