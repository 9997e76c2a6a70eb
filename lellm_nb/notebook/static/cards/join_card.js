// @ts-check
/** The card of a parallel that cannot be left: branches failed, or disagree. What becomes of them. */

import { el } from "../core/dom.js";
import { icon } from "../core/icons.js";

const WAYS = [
  ["Keep", "keep", "join the branches that are good and go on without the others"],
  ["Retry", "retry", "run the failed branches again; the good ones are kept"],
  ["Drop", "drop", "join none of them and go on"],
];

const AGAIN = [
  ["Retry", "retry", "merge again, after branches that have new code ran again"],
  ["Drop", "drop", "join none of them and go on"],
];

/**
 * @param {Store} store
 * @param {JoinRow} row
 */
export function joinCard(store, row) {
  const disagree = row.sides.length > 0;
  /** @type {(how: string) => void} */
  const order = (how) => store.order({ do: "resolve_join", how });
  const answers = [
    ...(row.conflicts.length ? sidesByKeys(store, row) : row.sides.map((side) => answer(`Join ${side} alone`, "leave out what the others wrote", () => order(side)))),
    ...(disagree ? AGAIN : WAYS).map(([name, how, does]) => answer(name, does, () => order(how))),
  ];
  return el(
    "section",
    { class: "card card-join", role: "group", "aria-label": `Join ${row.path}` },
    el("header", { class: "card-head" }, icon("parallel"), el("span", { class: "card-title" }, row.path), el("span", { class: "card-queue" }, inWords(row))),
    el("div", { class: "answers" }, answers),
  );
}

/** @param {JoinRow} row */
function inWords(row) {
  if (row.conflicts.length) return `branches disagree on ${row.conflicts.map(([key]) => key).join(", ")}`;
  if (row.sides.length) return "the merge of its branches failed";
  return `${row.failed.length} of ${row.branches} ${row.branches === 1 ? "branch" : "branches"} failed: ${row.failed.join(", ")}`;
}

/**
 * A button for each side; keys that the same branches wrote are chosen together. The last choice joins.
 * @param {Store} store
 * @param {JoinRow} row
 */
function sidesByKeys(store, row) {
  /** @type {Map<string, { keys: string[], names: string[] }>} */
  const groups = new Map();
  for (const [key, names] of row.conflicts) {
    const id = JSON.stringify(names);
    const group = groups.get(id) ?? { keys: [], names };
    group.keys.push(key);
    groups.set(id, group);
  }
  /** @type {Record<string, string>} */
  const chosen = {};
  return [...groups.values()].flatMap(({ keys, names }) => {
    /** @type {HTMLElement[]} */
    const buttons = [];
    const choose = (/** @type {string} */ side, /** @type {Event} */ event) => {
      for (const key of keys) chosen[key] = side;
      for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.currentTarget));
      if (Object.keys(chosen).length === row.conflicts.length) store.order({ do: "resolve_join", how: { ...chosen } });
    };
    return names.map((side) => {
      const column = answer(`Keep ${side}`, `its side of ${keys.join(", ")}, and all that nobody disagrees with`, (event) => choose(side, event));
      const button = /** @type {HTMLElement} */ (column.querySelector("button"));
      if (groups.size > 1) {
        button.setAttribute("aria-pressed", "false");
        button.setAttribute("aria-label", `Keep ${side} for ${keys.join(", ")}`);
      }
      buttons.push(button);
      return column;
    });
  });
}

/**
 * @param {string} name
 * @param {string} does
 * @param {(event: Event) => void} onclick
 */
function answer(name, does, onclick) {
  return el(
    "div", { class: "answer-column" },
    el("div", { class: "answer-form" }, el("button", { type: "button", class: "answer", "aria-label": name, title: does, onclick }, name)),
    el("div", { class: "outcome faint" }, does),
  );
}
