// @ts-check
/** The card of what waits: what it waits for, what is asked, and what each answer leads to. */

import { attr, debounced, el, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { verbNamed } from "../core/verbs.js";
import { answerColumn } from "./answer_column.js";
import { modifyForm } from "./modify_form.js";
import { answerForm, askedParts, formOf } from "./question.js";

/** What a card says of itself beside its path. */
const WAITS = { barrier: "waiting for you", question: "asks you", pause: "held by interrupt_before or _after", node: "asks before it runs" };

/**
 * The answers of each kind of card, in order; those after `null` are under More.
 * @type {Record<PendingRow["kind"], (string | null)[]>}
 */
const ANSWERS = {
  barrier: ["approve", "reject", "modify", "reroute"],
  question: ["answer", "approve", "reject", null, "modify", "reroute"],
  pause: ["approve", "reroute"],
  node: ["approve", "reject", "modify", "reroute"],
};

/**
 * The answers of a card by their verbs, and what is said with each.
 * @param {PendingRow} row
 * @param {{ modify: FormActs, answer: FormActs }} on Of the forms.
 */
function answersTo(row, on) {
  const above = row.path.split("/").slice(0, -1).join("/");
  const end = `end of ${above || "the run"}`;
  const reason = el("input", {
    type: "text", "aria-label": "Reason", placeholder: "Reason", title: "why not", autocomplete: "off", spellcheck: "false",
  });
  const modify = modifyForm(on.modify);
  const target = el("select", { "aria-label": "Target" });
  /** What is asked, and the form of its answer, once they are known. @type {AnswerForm | null} */
  let form = null;
  /** @type {Record<string, ReturnType<typeof answerColumn>>} */
  const columns = {
    answer: answerColumn(verbNamed("answer"), { fields: [], picture: "check", end }),
    approve: answerColumn(verbNamed("approve"), { fields: [], picture: "check", end }),
    reject: answerColumn(verbNamed("reject"), { fields: [reason], picture: "cross", end }),
    modify: answerColumn(verbNamed("modify"), { fields: modify.parts, end, said: modify.told }),
    reroute: answerColumn(verbNamed("reroute"), { fields: [target], end }),
  };
  columns.modify.button.disabled = true;
  columns.answer.button.disabled = true;
  const { approve, reject } = columns;
  const hints = { approve: keyHint("approve"), reject: keyHint("reject") };
  if (row.kind === "node") {
    approve.button.title = `Approve: run the node, and on${hints.approve}`;
    reject.button.title = `Reject: do not run it, use what is recorded, and run on${hints.reject}`;
  }
  if (row.kind === "question") {
    approve.button.title = `Approve: answer true, and run on${hints.approve}`;
    reject.button.title = `Reject: say why not, and run on${hints.reject}`;
  }
  if (row.kind === "pause") approve.button.title = `Approve: go on${hints.approve}`;

  /** Put the form of an answer there. @param {AskedRow} asked */
  function ask(asked) {
    form = answerForm(asked, on.answer);
    const { button, outcome, root } = columns.answer;
    root.prepend(form.root);
    button.after(outcome);
    for (const kind of asked.unfit) visible(columns[kind].root, false);
    if (!asked.actions.length) return;
    const all = asked.actions.length > 1 ? "every action" : "it";
    approve.button.title = `Approve ${all}, and run on${hints.approve}`;
    reject.button.title = `Reject ${all} with the reason, and run on${hints.reject}`;
  }

  /** What is sent with an answer. @param {string} kind */
  function said(kind) {
    if (kind === "answer") return { value: form?.answer() ?? "" };
    if (kind === "reject") return { reason: reason.value };
    if (kind === "modify") return modify.said();
    if (kind === "reroute") return { target: target.value };
    return {};
  }

  return {
    columns, reason, modify, target, said, ask,
    filled: () => form !== null && form.answer() !== null,
    edited: () => form !== null && form.edited(),
  };
}

/** @param {string} name */
function keyHint(name) {
  return ` (${verbNamed(name).key})`;
}

/**
 * The columns of a card's kind in their rows; what is rare stands under More.
 * @param {PendingRow} row
 * @param {Record<string, ReturnType<typeof answerColumn>>} columns
 */
function laidOut(row, columns) {
  const kinds = ANSWERS[row.kind];
  const cut = kinds.indexOf(null);
  const roots = (/** @type {(string | null)[]} */ names) => names.map((name) => (name === null ? null : columns[name].root));
  const first = el("div", { class: "answers" }, roots(cut < 0 ? kinds : kinds.slice(0, cut)));
  if (cut < 0) return { rows: [first], more: null };
  const rare = el("div", { class: "answers answers-rare", hidden: true }, roots(kinds.slice(cut + 1)));
  const more = el("button", {
    type: "button", class: "chip card-more", "aria-expanded": "false", title: "Write a key, or go to another node",
    onclick: () => {
      visible(rare, rare.hidden);
      attr(more, "aria-expanded", String(!rare.hidden));
    },
  }, "More");
  return { rows: [first, rare], more };
}

/**
 * The seconds that are left, where there is a timeout.
 * @param {Store} store
 * @param {PendingRow} row
 */
function countdown(store, { since, timeout }) {
  const root = el("span", { class: "card-clock" });
  const ticking = setInterval(tick, 500);
  tick();

  function tick() {
    visible(root, timeout !== null && timeout !== undefined);
    if (timeout === null || timeout === undefined) return;
    // The clock of a barrier stands still while the debugger does.
    const runs = store.head.busy;
    const left = runs ? Math.max(0, Number(since) + timeout - Date.now() / 1000) : timeout;
    text(root, runs ? `${Math.ceil(left)} s left` : `timeout ${timeout} s · paused`);
  }

  return { root, stop: () => clearInterval(ticking) };
}

/**
 * The values that a decision is about; a click brings one into Modify.
 * @param {KeyedRow[]} rows
 * @param {(key: string) => void} take
 */
function aboutValues(rows, take) {
  return rows.map((one) => el(
    // No button: by keyboard the same is done by naming the key, and a card's buttons answer it.
    "span", { class: "about-value", title: `${one.text}\nClick: bring it into Modify`, onclick: () => take(one.key) },
    el("b", {}, one.key), " ", el("span", {}, one.text)));
}

/**
 * An answer to a question changes nothing by itself: that is not worth a line.
 * @param {PendingRow} row
 * @param {Preview} found
 */
function brief({ kind }, found) {
  return kind === "question" && !found.rows?.length ? { ...found, rows: undefined } : found;
}

/** @param {string[]} names */
function options(names) {
  return names.map((name) => {
    const option = el("option", {}, name);
    option.value = name;
    return option;
  });
}

/**
 * What asks for the preview of an answer, and shows it.
 * @param {Store} store
 * @param {PendingRow} row
 * @param {ReturnType<typeof answersTo>} answers
 */
function previewer(store, row, { columns, modify, said, filled }) {
  return async (/** @type {string} */ kind) => {
    if ((kind === "modify" && !modify.filled()) || (kind === "answer" && !filled())) {
      if (kind === "modify") modify.say({});
      columns[kind].say(kind === "modify" ? "fill in a key to see where it leads" : "");
      return;
    }
    const asked = (columns[kind].asked = Symbol(kind));
    const reply = await store.ask({ ask: "preview", id: row.id, kind, ...said(kind) });
    if (columns[kind].asked !== asked) return;
    if (kind === "modify") columns.modify.button.disabled = !modify.say(reply);
    if (reply.invalid) columns.modify.say("");
    else columns[kind].show(brief(row, reply));
  };
}

/**
 * @param {Store} store
 * @param {PendingRow} row
 */
export function barrierCard(store, row) {
  const heading = el("span", { class: "card-title" });
  const queue = el("span", { class: "card-queue" });
  const clock = countdown(store, row);
  const about = el("div", { class: "about" });
  const later = { modify: debounced(() => preview("modify"), 200), answer: debounced(() => preview("answer"), 200) };
  const answers = answersTo(row, {
    modify: {
      changed: () => {
        columns.modify.button.disabled = !modify.filled();
        later.modify();
      },
      enter: (stay) => answer("modify", stay),
    },
    answer: { changed: () => answered(), enter: (stay) => answer("answer", stay) },
  });
  const { columns, reason, modify, target, said, ask, filled, edited } = answers;
  const preview = previewer(store, row, answers);
  const { rows, more } = laidOut(row, columns);
  const question = el("div", { class: "question", role: "group", "aria-label": "Question", hidden: true });
  const refusal = el("div", { class: "refusal", role: "alert", hidden: true });
  const root = el(
    "section",
    { class: "card", role: "group", "aria-label": `Barrier ${row.path}`, "data-kind": row.kind },
    el("header", { class: "card-head" }, icon("barrier"), heading, queue, about, clock.root, more),
    question, rows,
  );
  // Beside the button that was pressed: it stays in sight where the form is long.
  (row.kind === "question" ? columns.answer.button : root.lastElementChild)?.before(refusal);
  text(heading, row.path);
  load();

  reason.addEventListener("input", debounced(() => preview("reject"), 200));
  target.addEventListener("change", () => preview("reroute"));
  for (const [kind, one] of Object.entries(columns)) {
    one.button.addEventListener("click", (event) => answer(kind, event.shiftKey));
    for (const input of kind === "modify" ? [] : one.fields) {
      input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") answer(kind, event.shiftKey);
      });
    }
  }

  /**
   * @param {string} kind
   * @param {boolean} stay
   */
  function answer(kind, stay) {
    if (!ANSWERS[row.kind].includes(kind) || columns[kind].root.hidden) return;
    if (root.getAttribute("aria-busy") === "true" || columns[kind].button.disabled) return;
    const order = { do: kind, id: row.id, stay: Boolean(stay), ...said(kind) };
    attr(root, "aria-busy", "true");
    // An answer that is refused leaves the card: it must be usable again.
    setTimeout(() => attr(root, "aria-busy", null), 1500);
    store.order(order);
  }

  /** Something was filled in; Approve then means what was asked, and Answer what it is now. */
  function answered() {
    refuse("");
    columns.answer.button.disabled = !filled();
    attr(root, "data-edited", edited() || null);
    later.answer();
  }

  /** As a key does: what was filled in is not lost to a press of Approve. @param {string} kind @param {boolean} stay */
  function byKey(kind, stay) {
    answer(kind === "approve" && edited() ? "answer" : kind, stay);
  }

  async function load() {
    const reply = await store.ask({ ask: "card", id: row.id });
    if (reply.error) {
      columns.approve.show({ error: reply.error });
      return;
    }
    target.replaceChildren(...options(reply.targets));
    if (reply.asked) {
      question.replaceChildren(askedParts(reply.asked));
      visible(question, reply.asked.parts.length > 0);
      attr(root, "data-form", formOf(reply.asked));
      ask(reply.asked);
      columns.answer.button.disabled = !filled();
    }
    for (const [kind, found] of Object.entries(reply.previews)) columns[kind].show(brief(row, found));
    about.replaceChildren(...aboutValues(reply.about ?? [], modify.take));
    modify.know(reply.form);
    visible(columns.reroute.root, reply.targets.length > 0 || row.kind !== "pause");
    if (!reply.targets.length) columns.reroute.say("nowhere to go");
    columns.modify.say("fill in a key to see where it leads");
  }

  /**
   * @param {number} number
   * @param {number} count
   */
  function place(number, count) {
    const since = row.since ? `since ${new Date(row.since * 1000).toLocaleTimeString()}` : "";
    text(queue, `${count > 1 ? `${number + 1} of ${count} waiting` : WAITS[row.kind]} ${since}`);
  }

  /** Say why an answer was refused; what was typed stays. @param {string} why */
  function refuse(why) {
    if (why) {
      attr(root, "aria-busy", null);
      later.answer.cancel();
      columns.answer.silence();
    }
    text(refusal, why);
    visible(refusal, why !== "");
  }

  return {
    root, frame: row.frame, place, byKey, refuse,
    close() {
      clock.stop();
      root.remove();
    },
  };
}
