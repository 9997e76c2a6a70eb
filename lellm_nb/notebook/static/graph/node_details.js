// @ts-check
/** What is asked about one node: its code and doc, its mode, its ways out, its latest visits. */

import { duration, el, text, visible } from "../core/dom.js";
import { sumsText } from "../core/call_sums.js";

/** @type {Record<string, string>} */
const MODES = { live: "runs", recorded: "is looked up", ask: "asks first" };

/** @param {Store} store */
export function nodeDetails(store) {
  const doc = el("p", { class: "node-doc" });
  const calls = el("p", { class: "faint node-calls", hidden: true });
  const visits = el("div", { class: "visits" });
  const ways = el("div", { class: "ways" });
  const source = el("pre", { class: "full" });
  const mending = mendHint(store);
  const code = el("details", { class: "node-code" }, el("summary", { tabindex: 0 }, "Code"), source, mending.root);
  /** @type {HTMLSelectElement} */
  const mode = el("select", {
    "aria-label": "Mode", title: "What happens when the run comes here",
    onchange: () => {
      store.send({ do: "mode", node: shown, mode: mode.value });
      asked = "";
    },
  }, Object.entries(MODES).map(([value, words]) => {
    const option = el("option", {}, words);
    option.value = value;
    return option;
  }));
  const reached = el("label", {}, "When reached, it ", mode);
  let shown = -1;
  let asked = "";

  /** Turn to a node. @param {number} number */
  function show(number) {
    shown = number;
    asked = "";
    mending.forget();
  }

  async function draw() {
    if (store.head.status === "running" && store.looking === null) return;
    const key = `${shown} ${store.shown} ${store.head.line} ${JSON.stringify(store.head.edge_stops)}`;
    if (key === asked) return;
    asked = key;
    const reply = await store.ask({ ask: "node", node: shown, frame: store.shown });
    if (key !== asked) return;
    text(calls, sumsText(reply.calls));
    visible(calls, Boolean(reply.calls));
    text(doc, reply.doc ?? "");
    visible(doc, Boolean(reply.doc));
    text(source, reply.code ?? "");
    visible(code, Boolean(reply.code));
    mending.draw(reply.mend ?? "", reply.visits ?? []);
    visible(reached, Boolean(reply.mode) && !store.saved);
    if (reply.mode) mode.value = reply.mode;
    ways.replaceChildren(...(store.saved ? [] : reply.ways ?? []).map((way) => wayRow(store, shown, way)));
    const each = store.outline.nodes[shown].path.split("/").includes("*");
    const rows = (reply.visits ?? []).map((row) => visitRow(store, row, each));
    visits.replaceChildren(...(rows.length ? rows : [el("p", { class: "faint" }, "Not reached so far.")]));
  }

  return { doc, calls, reached, ways, code, visits, show, draw };
}

/**
 * How to go on with other code: where to write it, and which frame stands before it. Whoever goes
 * to that frame, where the node has not come yet, still reads what to do there.
 * @param {Store} store
 */
function mendHint(store) {
  const how = el("span", {});
  /** @type {HTMLButtonElement} */
  const before = el("button", { type: "button", class: "link", onclick: () => store.look(Number(before.dataset.frame)) });
  const root = el("p", { class: "faint mend" }, how, before, ", before it ran, then Rewind here or Fork here, and Run.");
  /** @type {VisitRow | null} */
  let mended = null;

  /**
   * @param {string} words
   * @param {VisitRow[]} visits
   */
  function draw(words, visits) {
    mended = visits.find((row) => row.index === store.shown) ?? visits[0] ?? mended;
    visible(root, Boolean(words && mended) && !store.saved);
    if (!mended) return;
    text(how, `To mend it, ${words}. Look at `);
    text(before, `frame ${mended.index - 1}`);
    before.dataset.frame = String(mended.index - 1);
  }

  return { root, draw, forget: () => (mended = null) };
}

/**
 * A way out of a node, with its breakpoint.
 * @param {Store} store
 * @param {number} number
 * @param {WayRow} way
 */
function wayRow(store, number, way) {
  const count = store.standing().taken.get(`${number} ${way.target}`);
  const taken = count ? `, taken ${count.toLocaleString("en")}×` : "";
  return el(
    "label", { class: "way-row" },
    el("input", {
      type: "checkbox", checked: way.stop, "aria-label": `Stop on the way to ${way.name}`,
      onchange: () => store.send({ do: "edge", source: number, target: way.target }),
    }),
    el("span", {}, `→ ${way.name}`, el("span", { class: "faint" }, ` ${way.kind}${taken}`), way.said ? ` · ${way.said}` : ""),
  );
}

/**
 * @param {Store} store
 * @param {VisitRow} row
 * @param {boolean} each Whether the node runs for each item of a map: which one is told then.
 */
function visitRow(store, row, each) {
  const button = el(
    "button",
    { type: "button", class: "visit", onclick: () => store.look(row.index) },
    el("span", {}, `frame ${row.index}`), each ? el("span", { class: "visit-path" }, row.path) : null, el("span", { class: "badge", "data-kind": row.kind }, row.kind),
    el("span", { class: "spring" }), el("span", { class: "faint" }, row.ms ? duration(row.ms) : ""),
  );
  button.title = `Look at frame ${row.index}`;
  return button;
}
