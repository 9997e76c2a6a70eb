// @ts-check
/** Keys while the panel has the focus, as in JupyterLab's debugger where it has them. */

import { BY_KEY, press } from "./verbs.js";

const TYPED = "input:not([type=range]), textarea, select";
const PRESSED = "button, summary, [role=button]";
/** What no text needs presses its verb from anywhere. */
const FUNCTION = /^F\d+$/;

/**
 * The verb of a key; a shift tells function keys apart, and of letters it makes capitals.
 * @param {string} key
 * @param {boolean} shift
 */
function verbOf(key, shift) {
  if (FUNCTION.test(key)) return BY_KEY.get((shift ? "Shift+" : "") + key)?.[0];
  return BY_KEY.get(key.length === 1 ? key.toUpperCase() : key)?.[0];
}

/**
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {KeyTargets} parts
 */
export function keys(root, store, parts) {
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (act(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });

  /** @param {KeyboardEvent} event */
  function act(event) {
    const { key, shiftKey } = event;
    const target = /** @type {Element} */ (event.target);
    const verb = verbOf(key, shiftKey);
    if (verb && FUNCTION.test(key)) {
      press(store, verb);
      return true;
    }
    if (key === "Escape") {
      return parts.help.hide() || parts.inspector.find.hide() || parts.nodeCard.hide() || pressed(verb, shiftKey);
    }
    if (target.matches?.(TYPED)) return false;
    if (key === "Enter") return target.closest(PRESSED) || store.atHead ? false : pressed(verb, shiftKey);
    if (!target.matches?.("input[type=range]")) {
      if (key === "ArrowLeft") return looked(store.shown - 1);
      if (key === "ArrowRight") return looked(store.shown + 1);
      if (key === "Home") return looked(0);
      if (key === "End") return looked(store.head.count - 1);
    }
    if (verb) return pressed(verb, shiftKey);
    if (/^[0-9]$/.test(key)) return parts.inspector.goTo((Number(key) + 9) % 10);
    if (key === "/") return parts.inspector.find.show();
    if (key === "?") {
      parts.help.toggle();
      return true;
    }
    return false;
  }

  /**
   * @param {Verb | undefined} verb
   * @param {boolean} shift
   */
  function pressed(verb, shift) {
    if (!verb) return false;
    return verb.group < 0 ? parts.cards.answer(verb.name, shift) : press(store, verb);
  }

  /** @param {number} frame */
  function looked(frame) {
    store.look(frame);
    return true;
  }
}
