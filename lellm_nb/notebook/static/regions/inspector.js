// @ts-check
/** Tabs for the frame on show. What they show is fetched when it is looked at. */

import { attr, debounced, el, focused, freshId } from "../core/dom.js";
import { TABS } from "../tabs/registry.js";
import { find } from "./find.js";
import { frameTitle } from "./frame_title.js";
import { tabStrip } from "./tab_strip.js";

/** @param {Store} store */
export function inspector(store) {
  const title = frameTitle(store);
  const body = el("div", { class: "tab-body", role: "tabpanel", id: freshId("tabpanel"), tabindex: 0 });
  const tabs = tabStrip(body, () => draw(true));
  const search = find(store);
  const root = el("section", { class: "inspector", "aria-label": "Inspector" }, search.root, tabs.root, title.root, body);
  const noticeFailure = failures(store, tabs);
  /** @type {Chosen} */
  const chosen = { against: null, whole: false };
  /** What is on show or on its way, and what waits for a running node. */
  let wanted = "";
  let awaited = "";
  /** The tab that was drawn last, and the marks beside it. */
  let shown = "";
  let noted = "";
  /** What a tab that grows while a node runs was drawn from. */
  let grown = "";

  function draw(now = false) {
    noticeFailure();
    tabs.draw();
    if (!store.head.count) return;
    const tab = tabs.chosen;
    // While a run goes on its frames pass too fast to be fetched one by one.
    if (store.looking === null && store.head.status === "running") {
      const passing = `running ${store.head.head} ${tab.id}`;
      // The words of a stream come often and change no frame.
      if (passing === awaited) return;
      if (passing === wanted) {
        if (grown !== (tab.grows?.(store) ?? "")) load(passing);
        return;
      }
      awaited = passing;
      attr(root, "data-stale", "true");
      wanted = "";
      later.cancel();
      settled(passing);
      return;
    }
    awaited = "";
    settled.cancel();
    const { line, count, status } = store.head;
    const key = [store.shown, tab.id, chosen.against, chosen.whole, line, count, status, tab.beside?.(store) ?? ""].join(" ");
    const said = JSON.stringify(store.marks().get(store.shown) ?? {}) + store.shown;
    if (key === wanted && said === noted) return;
    noted = said;
    wanted = key;
    if (now || store.looking === null) load(key);
    else later(key);
  }

  const later = debounced((/** @type {string} */ key) => load(key), 30);
  /** A node that takes its time leaves time to show what the one before it did. */
  const settled = debounced((/** @type {string} */ passing) => {
    awaited = "";
    wanted = passing;
    load(passing);
  }, 600);

  /** @param {string} key */
  async function load(key) {
    later.cancel();
    const frame = store.shown;
    const tab = tabs.chosen;
    grown = tab.grows?.(store) ?? "";
    const detail = await store.ask({ ask: "detail", frame, tab: tab.id, whole: chosen.whole, ...tab.asks?.(store, chosen) });
    if (key !== wanted) return;
    attr(root, "data-stale", null);
    if (detail.error && !detail.title) {
      body.replaceChildren(el("p", { class: "faint bad" }, detail.error));
      return;
    }
    title.draw(detail.title);
    const scrolled = shown === tab.id ? body.scrollTop : 0;
    shown = tab.id;
    const parts = /** @type {HTMLElement[]} */ (tab.draw({ ...detail, chosen: chosen.against }, viewOf(frame)).filter(Boolean));
    // A tab that keeps its parts has brought them up to date by itself.
    if (parts.length === body.childNodes.length && parts.every((part, place) => part === body.childNodes[place])) return;
    const control = focused(body);
    const held = control !== body && body.contains(control) ? control : null;
    body.replaceChildren(...parts);
    // Drawn anew, the same control has the focus again: a person may be in the middle of a word.
    if (held) refocus(body, held);
    body.scrollTop = scrolled;
  }

  /** What a tab may use. @param {number} frame @returns {View} */
  function viewOf(frame) {
    const { whole } = chosen;
    return {
      store, frame, whole, last: store.head.count - 1,
      against: (value) => choose({ against: value }),
      level: (value) => choose({ whole: value }),
      fetch: (steps, start) => store.ask({ ask: "inside", frame, steps, start, whole }),
      who: (question) => {
        store.whoAsked = question;
        tabs.open("who");
      },
      redraw: () => {
        wanted = "";
        draw(true);
      },
    };
  }

  /** @param {Partial<Chosen>} value */
  function choose(value) {
    Object.assign(chosen, value);
    draw(true);
  }

  search.onOpen(tabs.open);
  return { root, draw: () => draw(), goTo: tabs.goTo, find: search };
}

/** What a control is called. @param {HTMLElement} control */
const nameOf = (control) => control.getAttribute("aria-label") ?? control.textContent ?? "";

/**
 * Give the focus to the control of the same name, and mark what was marked: that is about to be typed over.
 * @param {HTMLElement} body
 * @param {HTMLElement} before The control that was there.
 */
function refocus(body, before) {
  const name = nameOf(before);
  /** @type {NodeListOf<HTMLElement>} */
  const controls = body.querySelectorAll("button, input, select, textarea, summary, [tabindex]");
  const found = [...controls].find((one) => nameOf(one) === name);
  found?.focus({ preventScroll: true });
  const typed = found instanceof HTMLInputElement && found.type === "text" && before instanceof HTMLInputElement;
  if (typed && found.value === before.value) found.setSelectionRange(before.selectionStart, before.selectionEnd);
}

/**
 * Bring a tab forward when a step failed, once, and only at the head; and back when that is over.
 * @param {Store} store
 * @param {{ chosen: Tab, bring: (tab: Tab) => void }} tabs
 */
function failures(store, tabs) {
  const tab = TABS.find((one) => one.onFailure) ?? TABS[0];
  let failedAt = -1;
  return () => {
    if (store.head.status !== "failed") {
      if (failedAt >= 0 && tabs.chosen === tab && store.atHead) tabs.bring(TABS[0]);
      failedAt = -1;
    } else if (failedAt !== store.head.head) {
      failedAt = store.head.head;
      if (store.atHead) tabs.bring(tab);
    }
  };
}
