// @ts-check
/** Find a text in everything that was recorded, and go to where it stands. */

import { el, focused, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";

/** The tab that shows what was found; State where nothing else does. @type {Record<string, string>} */
const TAB_OF = { output: "output", stream: "output", error: "error", decision: "state" };

/** @param {Store} store */
export function find(store) {
  const input = el("input", {
    type: "search", "aria-label": "Find text", placeholder: "Find in states, outputs, errors …", autocomplete: "off", spellcheck: "false",
    onkeydown: (event) => {
      if (event.key === "Enter") ask();
    },
  });
  const said = el("span", { class: "faint", "aria-live": "polite" });
  const close = el("button", { type: "button", class: "quiet", "aria-label": "Close find", onclick: () => hide() }, icon("close", 14));
  const list = el("div", { class: "hits" });
  const root = el("section", { class: "find", role: "search", "aria-label": "Find", hidden: true },
    el("header", {}, icon("find", 14), input, said, close), list);
  /** @type {HTMLElement | null} */
  let from = null;
  let asked = 0;

  async function ask() {
    const words = input.value;
    if (!words) return;
    const mine = (asked += 1);
    text(said, "looking …");
    const reply = await store.ask({ ask: "find", text: words });
    if (mine !== asked) return;
    if (reply.error) {
      text(said, reply.error);
      list.replaceChildren();
      return;
    }
    text(said, reply.total === 0 ? "not found" : `${reply.total.toLocaleString("en")} found`);
    list.replaceChildren(...reply.rows.map((row) => el(
      "button",
      { type: "button", class: "hit", "aria-label": `frame ${row.frame}, ${row.path}, ${row.where}`, onclick: () => go(row) },
      el("span", { class: "hit-frame" }, `frame ${row.frame}`), el("b", {}, row.path),
      el("span", { class: "faint" }, row.key || row.where), el("span", { class: "hit-text" }, row.text),
    )));
    if (reply.total > reply.rows.length) list.append(el("p", { class: "faint" }, `the first ${reply.rows.length} are shown`));
  }

  /** @param {Hit} row */
  function go(row) {
    store.look(row.frame);
    open(TAB_OF[row.where] ?? "state");
  }

  /** @type {(tab: string) => void} */
  let open = () => {};

  function show() {
    if (root.hidden) from = focused(root);
    visible(root, true);
    input.focus({ preventScroll: true });
    input.select();
    return true;
  }

  function hide() {
    if (root.hidden) return false;
    visible(root, false);
    from?.focus?.({ preventScroll: true });
    return true;
  }

  return { root, show, hide, onOpen: (/** @type {(tab: string) => void} */ callback) => { open = callback; } };
}
