/** What each tab of the inspector draws from the rows it is given. */

import { el, plural } from "../core/dom.js";
import { branches } from "./branches.js";
import { diffRows } from "./diff_rows.js";
import { editBar, editLine } from "./edits.js";
import { error } from "./error.js";
import { picture } from "./rich.js";
import { treeRows } from "./value_tree.js";
import { watches } from "./watches.js";
import { who } from "./who.js";

/** Inside a composite: the state of its level, or that of the whole run. */
function levels(detail, { whole, level }) {
  if (!detail.levels?.length) return null;
  const buttons = detail.levels.map((name, place) =>
    el(
      "button",
      { type: "button", class: "chip", "aria-pressed": String(whole === (place === 1)), onclick: () => level(place === 1) },
      name,
    ),
  );
  return el("div", { class: "tab-bar levels", role: "group", "aria-label": "Level" }, buttons);
}

function state(detail, view) {
  const { store } = view;
  const own = !view.whole || !detail.levels?.length;
  const bar = editBar(detail, view);
  const asks = {
    fetch: view.fetch,
    who: (steps) => view.who({ steps, whole: view.whole }),
    edit: own && !store.saved ? (steps, row, line) => editLine(detail, view, bar, steps, row, line) : null,
  };
  const parts = [levels(detail, view), bar.root];
  if (!detail.total) return [...parts, empty("The state is empty.")];
  return [...parts, el("div", { class: "tree" }, treeRows(detail, [], asks, new Set(detail.changed)))];
}

function diff(detail, view) {
  const { against, last, store } = view;
  const input = el("input", {
    type: "number", min: 0, max: last, class: "against", "aria-label": "Compare with frame",
    placeholder: detail.against === null ? "" : String(detail.against),
    onchange: () => against(input.value === "" ? null : Number(input.value)),
  });
  if (detail.chosen !== null && detail.chosen !== undefined) input.value = detail.chosen;
  const bar = el("div", { class: "tab-bar" }, el("label", {}, "changes since frame ", input));
  if (detail.against === null) return [empty("This is the first frame: there is nothing before it.")];
  return [levels(detail, view), bar, diffRows(detail, "Nothing changed.")];
}

function mutations(detail, { store, frame }) {
  if (!detail.rows.length) return [empty("This frame wrote nothing.")];
  const can = detail.can_untick && !store.saved;
  const rows = detail.rows.map((row, place) => {
    const tick = can
      ? el("input", {
        type: "checkbox", checked: true, "aria-label": `Keep ${row.what} ${row.path}`,
        title: "Untick: fold the history again without this, on a new line; no node runs",
        onchange: () => store.order({ do: "without", frame, mutation: place }),
      })
      : null;
    return el(
      "tr", {},
      el("td", { class: "what" }, tick, row.what),
      el("td", { class: "change-path" }, row.path),
      el("td", { class: "tree-value" }, row.value ? row.value.text : ""),
      el("td", { class: "tree-type" }, row.reducer),
    );
  });
  const head = el("tr", {}, ["Mutation", "Key", "Value", "Reducer"].map((name) => el("th", { scope: "col" }, name)));
  const hint = can ? el("p", { class: "faint" }, "Untick one to see the run without it, on a new line; no node runs again.") : null;
  return [el("table", { class: "rows" }, el("thead", {}, head), el("tbody", {}, rows)), more(detail), hint];
}

function route(detail) {
  if (!detail.went && !detail.rows.length) {
    return [empty(detail.said ? `${detail.said}.` : "The run stayed where it was: no way was chosen at this frame.")];
  }
  const how = detail.kind && detail.kind !== "end" ? ` (${detail.kind})` : "";
  const to = detail.next === null ? "This level ends here." : ["Goes on to ", el("b", {}, detail.next), `${how}.`];
  const parts = [detail.went ? el("p", { class: "lead" }, to) : null];
  if (detail.said) parts.push(el("p", { class: "faint" }, detail.said));
  if (detail.rows.length) {
    const rows = detail.rows.map((row) =>
      el(
        "tr", { class: row.won ? "taken" : undefined },
        el("td", {}, el("span", { class: "change-path" }, row.edge), row.kind ? el("span", { class: "tree-type" }, ` ${row.kind}`) : null,
          row.condition ? el("code", { class: "condition" }, row.condition) : null,
          row.note ? el("div", { class: "faint" }, row.note) : null),
        el("td", {}, answerOf(row)),
        el("td", { class: "tree-value" }, (row.reads ?? []).join(", ")),
      ),
    );
    const head = el("tr", {}, ["Way out", "Answer", "Keys read"].map((name) => el("th", { scope: "col" }, name)));
    parts.push(el("table", { class: "rows" }, el("thead", {}, head), el("tbody", {}, rows)));
  }
  return parts;
}

function answerOf(row) {
  const said = row.result === null || row.result === undefined ? "" : String(row.result);
  return row.won ? (said ? `${said}: taken` : "taken") : said;
}

function output(detail, { store, frame }) {
  const shown = detail.shown ?? [];
  if (!detail.text && !detail.stream && !shown.length) return [empty("Nothing was printed, logged or shown.")];
  const parts = [];
  if (detail.cut) parts.push(el("div", { class: "faint" }, `${plural(detail.cut, "earlier character")} not shown`));
  if (detail.text) parts.push(el("pre", { class: "full" }, detail.text));
  const fetch = store.saved ? null : (place) => store.ask({ ask: "picture", frame, place });
  for (const row of shown) if (row.kind !== "text") parts.push(el("div", { class: "displayed" }, picture(row, fetch)));
  if (detail.stream) {
    parts.push(el("h4", {}, `Stream · ${plural(detail.chunks, "chunk")}`), el("pre", { class: "full stream" }, detail.stream));
  }
  return parts;
}

function more(detail) {
  return detail.more ? el("div", { class: "faint" }, `and ${detail.more.toLocaleString("en")} more`) : null;
}

function empty(words) {
  return el("p", { class: "empty" }, words);
}

export const TABS = [
  { id: "state", name: "State", draw: state },
  { id: "diff", name: "Diff", draw: diff },
  { id: "mutations", name: "Mutations", draw: mutations },
  { id: "route", name: "Route", draw: route },
  { id: "output", name: "Output", draw: output },
  { id: "error", name: "Error", draw: error },
  { id: "who", name: "Who", draw: who },
  { id: "watches", name: "Watches", draw: watches },
  { id: "branches", name: "Branches", draw: branches },
];
