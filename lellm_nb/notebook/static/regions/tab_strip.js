// @ts-check
/** The row of tabs: which one is chosen, and arrows from one to the next. */

import { attr, el, freshId } from "../core/dom.js";
import { TABS } from "../tabs/registry.js";

/**
 * @param {HTMLElement} body What the tabs show, one at a time.
 * @param {() => void} chose Called when a person chose another.
 */
export function tabStrip(body, chose) {
  const root = el("div", { class: "tabs", role: "tablist", "aria-label": "Frame on show" });
  let chosen = TABS[0];
  const buttons = TABS.map((tab, place) => el(
    "button",
    {
      type: "button", role: "tab", class: "tab", "aria-keyshortcuts": place < 10 ? String((place + 1) % 10) : null, id: freshId("tab"), "aria-controls": body.id,
      onclick: () => choose(place),
    },
    tab.name,
  ));
  root.append(...buttons);
  root.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const place = (TABS.indexOf(chosen) + step + TABS.length) % TABS.length;
    choose(place);
    buttons[place].focus();
    event.preventDefault();
    event.stopPropagation();
  });

  /** @param {number} place */
  function choose(place) {
    chosen = TABS[place];
    chose();
  }

  function draw() {
    TABS.forEach((tab, place) => {
      const on = tab === chosen;
      attr(buttons[place], "aria-selected", String(on));
      attr(buttons[place], "tabindex", on ? 0 : -1);
      if (on) attr(body, "aria-labelledby", buttons[place].id);
    });
  }

  /** Choose a tab by its place, and go to it, so that Tab leads on to what it shows. @param {number} place */
  function goTo(place) {
    const button = buttons[place];
    if (!button || button.hidden) return false;
    choose(place);
    button.focus({ preventScroll: true });
    return true;
  }

  return {
    root, draw, goTo,
    get chosen() {
      return chosen;
    },
    /** Bring a tab forward without anybody having pressed anything. @param {Tab} tab */
    bring(tab) {
      chosen = tab;
    },
    /** @param {string} id */
    open: (id) => choose(Math.max(0, TABS.findIndex((tab) => tab.id === id))),
  };
}
