// @ts-check
/** Values edited in place: they wait in a bar that says what Go will do. */

import { el, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";

/**
 * The bar with the edits that wait.
 * @param {{ upcoming?: string[] }} detail
 * @param {View} view
 * @returns {EditBar}
 */
export function editBar(detail, view) {
  const { store, frame } = view;
  const said = el("span", { class: "edit-words" });
  const go = el("button", { type: "button", class: "answer answer-approve", "aria-label": "Go", onclick: (event) => press(event.shiftKey) }, "Go");
  const drop = el("button", { type: "button", class: "chip", "aria-label": "Discard edits", onclick: () => { store.edits = null; view.redraw(); } }, "Discard");
  const root = el("div", { class: "edit-bar", role: "group", "aria-label": "Edits", hidden: true }, said, go, drop);

  function waiting() {
    const edits = store.edits;
    return edits && edits.frame === frame && edits.line === store.head.line ? edits.items : null;
  }

  /** @param {boolean} stay */
  function press(stay) {
    const items = waiting();
    if (!items?.size || store.head.busy) return;
    const edits = [...items.values()].map(({ steps, text: words }) => ({ steps, text: words }));
    store.edits = null;
    store.order({ do: "go", frame, edits, stay });
  }

  function draw() {
    const items = waiting();
    visible(root, Boolean(items?.size));
    if (!items?.size) return;
    const what = [...items.values()].map((one) => `${one.path} = ${short(one.text)}`).join(", ");
    const next = detail.upcoming?.length ? `run ${detail.upcoming.join(" and ")} and on to the next stop` : "run on";
    text(said, `Go: fork from frame ${frame} with ${what}; then ${next}. This line stays as it is.`);
    go.title = "Fork and run (Enter in the value); with Shift: fork and stay";
  }

  draw();
  return { root, draw, press, waiting };
}

/**
 * Turn one line of the tree into a field.
 * @param {View} view
 * @param {EditBar} bar
 * @param {number[]} steps
 * @param {KeyedRow} row
 * @param {HTMLElement} line
 */
export async function editLine(view, bar, steps, row, line) {
  const { store, frame } = view;
  const reply = await store.ask({ ask: "place", frame, steps });
  if (reply.error) {
    line.append(el("span", { class: "bad" }, reply.error));
    return;
  }
  const key = steps.join(" ");
  const long = reply.text.length > 60 || reply.text.includes("\n");
  /** @type {HTMLTextAreaElement | HTMLInputElement} */
  const field = el(long ? "textarea" : "input", {
    class: "edit-field", "aria-label": `New value of ${reply.path}`, autocomplete: "off", spellcheck: "false",
    ...(long ? { rows: Math.min(8, reply.text.split("\n").length + 1) } : { type: "text" }),
  });
  field.value = bar.waiting()?.get(key)?.text ?? reply.text;
  if (reply.redacted) field.placeholder = "not shown; type a new value";
  const hint = el("span", { class: "tree-type" }, reply.redacted ?? null, reply.redacted ? " " : null, reply.plain ? "text" : "JSON, else text");
  const close = el("button", { type: "button", class: "act", "aria-label": `Leave ${reply.path} as it is`, onclick: () => leave() }, icon("close", 13));
  const form = el("div", { class: "edit-form" }, el("span", { class: "tree-key" }, row.key), field, hint, close);
  form.style.setProperty("--depth", line.style.getPropertyValue("--depth"));

  function leave() {
    store.edits?.items.delete(key);
    form.replaceWith(line);
    bar.draw();
  }

  field.addEventListener("input", () => {
    if (!store.edits || store.edits.frame !== frame || store.edits.line !== store.head.line) {
      store.edits = { frame, line: store.head.line, items: new Map() };
    }
    if (field.value === reply.text) store.edits.items.delete(key);
    else store.edits.items.set(key, { steps, path: reply.path, text: field.value });
    bar.draw();
  });
  field.addEventListener("keydown", (pressed) => {
    const event = /** @type {KeyboardEvent} */ (pressed);
    if (event.key === "Enter" && (!long || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      bar.press(event.shiftKey);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      leave();
    }
  });
  line.replaceWith(form);
  field.focus();
  field.select?.();
}

/** @param {string} words */
function short(words) {
  const line = words.replaceAll("\n", " ");
  return line.length > 40 ? `${line.slice(0, 39)}…` : line || "(empty)";
}
