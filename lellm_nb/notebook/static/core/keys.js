/** Keys while the panel has the focus, as in JupyterLab's debugger where it has them. */

import { press } from "./verbs.js";

const VERB_KEYS = {
  F11: "step", "Shift+F11": "out", F10: "over", "Shift+F10": "back", F9: "run", "Shift+F9": "run_back",
};
const TYPED = "input:not([type=range]), textarea, select";
const PRESSED = "button, summary, [role=button]";

export function keys(root, store, parts) {
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (act(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  });

  function act(event) {
    const { key, target, shiftKey } = event;
    const verb = VERB_KEYS[(shiftKey ? "Shift+" : "") + key];
    if (verb) {
      press(store, verb);
      return true;
    }
    if (key === "Escape") return parts.help.hide() || parts.inspector.find.hide() || parts.nodeCard.hide() || press(store, "pause");
    if (target.matches?.(TYPED)) return false;
    if (key === "Enter") {
      if (target.closest(PRESSED) || store.atHead) return false;
      return press(store, "rewind");
    }
    if (!target.matches?.("input[type=range]")) {
      if (key === "ArrowLeft") return looked(store.shown - 1);
      if (key === "ArrowRight") return looked(store.shown + 1);
      if (key === "Home") return looked(0);
      if (key === "End") return looked(store.head.count - 1);
    }
    if (key === "f" || key === "F") return press(store, "fork");
    if (key === "a" || key === "A") return parts.cards.answer("approve", shiftKey);
    if (key === "x" || key === "X") return parts.cards.answer("reject", shiftKey);
    if (/^[1-9]$/.test(key)) return parts.inspector.goTo(Number(key) - 1);
    if (key === "/") return parts.inspector.find.show();
    if (key === "?") {
      parts.help.toggle();
      return true;
    }
    return false;
  }

  function looked(frame) {
    store.look(frame);
    return true;
  }
}
