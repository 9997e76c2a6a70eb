/** Tabs for the frame on show. What they show is fetched when it is looked at. */

import { attr, debounced, duration, el, focused, freshId, text, visible } from "../core/dom.js";
import { find } from "./find.js";
import { icon } from "../core/icons.js";
import { nodeColour } from "./frame_strip.js";
import { TABS } from "../tabs/tabs.js";

export function inspector(store) {
  const title = el("div", { class: "frame-title" });
  const body = el("div", { class: "tab-body", role: "tabpanel", id: freshId("tabpanel"), tabindex: 0 });
  const strip = el("div", { class: "tabs", role: "tablist", "aria-label": "Frame on show" });
  const search = find(store);
  const root = el("section", { class: "inspector", "aria-label": "Inspector" }, search.root, strip, title, body);
  const buttons = TABS.map((tab) => {
    const button = el(
      "button",
      {
        type: "button", role: "tab", class: "tab", "aria-keyshortcuts": String(TABS.indexOf(tab) + 1), id: freshId("tab"), "aria-controls": body.id,
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
  let awaited = "";
  let shown = "";
  let failedAt = -1;
  let noted = "";

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
      const passing = `running ${store.head.head} ${chosen.id}`;
      // The words of a stream come often and change no frame.
      if (passing === wanted || passing === awaited) return;
      awaited = passing;
      attr(root, "data-stale", "true");
      wanted = "";
      later.cancel();
      settled(passing);
      return;
    }
    awaited = "";
    settled.cancel();
    const key = [store.shown, chosen.id, against, whole, store.head.line, store.head.count, store.head.status, beside(chosen)].join(" ");
    const said = JSON.stringify(store.marks().get(store.shown) ?? {}) + store.shown;
    if (key === wanted && said === noted) return;
    noted = said;
    wanted = key;
    if (now || store.looking === null) load(key);
    else later(key);
  }

  const later = debounced((key) => load(key), 30);
  /** A node that takes its time leaves time to show what the one before it did. */
  const settled = debounced((passing) => {
    wanted = passing;
    load(passing);
  }, 600);

  function compare(value) {
    against = value;
    draw(true);
  }

  function level(value) {
    whole = value;
    draw(true);
  }

  /** What a tab depends on beside the frame. */
  function beside(tab) {
    if (tab.id === "watches") return JSON.stringify([store.head.watches, store.head.stops, store.head.breakpoints]);
    if (tab.id === "branches") return JSON.stringify([store.head.tree, store.head.head]);
    return "";
  }

  async function load(key) {
    later.cancel();
    const frame = store.shown;
    const tab = chosen;
    const question = { ask: "detail", frame, tab: tab.id, whole };
    if (tab.id === "diff" && against !== null) question.against = against;
    if (tab.id === "watches") question.texts = store.head.watches ?? [];
    const detail = await store.ask(question);
    if (key !== wanted) return;
    attr(root, "data-stale", null);
    if (detail.error && !detail.title) {
      body.replaceChildren(el("p", { class: "faint bad" }, detail.error));
      return;
    }
    heading(detail.title);
    const view = {
      store, frame, whole, against: compare, level, last: store.head.count - 1,
      fetch: (steps, start) => store.ask({ ask: "inside", frame, steps, start, whole }),
      who: (question) => {
        store.whoAsked = question;
        open("who");
      },
      redraw: () => {
        wanted = "";
        draw(true);
      },
    };
    const scrolled = shown === tab.id ? body.scrollTop : 0;
    shown = tab.id;
    const parts = tab.draw({ ...detail, chosen: against }, view);
    const control = focused(body);
    const held = body.contains(control) ? control.getAttribute("aria-label") : null;
    body.replaceChildren(...parts.filter(Boolean));
    // Drawn anew, the same control has the focus again: a person may be in the middle of a word.
    if (held) [...body.querySelectorAll("[aria-label]")].find((one) => one.getAttribute("aria-label") === held)?.focus({ preventScroll: true });
    body.scrollTop = scrolled;
  }

  function heading(row) {
    const number = store.outline.nodes.findIndex((node) => node.path === row.path.replaceAll(/#\d+/g, ""));
    const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.background = nodeColour(number);
    const bits = [
      swatch,
      el("b", {}, row.path || store.outline.name),
      el("span", { class: "badge", "data-kind": row.kind }, row.kind),
    ];
    if (row.visit > 1) bits.push(el("span", { class: "faint" }, `visit ${row.visit}`));
    if (row.decision) bits.push(el("span", { class: "faint" }, row.decision));
    if (row.tries > 1) bits.push(el("span", { class: "faint" }, `${row.tries} tries`));
    if (row.recorded) bits.push(el("span", { class: "badge" }, "looked up, did not run"));
    if (row.stale.length) bits.push(el("span", { class: "badge", "data-kind": "waiting" }, `stale: ${row.stale.join(", ")}`));
    if (row.cost) bits.push(el("span", { class: "faint" }, `cost ${row.cost}`));
    bits.push(el("span", { class: "spring" }));
    if (row.ms) bits.push(el("span", { class: "faint" }, duration(row.ms)));
    bits.push(el("span", { class: "faint" }, `frame ${row.index}`));
    title.replaceChildren(...bits, ...marks(row.index));
  }

  /** The frame's pin and note, and the field that a note is written in. */
  function marks(frame) {
    const mark = store.marks().get(frame) ?? {};
    const words = mark.note ? el("div", { class: "note" }, mark.note) : null;
    if (store.saved) return words ? [words] : [];
    const pin = el(
      "button",
      { type: "button", class: "act", "aria-label": "Pin frame", "aria-pressed": String(Boolean(mark.pin)), title: mark.pin ? "Unpin this frame" : "Pin: keep this frame whatever is dropped", onclick: () => store.send({ do: "pin", frame, on: !mark.pin }) },
      icon("pin", 13),
    );
    const note = el(
      "button", { type: "button", class: "act", "aria-label": "Note", title: "Write a note to this frame", onclick: () => write(frame, mark.note ?? "") }, icon("note", 13),
    );
    return [pin, note, words].filter(Boolean);
  }

  function write(frame, words) {
    const field = el("input", { type: "text", class: "note-field", "aria-label": `Note on frame ${frame}`, placeholder: "a note; Enter keeps it, empty takes it away" });
    field.value = words;
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") store.send({ do: "note", frame, text: field.value });
      else if (event.key !== "Escape") return;
      event.stopPropagation();
      field.remove();
    });
    title.append(field);
    field.focus();
  }

  function open(id) {
    choose(TABS.find((tab) => tab.id === id) ?? TABS[0]);
  }

  search.onOpen(open);
  text(title, "");
  /** Choose a tab by its place, and go to it, so that Tab leads on to what it shows. */
  function goTo(place) {
    const button = buttons[place];
    if (!button || button.hidden) return false;
    choose(TABS[place]);
    button.focus({ preventScroll: true });
    return true;
  }

  return { root, draw, open, goTo, find: search };
}
