/** What each tab of the inspector draws from the rows it is given. */

import { el, plural } from "./dom.js";
import { diffRows } from "./diffrows.js";
import { treeRows } from "./tree.js";

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
  const { fetch } = view;
  if (!detail.total) return [levels(detail, view), empty("The state is empty.")];
  return [levels(detail, view), el("div", { class: "tree" }, treeRows(detail, [], fetch, new Set(detail.changed)))];
}

function diff(detail, view) {
  const { against, last } = view;
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

function mutations(detail) {
  if (!detail.rows.length) return [empty("This frame wrote nothing.")];
  const rows = detail.rows.map((row) =>
    el(
      "tr", {},
      el("td", { class: "what" }, row.what),
      el("td", { class: "change-path" }, row.path),
      el("td", { class: "tree-value" }, row.value ? row.value.text : ""),
      el("td", { class: "tree-type" }, row.reducer),
    ),
  );
  const head = el("tr", {}, ["Mutation", "Key", "Value", "Reducer"].map((name) => el("th", { scope: "col" }, name)));
  return [el("table", { class: "rows" }, el("thead", {}, head), el("tbody", {}, rows)), more(detail)];
}

function route(detail) {
  if (!detail.went) return [empty("The run stayed where it was: no way was chosen at this frame.")];
  const how = detail.kind && detail.kind !== "end" ? ` (${detail.kind})` : "";
  const to = detail.next === null ? "This level ends here." : ["Goes on to ", el("b", {}, detail.next), `${how}.`];
  const parts = [el("p", { class: "lead" }, to)];
  if (detail.rows.length) {
    const rows = detail.rows.map((row) =>
      el(
        "tr", { class: row.result ? "taken" : undefined },
        el("td", { class: "change-path" }, row.edge),
        el("td", {}, row.result ? "true: taken" : "false"),
      ),
    );
    const head = el("tr", {}, ["Condition of", "Answer"].map((name) => el("th", { scope: "col" }, name)));
    parts.push(el("table", { class: "rows" }, el("thead", {}, head), el("tbody", {}, rows)));
  }
  return parts;
}

function output(detail) {
  if (!detail.text && !detail.stream.length) return [empty("Nothing was printed, logged or shown.")];
  const parts = [];
  if (detail.cut) parts.push(el("div", { class: "faint" }, `${plural(detail.cut, "earlier character")} not shown`));
  if (detail.text) parts.push(el("pre", { class: "full" }, detail.text));
  if (detail.stream.length) {
    parts.push(el("h4", {}, "Stream"), el("pre", { class: "full stream" }, detail.stream.join("")));
  }
  return parts;
}

function error(detail) {
  if (!detail.type) return [empty("No error at this frame.")];
  const lines = (stack) => stack.map((entry) =>
    el(
      "div", { class: "stack-line" },
      el("div", { class: "stack-where" }, `${shortFile(entry.file)}:${entry.line} in ${entry.function}`),
      el("code", {}, entry.code),
    ),
  );
  const parts = [
    el("p", { class: "error-title" }, el("b", {}, detail.type), detail.message ? `: ${detail.message}` : ""),
    el("p", { class: "faint" }, detail.where ? `in ${detail.where}` : ""),
    ...detail.notes.map((note) => el("p", {}, note)),
    el("div", { class: "stack" }, lines(detail.mine)),
  ];
  if (detail.theirs.length) {
    const summary = el("summary", { tabindex: 0 }, `${plural(detail.theirs.length, "line")} in libraries`);
    parts.push(el("details", { class: "stack" }, summary, lines(detail.theirs)));
  }
  return parts;
}

function more(detail) {
  return detail.more ? el("div", { class: "faint" }, `and ${detail.more.toLocaleString("en")} more`) : null;
}

function empty(words) {
  return el("p", { class: "empty" }, words);
}

function shortFile(file) {
  const parts = file.split(/[\\/]/);
  const cell = file.match(/ipykernel_\d+[\\/](\d+)\.py$/);
  return cell ? "cell" : parts.slice(-2).join("/");
}

export const TABS = [
  { id: "state", name: "State", draw: state },
  { id: "diff", name: "Diff", draw: diff },
  { id: "mutations", name: "Mutations", draw: mutations },
  { id: "route", name: "Route", draw: route },
  { id: "output", name: "Output", draw: output },
  { id: "error", name: "Error", draw: error },
];
