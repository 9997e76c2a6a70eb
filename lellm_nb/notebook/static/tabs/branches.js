// @ts-check
/** The Branches tab: the tree of lines with notes and pins, and two lines side by side. */

import { el, idOf, text, visible } from "../core/dom.js";
import { compared } from "./compare_offline.js";
import { diffRows } from "./diff_rows.js";

/** So many lines are drawn at first, and with each press for more. */
const DRAWN = 200;
/** Of many lines so many are drawn above the one on show. */
const ABOVE = 8;
/** Of what a press brings this much is in sight. */
const SEEN = 80;

/** @type {Record<string, string>} */
const COLOUR_OF = { failed: "error", waiting: "waiting", completed: "decision" };

/**
 * @param {Detail} _detail
 * @param {View} view
 */
function draw(_detail, { store }) {
  const tree = store.head.tree ?? [];
  const sides = el("div", { class: "compared" });
  const listed = inOrder(tree);
  const mine = listed.findIndex(([row]) => row[0] === store.head.line);
  let from = Math.max(0, Math.min(mine - ABOVE, listed.length - DRAWN));
  let to = Math.min(listed.length, from + DRAWN);
  const drawn = (/** @type {number} */ begin, /** @type {number} */ end) =>
    listed.slice(begin, end).map(([row, depth]) => lineRow(row, depth, store, compare));
  const list = el("div", { class: "tree-of-lines", role: "list", "aria-label": "Lines" }, drawn(from, to));
  const earlier = further("earlier", () => {
    const begin = Math.max(0, from - DRAWN);
    list.prepend(...drawn(begin, from));
    from = begin;
    count();
  });
  const later = further("later", () => {
    const end = Math.min(listed.length, to + DRAWN);
    list.append(...drawn(to, end));
    to = end;
    count();
  });

  function count() {
    earlier.tell(from);
    later.tell(listed.length - to);
  }

  /** @param {string} name */
  async function compare(name, pressed = true) {
    store.compared = name;
    sides.replaceChildren(el("p", { class: "faint" }, "comparing …"));
    const reply = await store.ask({ ask: "compare", line: name });
    if (store.compared !== name) return;
    if (reply.error) {
      sides.replaceChildren(el("p", { class: "faint bad" }, reply.error));
      return;
    }
    sides.replaceChildren(...sideBySide(reply, store));
    if (pressed) bringUp(sides);
  }

  count();
  if (store.compared && tree.some((row) => row[0] === store.compared) && store.compared !== store.head.line) {
    compare(store.compared, false);
  }
  return [earlier.button, list, later.button, sides];
}

/**
 * The lines, each after the one that it was forked from, with how deep it is.
 * @param {LineRow[]} tree
 * @returns {[row: LineRow, depth: number][]}
 */
function inOrder(tree) {
  /** @type {Map<string, LineRow[]>} */
  const forks = new Map();
  for (const row of tree) {
    const known = forks.get(row[1]);
    if (known) known.push(row);
    else forks.set(row[1], [row]);
  }
  /** @type {[row: LineRow, depth: number][]} */
  const found = [];
  // without recursion: forks of forks may be deeper than the page's stack
  const trail = (forks.get("") ?? []).map((row) => /** @type {[LineRow, number]} */ ([row, 0])).reverse();
  for (let one = trail.pop(); one; one = trail.pop()) {
    const [row, depth] = one;
    found.push(one);
    for (const fork of (forks.get(row[0]) ?? []).reverse()) trail.push([fork, depth + 1]);
  }
  return found;
}

/**
 * Scroll what a press brought into sight, where it stands below many rows.
 * @param {HTMLElement} part
 */
function bringUp(part) {
  const body = part.parentElement;
  if (!body) return;
  const [here, there] = [part.getBoundingClientRect(), body.getBoundingClientRect()];
  if (here.top > there.bottom - SEEN) body.scrollTop += here.top - there.top;
}

/**
 * A button that draws more of many lines, and says how many there are.
 * @param {string} what
 * @param {() => void} onclick
 */
function further(what, onclick) {
  const button = el("button", { type: "button", class: "more", onclick });
  return {
    button,
    tell: (/** @type {number} */ left) => {
      visible(button, left > 0);
      text(button, `${left.toLocaleString("en")} ${what} lines`);
    },
  };
}

/**
 * @param {LineRow} row
 * @param {number} depth
 * @param {Store} store
 * @param {(name: string) => void} compare
 */
function lineRow([name, base, at, frames, state, notes, pins], depth, store, compare) {
  const mine = name === store.head.line;
  const count = mine ? store.head.count : frames;
  const status = mine ? store.head.status : state;
  const said = el("b", { class: "line-title" });
  text(said, name);
  const head = el(
    "div", { class: "line-head", "aria-current": mine ? "true" : null },
    said,
    el("span", { class: "badge", "data-kind": COLOUR_OF[status] }, status),
    el("span", { class: "faint" }, base ? `from frame ${at} of ${base}, to ${count - 1}` : `${count} frames`),
    el("span", { class: "spring" }),
    mine ? el("span", { class: "faint" }, "on show") : el("button", { type: "button", class: "chip", "aria-label": `Show ${name}`, onclick: () => store.send({ do: "line", line: name }) }, "Show"),
    mine ? null : el("button", { type: "button", class: "chip", "aria-label": `Compare with ${name}`, onclick: () => compare(name) }, "Compare"),
  );
  const marks = [
    ...notes,
    ...pins.filter((index) => !notes.some(([noted]) => noted === index)).map((index) => /** @type {[number, string]} */ ([index, ""])),
  ].map(([index, words]) =>
    el(
      "button", { type: "button", class: "hit", disabled: !mine, onclick: () => store.look(index) },
      el("span", { class: "hit-frame" }, `frame ${index}`), pins.includes(index) ? el("span", { class: "badge" }, "pinned") : null,
      el("span", {}, words),
    ));
  const row = el("div", { class: "line-row", role: "listitem" }, head, marks);
  row.style.setProperty("--depth", String(depth));
  return row;
}

/**
 * @param {Comparison} reply
 * @param {Store} store
 */
function sideBySide(reply, store) {
  const [left, right] = reply.names;
  const rows = reply.rows.map((row) => (row.fold !== undefined ? fold(row.fold, row.shared) : differing(row, right, store)));
  const head = el("tr", {}, [left, right, "Different keys"].map((name) => el("th", { scope: "col" }, name)));
  return [
    el("h4", {}, `${left} and ${right}`),
    el("table", { class: "rows sides", "aria-label": `Compare ${left} with ${right}` }, el("thead", {}, head), el("tbody", {}, rows)),
    reply.more ? el("p", { class: "faint" }, `and ${reply.more.toLocaleString("en")} more steps`) : null,
    el("h4", {}, `At their heads, ${right} → ${left}`),
    diffRows(reply.end, "The two states are the same."),
  ].filter((part) => part !== null);
}

/**
 * Steps that need no look, on one row.
 * @param {number} count
 * @param {boolean} shared
 */
function fold(count, shared) {
  return el("tr", { class: "folded" }, el("td", { colspan: 3 }, `${count.toLocaleString("en")} ${count === 1 ? "step" : "steps"} ${shared ? "shared" : "the same"}`));
}

/**
 * @param {PairRow} row
 * @param {string} line
 * @param {Store} store
 */
function differing(row, line, store) {
  const cell = (/** @type {SideRow | null} */ side, /** @type {boolean} */ mine) => {
    if (!side) return el("td", { class: "faint" }, "–");
    const words = `${side.frame} ${side.path || side.kind}${side.kind === "commit" ? "" : ` (${side.kind})`}`;
    const to = side.next ? ` → ${side.next}` : side.failed ? " failed" : "";
    return el("td", {}, el("button", {
      type: "button", class: "hit", "aria-label": `frame ${side.frame} of ${mine ? "this line" : line}`,
      onclick: () => (mine ? store.look(side.frame) : store.send({ do: "line", line, frame: side.frame, by: store.me, n: 0 })),
    }, words, el("span", { class: "faint" }, to)));
  };
  const keys = el("td", {});
  const differ = row.keys.join(", ");
  if (row.left && row.right && differ) keys.append(...difference(row.path, differ, line, [row.left.frame, row.right.frame], store));
  else text(keys, differ);
  const first = row.first ? el("span", { class: "badge", "data-kind": "waiting" }, "first difference") : null;
  if (first) keys.append(" ", first);
  return el("tr", { class: row.first ? "first-difference" : undefined }, cell(row.left, true), cell(row.right, false), keys);
}

/**
 * The keys that differ after a step: a button, and what it opens.
 * @param {string} path
 * @param {string} keys
 * @param {string} line
 * @param {[left: number, right: number]} frames
 * @param {Store} store
 */
function difference(path, keys, line, [left, right], store) {
  const shown = el("div", { hidden: true });
  const button = el("button", {
    type: "button", class: "hit", "aria-expanded": "false", "aria-label": `Difference at ${path}`,
    onclick: async () => {
      shown.hidden = !shown.hidden;
      button.setAttribute("aria-expanded", String(!shown.hidden));
      if (shown.hidden) return;
      const reply = await store.ask({ ask: "pair", line, left, right });
      shown.replaceChildren(...(reply.error ? [el("p", { class: "bad" }, reply.error)] : [el("p", { class: "faint" }, `${line} → this line`), diffRows(reply, "The same.")]));
    },
  }, keys);
  return [button, shown];
}

/**
 * Two lines of a history in a file: of few lines they were compared when it was written.
 * @param {{ line: string }} question
 * @param {SavedHistory} history
 */
function compareOffline({ line }, history) {
  const { book, pages } = history;
  if (!book.lines.some((one) => one.name === line)) return { error: `There is no line ${JSON.stringify(line)} in this file.` };
  const found = (book.compares ?? []).find(({ names: [left, right] }) => left === pages.line && right === line);
  return found ?? compared(line, history);
}

/**
 * @param {{ line: string, left: number, right: number }} question
 * @param {SavedHistory} history
 */
function pairOffline({ line, left, right }, { pages, values }) {
  return values.diff(pages.stateOf(line, right), pages.frame(left).state);
}

/** Of a frame it tells nothing: it is about more, and asks for itself. @type {TabModule} */
export const tab = {
  draw,
  offline: () => ({}),
  beside: (store) => `${idOf(store.head.tree ?? [])} ${store.head.head}`,
  questions: { compare: compareOffline, pair: pairOffline },
};
