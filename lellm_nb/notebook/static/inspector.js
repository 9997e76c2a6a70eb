/** Tabs for the frame on show. What they show is fetched when it is looked at. */

import { attr, debounced, duration, el, freshId, text } from "./dom.js";
import { TABS } from "./tabs.js";

export function inspector(store) {
  const title = el("div", { class: "frame-title" });
  const body = el("div", { class: "tab-body", role: "tabpanel", id: freshId("tabpanel"), tabindex: 0 });
  const strip = el("div", { class: "tabs", role: "tablist", "aria-label": "Frame on show" });
  const root = el("section", { class: "inspector", "aria-label": "Inspector" }, strip, title, body);
  const buttons = TABS.map((tab) => {
    const button = el(
      "button",
      {
        type: "button", role: "tab", class: "tab", id: freshId("tab"), "aria-controls": body.id,
        onclick: () => choose(tab),
      },
      tab.name,
    );
    strip.append(button);
    return button;
  });
  let chosen = TABS[0];
  let against = null;
  let whole = false;
  let wanted = "";
  let shown = "";
  let failedAt = -1;

  strip.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const place = (TABS.indexOf(chosen) + step + TABS.length) % TABS.length;
    choose(TABS[place]);
    buttons[place].focus();
    event.preventDefault();
    event.stopPropagation();
  });

  function choose(tab) {
    chosen = tab;
    draw(true);
  }

  /** Bring the error forward when a step failed, once, and only at the head. */
  function noticeFailure() {
    if (store.head.status !== "failed") {
      if (failedAt >= 0 && chosen.id === "error" && store.atHead) chosen = TABS[0];
      failedAt = -1;
    } else if (failedAt !== store.head.head) {
      failedAt = store.head.head;
      if (store.atHead) chosen = TABS.find((tab) => tab.id === "error");
    }
  }

  function draw(now = false) {
    noticeFailure();
    TABS.forEach((tab, place) => {
      const on = tab === chosen;
      attr(buttons[place], "aria-selected", String(on));
      attr(buttons[place], "tabindex", on ? 0 : -1);
      if (on) attr(body, "aria-labelledby", buttons[place].id);
    });
    if (!store.head.count) return;
    // While a run goes on its frames pass too fast to be fetched one by one.
    if (store.looking === null && store.head.status === "running") {
      attr(root, "data-stale", "true");
      wanted = "";
      later.cancel();
      return;
    }
    const key = [store.shown, chosen.id, against, whole, store.head.line, store.head.count, store.head.status].join(" ");
    if (key === wanted) return;
    wanted = key;
    if (now || store.looking === null) load(key);
    else later(key);
  }

  const later = debounced((key) => load(key), 30);

  async function load(key) {
    later.cancel();
    const frame = store.shown;
    const tab = chosen;
    const question = { ask: "detail", frame, tab: tab.id, whole };
    if (tab.id === "diff" && against !== null) question.against = against;
    const detail = await store.ask(question);
    if (key !== wanted) return;
    attr(root, "data-stale", null);
    if (detail.error && !detail.title) {
      body.replaceChildren(el("p", { class: "faint bad" }, detail.error));
      return;
    }
    heading(detail.title);
    const fetch = (steps, start) => store.ask({ ask: "inside", frame, steps, start, whole });
    const compare = (value) => {
      against = value;
      draw(true);
    };
    const level = (value) => {
      whole = value;
      draw(true);
    };
    const scrolled = shown === tab.id ? body.scrollTop : 0;
    shown = tab.id;
    const parts = tab.draw(
      { ...detail, chosen: against },
      { fetch, against: compare, last: store.head.count - 1, whole, level },
    );
    body.replaceChildren(...parts.filter(Boolean));
    body.scrollTop = scrolled;
  }

  function heading(row) {
    const bits = [
      el("b", {}, row.path || store.outline.name),
      el("span", { class: "badge", "data-kind": row.kind }, row.kind),
    ];
    if (row.visit > 1) bits.push(el("span", { class: "faint" }, `visit ${row.visit}`));
    if (row.decision) bits.push(el("span", { class: "faint" }, row.decision));
    bits.push(el("span", { class: "spring" }));
    if (row.ms) bits.push(el("span", { class: "faint" }, duration(row.ms)));
    bits.push(el("span", { class: "faint" }, `frame ${row.index}`));
    title.replaceChildren(...bits);
  }

  function open(id) {
    choose(TABS.find((tab) => tab.id === id) ?? TABS[0]);
  }

  text(title, "");
  return { root, draw, open };
}
