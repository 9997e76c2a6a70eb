/** The Branches tab: the tree of lines with notes and pins, and two lines side by side. */

import { el, text } from "../core/dom.js";
import { diffRows } from "./diff_rows.js";

export function branches(detail, view) {
  const { store } = view;
  const tree = store.head.tree ?? [];
  const compared = el("div", { class: "compared" });
  const rows = [];
  const walk = (base, depth) => {
    for (const row of tree) {
      if (row[1] !== base) continue;
      rows.push(lineRow(row, depth, store, (name) => compare(name)));
      walk(row[0], depth + 1);
    }
  };
  walk("", 0);

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

function lineRow([name, base, at, frames, state, notes, pins], depth, store, compare) {
  const mine = name === store.head.line;
  const count = mine ? store.head.count : frames;
  const status = mine ? store.head.status : state;
  const said = el("b", { class: "line-title" });
  text(said, name);
  const head = el(
    "div", { class: "line-head", "aria-current": mine ? "true" : null },
    said,
    el("span", { class: "badge", "data-kind": { failed: "error", waiting: "waiting", completed: "decision" }[status] }, status),
    el("span", { class: "faint" }, base ? `from frame ${at} of ${base}, to ${count - 1}` : `${count} frames`),
    el("span", { class: "spring" }),
    mine ? el("span", { class: "faint" }, "on show") : el("button", { type: "button", class: "chip", "aria-label": `Show ${name}`, onclick: () => store.send({ do: "line", line: name }) }, "Show"),
    mine ? null : el("button", { type: "button", class: "chip", "aria-label": `Compare with ${name}`, onclick: () => compare(name) }, "Compare"),
  );
  const marks = [
    ...notes.map(([index, words]) => [index, words]),
    ...pins.filter((index) => !notes.some(([noted]) => noted === index)).map((index) => [index, ""]),
  ].map(([index, words]) =>
    el(
      "button", { type: "button", class: "hit", disabled: !mine, onclick: () => store.look(index) },
      el("span", { class: "hit-frame" }, `frame ${index}`), pins.includes(index) ? el("span", { class: "badge" }, "pinned") : null,
      el("span", {}, words),
    ));
  const row = el("div", { class: "line-row", role: "listitem" }, head, marks);
  row.style.setProperty("--depth", depth);
  return row;
}

function sideBySide(reply, store) {
  const [left, right] = reply.names;
  const rows = reply.rows.map((row) => (row.fold ? fold(row) : differing(row, right, store)));
  const head = el("tr", {}, [left, right, "Different keys"].map((name) => el("th", { scope: "col" }, name)));
  return [
    el("h4", {}, `${left} and ${right}`),
    el("table", { class: "rows sides", "aria-label": `Compare ${left} with ${right}` }, el("thead", {}, head), el("tbody", {}, rows)),
    reply.more ? el("p", { class: "faint" }, `and ${reply.more.toLocaleString("en")} more steps`) : null,
    el("h4", {}, `At their heads, ${right} → ${left}`),
    diffRows(reply.end, "The two states are the same."),
  ].filter(Boolean);
}

function fold({ fold: count, shared }) {
  return el("tr", { class: "folded" }, el("td", { colspan: 3 }, `${count.toLocaleString("en")} ${count === 1 ? "step" : "steps"} ${shared ? "shared" : "the same"}`));
}

function differing(row, line, store) {
  const cell = (side, mine) => {
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
  if (row.left && row.right && differ) {
    const shown = el("div", { hidden: true });
    keys.append(el("button", {
      type: "button", class: "hit", "aria-expanded": "false", "aria-label": `Difference at ${row.path}`,
      onclick: async (event) => {
        shown.hidden = !shown.hidden;
        event.currentTarget.setAttribute("aria-expanded", String(!shown.hidden));
        if (shown.hidden) return;
        const reply = await store.ask({ ask: "pair", line, left: row.left.frame, right: row.right.frame });
        shown.replaceChildren(...(reply.error ? [el("p", { class: "bad" }, reply.error)] : [el("p", { class: "faint" }, `${line} → this line`), diffRows(reply, "The same.")]));
      },
    }, differ), shown);
  } else {
    text(keys, differ);
  }
  const first = row.first ? el("span", { class: "badge", "data-kind": "waiting" }, "first difference") : null;
  if (first) keys.append(" ", first);
  return el("tr", { class: row.first ? "first-difference" : undefined }, cell(row.left, true), cell(row.right, false), keys);
}
