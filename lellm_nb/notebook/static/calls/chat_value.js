// @ts-check
/** A value of the state that is a conversation: as chat, as table or tree, or as JSON. */

import { attr, el, freshId } from "../core/dom.js";
import { messageRows } from "./conversation.js";

/** How a value is shown that a person chose, by its name. @type {WeakMap<Store, Map<string, string>>} */
const chosen = new WeakMap();

/**
 * @param {StatePage} page
 * @param {number[]} steps
 * @param {() => HTMLElement[]} other Makes its table or tree.
 * @param {View} view
 */
export function chatValue(page, steps, other, view) {
  const { store, frame, whole } = view;
  const chat = /** @type {NonNullable<StatePage["chat"]>} */ (page.chat);
  const mine = chosen.get(store) ?? new Map();
  chosen.set(store, mine);
  const body = el("div", { class: "chat-value" });
  const kinds = ["Chat", page.table ? "Table" : "Tree", "JSON"];
  const group = freshId("show");
  const choices = kinds.map((kind) => el(
    "label", { class: "choice" },
    el("input", { type: "radio", name: group, value: kind, checked: kind === (mine.get(chat.name) ?? "Chat"), onchange: () => show(kind) }), kind,
  ));

  /** @type {Record<string, () => HTMLElement[] | Promise<HTMLElement[]>>} */
  const ways = { Chat: asChat, JSON: asJson, Table: other, Tree: other };

  /** @param {string} kind */
  async function show(kind) {
    mine.set(chat.name, kind);
    const parts = await ways[kind]();
    if ((mine.get(chat.name) ?? "Chat") === kind) body.replaceChildren(...parts);
  }

  function asChat() {
    const list = el("div", { class: "talk", role: "list", "aria-label": `${chat.name} as chat` });
    const source = {
      text: (/** @type {object} */ where, /** @type {number} */ start) => store.ask({ ask: "said", frame, whole, steps, ...where, start }),
      picture: null,
    };
    list.append(...messageRows(chat.rows, source));
    let next = chat.start + page.rows.length;
    if (next >= chat.total) return [list];
    const more = el("button", {
      type: "button", class: "more",
      onclick: async () => {
        attr(more, "aria-busy", "true");
        const further = await view.fetch(steps, next);
        attr(more, "aria-busy", null);
        list.append(...messageRows(further.chat?.rows ?? [], source));
        next += further.rows?.length || chat.total;
        say();
      },
    });
    const say = () => {
      more.textContent = `show more (${Math.max(0, chat.total - next).toLocaleString("en")} left)`;
      if (next >= chat.total) more.remove();
    };
    say();
    return [list, more];
  }

  async function asJson() {
    const found = await store.ask({ ask: "said", json: true, frame, whole, steps, start: 0 });
    if (found.error) return [el("p", { class: "faint bad" }, found.error)];
    const rest = found.cut ? [el("p", { class: "faint" }, `${found.cut.toLocaleString("en")} more characters, in dbg.state`)] : [];
    return [el("pre", { class: "full" }, found.full), ...rest];
  }

  const first = mine.get(chat.name) ?? "Chat";
  show(kinds.includes(first) ? first : "Chat");
  return [el("div", { class: "tab-bar choices", role: "radiogroup", "aria-label": `Show ${chat.name} as` }, choices), body];
}
