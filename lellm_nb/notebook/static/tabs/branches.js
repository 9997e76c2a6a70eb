// @ts-check
/** The Branches tab: the tree of lines with notes and pins, and two lines side by side. */

import { el, text } from "../core/dom.js";
import { diffRows } from "./diff_rows.js";

/** @type {Record<string, string>} */
const COLOUR_OF = { failed: "error", waiting: "waiting", completed: "decision" };

/**
 * @param {Detail} _detail
 * @param {View} view
 */
function draw(_detail, { store }) {
  const tree = store.head.tree ?? [];
  const compared = el("div", { class: "compared" });
  /** @type {HTMLElement[]} */
  const rows = [];
  const walk = (/** @type {string} */ base, /** @type {number} */ depth) => {
    for (const row of tree) {
      if (row[1] !== base) continue;
      rows.push(lineRow(row, depth, store, compare));
      walk(row[0], depth + 1);
    }
  };
  walk("", 0);

  /** @param {string} name */
  async function compare(name) {
    store.compared = name;
    compared.replaceChildren(el("p", { class: "faint" }, "comparing …"));
    const reply = await store.ask({ ask: "compare", line: name });
    if (store.compared !== name) return;
    if (reply.error) {
      compared.replaceChildren(el("p", { class: "faint bad" }, reply.error));
      return;
    }
    compared.replaceChildren(...sideBySide(reply, store));
  }

  if (store.compared && tree.some((row) => row[0] === store.compared) && store.compared !== store.head.line) {
    compare(store.compared);
  }
  return [el("div", { class: "tree-of-lines", role: "list", "aria-label": "Lines" }, rows), compared];
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
  const rows = reply.rows.map((row) => (row.fold ? fold(row.fold, Boolean(row.shared)) : differing(row, right, store)));
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
 * Two lines of a history in a file: they were compared when it was written.
 * @param {{ line: string }} question
 * @param {SavedHistory} history
 */
function compareOffline({ line }, { book, pages }) {
  const found = (book.compares ?? []).find(({ names: [left, right] }) => left === pages.line && right === line);
  return found ?? { error: "These two lines were not compared when this was saved." };
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
  beside: (store) => JSON.stringify([store.head.tree, store.head.head]),
  questions: { compare: compareOffline, pair: pairOffline },
};
