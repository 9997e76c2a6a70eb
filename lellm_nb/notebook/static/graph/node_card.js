/** The card of one node: what it is, when it ran, its breakpoint. */

import { attr, duration, el, focused, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { statusesOf } from "../core/node_status.js";

const MODES = { live: "runs", recorded: "is looked up", ask: "asks first" };

export function nodeCard(store, { toggle }) {
  const title = el("b", {});
  const kind = el("span", { class: "badge" });
  const facts = el("p", { class: "faint" });
  const visits = el("div", { class: "visits" });
  const stop = el("button", { type: "button", class: "chip", onclick: () => toggle(shown) });
  const after = el("button", { type: "button", class: "chip", onclick: () => toggle(shown, true) });
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
  const doc = el("p", { class: "node-doc" });
  const source = el("pre", { class: "full" });
  const how = el("span", {});
  const before = el("button", { type: "button", class: "link", onclick: () => store.look(Number(before.dataset.frame)) });
  const mend = el("p", { class: "faint mend" }, how, before, ", before it ran, then Rewind here or Fork here, and Run.");
  const code = el("details", { class: "node-code" }, el("summary", { tabindex: 0 }, "Code"), source, mend);
  const ways = el("div", { class: "ways" });
  const live = el("pre", { class: "full stream" });
  const inside = el("button", {
    type: "button", class: "chip",
    onclick: () => {
      const open = !isOpen();
      hide();
      store.send({ do: "open", node: last, open });
    },
  });
  const close = el(
    "button", { type: "button", class: "quiet", "aria-label": "Close", onclick: () => hide() }, icon("close", 14),
  );
  const root = el(
    "div",
    { class: "node-card", role: "group", hidden: true },
    el("header", {}, title, kind, el("span", { class: "spring" }), close),
    facts, doc, live, el("div", { class: "node-card-bar" }, stop, after, inside, el("label", {}, "When reached, it ", mode)), ways, code, visits,
  );
  let shown = -1;
  let last = -1;
  let from = null;
  let asked = "";

  function show(number) {
    if (shown === number) {
      hide();
      return;
    }
    from = focused(root);
    shown = last = number;
    asked = "";
    visible(root, true);
    draw();
  }

  function hide() {
    if (shown < 0) return false;
    shown = -1;
    visible(root, false);
    from?.focus?.({ preventScroll: true });
    return true;
  }

  function draw() {
    const node = store.outline.nodes[shown];
    if (!node) return;
    const standing = store.standing();
    const status = statusesOf(standing, store.outline)(shown);
    const mark = standing.marks.get(shown);
    attr(root, "aria-label", `Node ${node.path}`);
    text(title, node.path);
    text(kind, node.kind);
    const roles = node.role ? `, ${node.role.replace(" ", " and ")} of its graph` : "";
    const took = mark?.[2] ? `, ${duration(mark[2] / 1000)} in all` : "";
    const ran = mark?.[1] ? `, ${mark[1]} ${mark[1] === 1 ? "visit" : "visits"}${took}` : "";
    text(facts, `${status}${ran}${roles}`);
    const has = (late) => (store.head.breakpoints ?? []).some(([number, , stops]) => number === shown && Boolean(stops) === late);
    text(stop, has(false) ? "Remove breakpoint" : "Set breakpoint");
    attr(stop, "aria-keyshortcuts", "B");
    text(after, has(true) ? "Remove stop after" : "Stop after");
    for (const control of [stop, after]) visible(control, !store.saved);
    const words = store.streams.get(shown) ?? "";
    visible(live, Boolean(words) && store.atHead);
    if (words) text(live, words);
    visible(inside, store.outline.inside.has(shown));
    text(inside, isOpen() ? "Close inside" : "Open inside");
    load();
  }

  function isOpen() {
    return (store.model.get("drawing")?.boxes ?? []).some(([number]) => number === last);
  }

  async function load() {
    if (store.head.status === "running" && store.looking === null) return;
    const key = `${shown} ${store.shown} ${store.head.line} ${JSON.stringify(store.head.edge_stops)}`;
    if (key === asked) return;
    asked = key;
    const reply = await store.ask({ ask: "node", node: shown, frame: store.shown });
    if (key !== asked) return;
    text(doc, reply.doc ?? "");
    visible(doc, Boolean(reply.doc));
    text(source, reply.code ?? "");
    visible(code, Boolean(reply.code));
    mending(reply);
    visible(mode.parentElement, Boolean(reply.mode) && !store.saved);
    if (reply.mode) mode.value = reply.mode;
    const edges = store.saved ? [] : reply.ways ?? [];
    ways.replaceChildren(...edges.map((way) => el(
      "label", { class: "way-row" },
      el("input", {
        type: "checkbox", checked: way.stop, "aria-label": `Stop on the way to ${way.name}`,
        onchange: () => store.send({ do: "edge", source: shown, target: way.target }),
      }),
      `→ ${way.name}`, el("span", { class: "faint" }, ` ${way.kind}${taken(way)}`),
    )));
    const rows = (reply.visits ?? []).map((row) => {
      const button = el(
        "button",
        { type: "button", class: "visit", onclick: () => store.look(row.index) },
        el("span", {}, `frame ${row.index}`), el("span", { class: "badge", "data-kind": row.kind }, row.kind),
        el("span", { class: "spring" }), el("span", { class: "faint" }, row.ms ? duration(row.ms) : ""),
      );
      button.title = `Look at frame ${row.index}`;
      return button;
    });
    visits.replaceChildren(...(rows.length ? rows : [el("p", { class: "faint" }, "Not reached so far.")]));
  }

  /** How to go on with other code: where to write it, and which frame stands before it. */
  function mending({ mend: words, visits: rows = [] }) {
    const at = rows.find((row) => row.index === store.shown) ?? rows[0];
    visible(mend, Boolean(words && at) && !store.saved);
    if (!at) return;
    text(how, `To mend it, ${words}. Look at `);
    text(before, `frame ${at.index - 1}`);
    before.dataset.frame = at.index - 1;
  }

  function taken(way) {
    const count = store.standing().taken.get(`${shown} ${way.target}`);
    return count ? `, taken ${count.toLocaleString("en")}×` : "";
  }

  return { root, show, hide, draw: () => shown >= 0 && draw() };
}
