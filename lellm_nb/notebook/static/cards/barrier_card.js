// @ts-check
/** The card of a barrier that waits: what it waits for and what each answer leads to. */

import { attr, debounced, el, text, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { verbNamed } from "../core/verbs.js";
import { answerColumn } from "./answer_column.js";
import { modifyForm } from "./modify_form.js";

/**
 * The answers of a card by their verbs, and what is said with each.
 * @param {PendingRow} row
 * @param {{ typed: () => void, enter: (stay: boolean) => void }} on Of the form of Modify.
 */
function answersTo(row, on) {
  const above = row.path.split("/").slice(0, -1).join("/");
  const end = `end of ${above || "the run"}`;
  const reason = el("input", {
    type: "text", "aria-label": "Reason", placeholder: "Reason", title: "why not", autocomplete: "off", spellcheck: "false",
  });
  const modify = modifyForm({ changed: on.typed, enter: on.enter });
  const target = el("select", { "aria-label": "Target" });
  /** @type {Record<string, ReturnType<typeof answerColumn>>} */
  const columns = {
    approve: answerColumn(verbNamed("approve"), { fields: [], picture: "check", end }),
    reject: answerColumn(verbNamed("reject"), { fields: [reason], picture: "cross", end }),
    modify: answerColumn(verbNamed("modify"), { fields: modify.parts, end, said: modify.told }),
    reroute: answerColumn(verbNamed("reroute"), { fields: [target], end }),
  };
  columns.modify.button.disabled = true;
  if (row.asks) {
    const keyOf = (/** @type {string} */ name) => verbNamed(name).key;
    columns.approve.button.title = `Approve: run the node, and on (${keyOf("approve")})`;
    columns.reject.button.title = `Reject: do not run it, use what is recorded, and run on (${keyOf("reject")})`;
  }

  /** What is sent with an answer. @param {string} kind */
  function said(kind) {
    if (kind === "reject") return { reason: reason.value };
    if (kind === "modify") return modify.said();
    if (kind === "reroute") return { target: target.value };
    return {};
  }

  return { columns, reason, modify, target, said };
}

/**
 * @param {Store} store
 * @param {PendingRow} row
 */
export function barrierCard(store, row) {
  const heading = el("span", { class: "card-title" });
  const queue = el("span", { class: "card-queue" });
  const clock = el("span", { class: "card-clock" });
  const about = el("div", { class: "about" });
  const later = debounced(() => preview("modify"), 200);
  const { columns, reason, modify, target, said } = answersTo(row, {
    typed: () => {
      columns.modify.button.disabled = !modify.filled();
      later();
    },
    enter: (stay) => answer("modify", stay),
  });
  const root = el(
    "section",
    { class: "card", role: "group", "aria-label": `Barrier ${row.path}` },
    el("header", { class: "card-head" }, icon("barrier"), heading, queue, about, clock),
    el("div", { class: "answers" }, Object.values(columns).map((one) => one.root)),
  );
  text(heading, row.path);
  const ticking = setInterval(tick, 500);
  tick();
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
    if (root.getAttribute("aria-busy") === "true" || columns[kind].button.disabled) return;
    const order = { do: kind, id: row.id, stay: Boolean(stay), ...said(kind) };
    attr(root, "aria-busy", "true");
    // An answer that is refused leaves the card: it must be usable again.
    setTimeout(() => attr(root, "aria-busy", null), 1500);
    store.order(order);
  }

  async function load() {
    const reply = await store.ask({ ask: "card", id: row.id });
    if (reply.error) {
      columns.approve.show({ error: reply.error });
      return;
    }
    target.replaceChildren(...reply.targets.map((name) => {
      const option = el("option", {}, name);
      option.value = name;
      return option;
    }));
    for (const [kind, found] of Object.entries(reply.previews)) columns[kind].show(found);
    about.replaceChildren(...(reply.about ?? []).map((one) => el(
      // No button: by keyboard the same is done by naming the key, and a card's buttons answer it.
      "span", {
        class: "about-value", title: `${one.text}\nClick: bring it into Modify`,
        onclick: () => modify.take(one.key),
      }, el("b", {}, one.key), " ", el("span", {}, one.text))));
    modify.know(reply.form);
    if (!reply.targets.length) columns.reroute.say("nowhere to go");
    columns.modify.say("fill in a key to see where it leads");
  }

  /** @param {string} kind */
  async function preview(kind) {
    if (kind === "modify" && !modify.filled()) {
      modify.say({});
      columns.modify.say("fill in a key to see where it leads");
      return;
    }
    const asked = (columns[kind].asked = Symbol(kind));
    const reply = await store.ask({ ask: "preview", id: row.id, kind, ...said(kind) });
    if (columns[kind].asked !== asked) return;
    if (kind === "modify") columns.modify.button.disabled = !modify.say(reply);
    if (reply.invalid) columns.modify.say("");
    else columns[kind].show(reply);
  }

  function tick() {
    const { since, timeout } = row;
    visible(clock, timeout !== null && timeout !== undefined);
    if (timeout === null || timeout === undefined) return;
    // The clock of a barrier stands still while the debugger does.
    const runs = store.head.busy;
    const left = runs ? Math.max(0, Number(since) + timeout - Date.now() / 1000) : timeout;
    text(clock, runs ? `${Math.ceil(left)} s left` : `timeout ${timeout} s · paused`);
  }

  /**
   * @param {number} number
   * @param {number} count
   */
  function place(number, count) {
    const since = row.since ? `since ${new Date(row.since * 1000).toLocaleTimeString()}` : "";
    const what = row.asks ? "asks before it runs" : "waiting for you";
    text(queue, `${count > 1 ? `${number + 1} of ${count} waiting` : what} ${since}`);
  }

  return {
    root, frame: row.frame, place, answer,
    close() {
      clearInterval(ticking);
      root.remove();
    },
  };
}
