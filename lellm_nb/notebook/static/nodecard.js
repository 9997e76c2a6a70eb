/** The card of one node: what it is, when it ran, its breakpoint. */

import { attr, duration, el, text, visible } from "./dom.js";
import { icon } from "./icons.js";
import { statusOf } from "./history.js";

export function nodeCard(store, { toggle }) {
  const title = el("b", {});
  const kind = el("span", { class: "badge" });
  const facts = el("p", { class: "faint" });
  const visits = el("div", { class: "visits" });
  const stop = el("button", { type: "button", class: "chip", onclick: () => toggle(shown) });
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
    facts, el("div", { class: "node-card-bar" }, stop, inside), visits,
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
    from = document.activeElement;
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
    const status = statusOf(standing, shown, store.outline);
    const mark = standing.marks.get(shown);
    attr(root, "aria-label", `Node ${node.path}`);
    text(title, node.path);
    text(kind, node.kind);
    const roles = node.role ? `, ${node.role.replace(" ", " and ")} of its graph` : "";
    const took = mark?.[2] ? `, ${duration(mark[2] / 1000)} in all` : "";
    const ran = mark?.[1] ? `, ${mark[1]} ${mark[1] === 1 ? "visit" : "visits"}${took}` : "";
    text(facts, `${status}${ran}${roles}`);
    const has = new Map(store.head.breakpoints).has(shown);
    text(stop, has ? "Remove breakpoint" : "Set breakpoint");
    attr(stop, "aria-keyshortcuts", "B");
    visible(inside, store.outline.inside.has(shown));
    text(inside, isOpen() ? "Close inside" : "Open inside");
    load();
  }

  function isOpen() {
    return (store.model.get("drawing")?.boxes ?? []).some(([number]) => number === last);
  }

  async function load() {
    if (store.head.status === "running" && store.looking === null) return;
    const key = `${shown} ${store.shown} ${store.head.line}`;
    if (key === asked) return;
    asked = key;
    const reply = await store.ask({ ask: "node", node: shown, frame: store.shown });
    if (key !== asked) return;
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

  return { root, show, hide, draw: () => shown >= 0 && draw() };
}
