// @ts-check
/** The focus stays in the panel when what had it is taken away: keys would go nowhere from then on. */

import { focused } from "./dom.js";

/**
 * Watch the panel. A control that is removed or hidden hands the focus to the nearest thing
 * around it that can take it and is still there, at the last the panel. It is never handed
 * to another control: a second press of Enter must not approve what nobody has read.
 * Returns what stops it.
 * @param {HTMLElement} root the panel, which can have the focus itself
 */
export function keepFocus(root) {
  /** What has the focus, and all around it up to the panel. @type {HTMLElement[]} */
  let held = [];

  root.addEventListener("focusin", (event) => {
    held = [];
    let one = /** @type {HTMLElement | null} */ (event.target);
    for (; one && one !== root; one = one.parentElement) held.push(one);
  });
  root.addEventListener("focusout", (event) => {
    const left = held[0];
    // Some browsers say so of what they are just taking away, too: a moment later that is not seen.
    if (event.relatedTarget) held = [];
    else queueMicrotask(() => { if (left && left === held[0] && seen(left)) held = []; });
  });

  /** @param {HTMLElement} one */
  const seen = (one) => one.isConnected && one.closest("[hidden]") === null;

  const watch = new MutationObserver(() => {
    if (!held.length || seen(held[0])) return;
    const around = held.slice(1);
    held = [];
    const now = focused(root);
    // Somebody else has it by now, in the panel or outside of it.
    if (now && now !== document.body && seen(now)) return;
    (around.find((one) => one.hasAttribute("tabindex") && seen(one)) ?? root).focus({ preventScroll: true });
  });
  watch.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["hidden"] });
  return () => watch.disconnect();
}
