// @ts-check
/** What can be done with a call: ask again, run on from it, answer it otherwise. */

import { attr, el, visible } from "../core/dom.js";
import { askedAnswers } from "./asked_answers.js";
import { messageEditor } from "./message_editor.js";

/** A model may think for minutes. */
const PATIENCE = 900_000;

/**
 * @param {View} view
 * @param {() => void} changed Called when there are other answers.
 */
export function callActs(view, changed) {
  const { store, frame } = view;
  /** @type {CallHead | null} */
  let row = null;
  /** @type {CallsDetail | null} */
  let detail = null;
  /** @type {ReturnType<typeof messageEditor> | null} */
  let editor = null;
  let text = "";

  const ask = button("Edit and ask again", () => edit());
  const run = button("Run on from here", () => rerun({}));
  const other = button("Edit answer", () => rewrite());
  const bar = el("div", { class: "call-bar" }, ask, run, other);
  const said = el("div", { class: "call-said" });
  const forms = el("div", { class: "call-forms" });
  const answers = askedAnswers({ use: (place) => rerun({ answer: true, asked: place }), source: { ask: (question) => store.ask({ ...question, frame, call: row?.key }) } });
  const say = (/** @type {HTMLElement[]} */ ...what) => said.replaceChildren(...what);
  const root = el("div", { class: "call-acts" }, bar, said, forms, answers.root);

  /**
   * Have the node run anew in a fork, over what is recorded before this call.
   * @param {object} how
   */
  function rerun(how) {
    if (!row || refused(true)) return;
    store.order({ do: "rerun", frame, call: row.key, ...how });
  }

  async function edit() {
    if (editor || !row || refused(false)) return;
    const found = await store.ask({ ask: "call_editor", frame, call: row.key });
    if (found.error) {
      say(el("p", { class: "bad" }, found.error));
      return;
    }
    editor = messageEditor(found, row.number, {
      ask: (messages, model, n) => askAgain(messages, model, n),
      run: (messages) => rerun(messages ? { messages } : {}),
      close: () => {
        editor?.root.remove();
        editor = null;
      },
    });
    forms.append(editor.root);
    editor.allow(refused(true));
    editor.root.querySelector("textarea")?.focus();
  }

  /**
   * @param {object[] | undefined} messages
   * @param {string} model
   * @param {number} n
   * @param {string} [key] For where it goes, held by the kernel alone.
   */
  async function askAgain(messages, model, n, key) {
    if (!row) return;
    say();
    editor?.busy(true);
    const question = /** @type {const} */ ({ ask: "call_ask", frame, call: row.key, model, n, ...(messages ? { messages } : {}), ...(key ? { key } : {}) });
    const reply = await store.link.ask(question, PATIENCE);
    editor?.busy(false);
    if (reply.credentials) {
      say(keyForm(reply.credentials, (given) => askAgain(messages, model, n, given)));
    } else if (reply.error) {
      say(el("p", { class: "bad", role: "alert" }, reply.error));
    } else {
      answers.draw(reply.asked ?? []);
      changed();
    }
  }

  /** Write another answer in place of the one that came. */
  function rewrite() {
    if (!row || refused(true) || forms.querySelector(".answer-editor")) return;
    const { form, field } = answerEditor(row.number, text, (answer) => rerun({ answer }));
    forms.append(form);
    field.focus();
  }

  /**
   * Why it cannot be done now, in words; empty where it can.
   * @param {boolean} runs Whether it runs nodes.
   */
  function refused(runs) {
    if (runs && store.head.busy) return "Running: pause first";
    if (row?.live) return "Its answer is still coming";
    if (runs && row?.open) return "Its node is not done yet: Run goes on with it";
    if (runs && detail?.reading) return "For reading only: Debugger.open(store, run, graph=…) goes on with it";
    return "";
  }

  /**
   * @param {CallHead} told
   * @param {CallsDetail} rows
   */
  function draw(told, rows) {
    row = told;
    detail = rows;
    visible(root, !store.saved || told.asked > 0);
    visible(bar, !store.saved);
    const before = told.number === 0 ? "" : told.number === 1 ? "call 0 is served, " : `calls 0 to ${told.number - 1} are served, `;
    may(ask, refused(false), "Change what was said and ask the same model, or another one; nothing moves");
    may(run, refused(true), `A fork: ${before}this one is sent anew, and the run goes on`);
    may(other, refused(true), "Write what it is answered; a fork goes on with that");
    editor?.allow(refused(true));
  }

  /** What was said in the call is known. @param {CallBody} body */
  function known(body) {
    visible(ask, Boolean(body.chat));
    visible(other, Boolean(body.answer) || !body.chat);
    text = body.answer?.parts.find((part) => part.kind === "text")?.text ?? "";
    answers.draw(body.asked ?? []);
  }

  return { root, draw, answers: known };
}

/**
 * Why it cannot be asked, and a box for a key: what is typed goes to the kernel and stays there.
 * @param {string} why
 * @param {(key: string) => void} use
 */
function keyForm(why, use) {
  const field = el("input", { type: "password", "aria-label": "Key", placeholder: "Key", autocomplete: "off" });
  const form = el("form", { class: "key-form" }, field, el("button", { type: "submit" }, "Use this key"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = field.value;
    field.value = "";
    if (key) use(key);
  });
  return el("div", { class: "card-note", role: "group", "aria-label": "Credentials" }, el("p", {}, why), form);
}

/**
 * A box for another answer in place of the one that came.
 * @param {number} number
 * @param {string} text
 * @param {(answer: string) => void} use
 */
function answerEditor(number, text, use) {
  const field = el("textarea", { class: "long-box", "aria-label": "Answer", rows: 4, spellcheck: "false" });
  field.value = text;
  const form = el(
    "div", { class: "answer-editor", role: "group", "aria-label": `Answer of call ${number}` }, field,
    el("div", { class: "call-bar" }, button("Use this answer", () => use(field.value)), button("Close", () => form.remove())),
  );
  return { form, field };
}

/**
 * @param {string} name
 * @param {() => void} act
 */
function button(name, act) {
  return el("button", { type: "button", class: "chip", onclick: act }, name);
}

/**
 * Let a button be pressed, or say why not.
 * @param {HTMLElement} one
 * @param {string} why
 * @param {string} tip
 */
function may(one, why, tip) {
  attr(one, "aria-disabled", why ? "true" : null);
  attr(one, "title", why || tip);
}
