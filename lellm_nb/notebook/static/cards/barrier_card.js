/** A card for each barrier that waits: what it waits for and what each answer leads to. */

import { attr, debounced, el, focused, freshId, text, visible } from "../core/dom.js";
import { diffRows } from "../tabs/diff_rows.js";
import { icon } from "../core/icons.js";
import { modifyForm } from "./modify_form.js";
import { secretCard } from "./secret_card.js";

export function cards(store) {
  const root = el("div", { class: "cards", hidden: true });
  const shown = new Map();

  function draw() {
    const pending = store.saved ? [] : store.head.pending ?? [];
    const ids = new Set(pending.map((row) => row.id));
    for (const [id, one] of shown) {
      if (ids.has(id)) continue;
      one.close();
      shown.delete(id);
    }
    pending.forEach((row, place) => {
      // The same barrier may wait again at another frame: that is another card.
      let one = shown.get(row.id);
      if (one && one.frame !== row.frame) {
        one.close();
        one = undefined;
      }
      if (!one) {
        one = card(store, row);
        shown.set(row.id, one);
        root.append(one.root);
      }
      one.place(place, pending.length);
    });
    const join = store.saved ? null : store.head.join;
    joining(join);
    const lacking = store.saved ? [] : store.head.lacking ?? [];
    asking(lacking);
    visible(root, pending.length > 0 || Boolean(join) || lacking.length > 0);
  }

  let failed = null;

  function joining(row) {
    const key = JSON.stringify(row ?? null);
    if (failed?.key === key) return;
    failed?.root.remove();
    failed = row ? { key, root: joinCard(store, row) } : null;
    if (failed) root.prepend(failed.root);
  }

  let asked = null;

  function asking(names) {
    const key = JSON.stringify(names);
    if (asked?.key === key) return;
    asked?.root.remove();
    asked = { key, root: secretCard(store, names) };
    if (names.length) root.prepend(asked.root);
  }

  /** Press an answer of the first card, as a key does. */
  function answer(kind, stay) {
    const held = focused(root);
    const one = [...shown.values()].find((card) => card.root.contains(held)) ?? shown.values().next().value;
    one?.answer(kind, stay);
    return Boolean(one);
  }

  function close() {
    for (const one of shown.values()) one.close();
  }

  return { root, draw, answer, close };
}

/** What becomes of a parallel of which some branches failed. */
function joinCard(store, row) {
  const ways = [
    ["Keep", "keep", "join the branches that are good and go on without the others"],
    ["Retry", "retry", "run the failed branches again; the good ones are kept"],
    ["Drop", "drop", "join none of them and go on"],
  ];
  const failed = row.failed.length;
  const words = `${failed} of ${row.branches} ${row.branches === 1 ? "branch" : "branches"} failed: ${row.failed.join(", ")}`;
  return el(
    "section",
    { class: "card card-join", role: "group", "aria-label": `Join ${row.path}` },
    el("header", { class: "card-head" }, icon("parallel"), el("span", { class: "card-title" }, row.path), el("span", { class: "card-queue" }, words)),
    el("div", { class: "answers" }, ways.map(([name, how, does]) => el(
      "div", { class: "answer-column" },
      el("div", { class: "answer-form" }, el("button", {
        type: "button", class: "answer", "aria-label": name, title: does, onclick: () => store.order({ do: "resolve_join", how }),
      }, name)),
      el("div", { class: "outcome faint" }, does),
    ))),
  );
}

function card(store, row) {
  const heading = el("span", { class: "card-title" });
  const queue = el("span", { class: "card-queue" });
  const clock = el("span", { class: "card-clock" });
  const about = el("div", { class: "about" });
  const reason = field("Reason", "why not");
  const modify = modifyForm({
    changed: () => {
      answers.modify.button.disabled = !modify.filled();
      later();
    },
    enter: (stay) => answer("modify", stay),
  });
  const target = el("select", { "aria-label": "Target" });
  const above = row.path.split("/").slice(0, -1).join("/");
  const end = `end of ${above || "the run"}`;
  const answers = {
    approve: answerColumn("Approve", "A", [], "check", end),
    reject: answerColumn("Reject", "X", [reason], "cross", end),
    modify: answerColumn("Modify", null, modify.parts, null, end, modify.told),
    reroute: answerColumn("Reroute", null, [target], null, end),
  };
  const root = el(
    "section",
    { class: "card", role: "group", "aria-label": `Barrier ${row.path}` },
    el("header", { class: "card-head" }, icon("barrier"), heading, queue, about, clock),
    el("div", { class: "answers" }, Object.values(answers).map((one) => one.root)),
  );
  text(heading, row.path);
  answers.modify.button.disabled = true;
  if (row.asks) {
    answers.approve.button.title = "Approve: run the node, and on (A)";
    answers.reject.button.title = "Reject: do not run it, use what is recorded, and run on (X)";
  }
  const ticking = setInterval(tick, 500);
  tick();
  load();

  const later = debounced(() => preview("modify"), 200);
  reason.addEventListener("input", debounced(() => preview("reject"), 200));
  target.addEventListener("change", () => preview("reroute"));
  for (const [kind, one] of Object.entries(answers)) {
    one.button.addEventListener("click", (event) => answer(kind, event.shiftKey));
    for (const input of kind === "modify" ? [] : one.fields) {
      input.addEventListener("keydown", (event) => {
        if (event.key === "Enter") answer(kind, event.shiftKey);
      });
    }
  }

  function answer(kind, stay) {
    if (root.getAttribute("aria-busy") === "true" || answers[kind].button.disabled) return;
    const order = { do: kind, id: row.id, stay: Boolean(stay), ...said(kind) };
    attr(root, "aria-busy", "true");
    // An answer that is refused leaves the card: it must be usable again.
    setTimeout(() => attr(root, "aria-busy", null), 1500);
    store.order(order);
  }

  function said(kind) {
    if (kind === "reject") return { reason: reason.value };
    if (kind === "modify") return modify.said();
    if (kind === "reroute") return { target: target.value };
    return {};
  }

  async function load() {
    const reply = await store.ask({ ask: "card", id: row.id });
    if (reply.error) {
      answers.approve.show({ error: reply.error });
      return;
    }
    target.replaceChildren(...reply.targets.map((name) => {
      const option = el("option", {}, name);
      option.value = name;
      return option;
    }));
    for (const [kind, found] of Object.entries(reply.previews)) answers[kind].show(found);
    about.replaceChildren(...(reply.about ?? []).map((one) => el(
      // No button: by keyboard the same is done by naming the key, and a card's buttons answer it.
      "span", {
        class: "about-value", title: `${one.text}\nClick: bring it into Modify`,
        onclick: () => modify.take(one.key),
      }, el("b", {}, one.key), " ", el("span", {}, one.text))));
    modify.know(reply.form);
    if (!reply.targets.length) answers.reroute.say("nowhere to go");
    answers.modify.say("fill in a key to see where it leads");
  }

  async function preview(kind) {
    if (kind === "modify" && !modify.filled()) {
      modify.say({});
      answers.modify.say("fill in a key to see where it leads");
      return;
    }
    const asked = (answers[kind].asked = Symbol(kind));
    const reply = await store.ask({ ask: "preview", id: row.id, kind, ...said(kind) });
    if (answers[kind].asked !== asked) return;
    if (kind === "modify") answers.modify.button.disabled = !modify.say(reply);
    if (reply.invalid) answers.modify.say("");
    else answers[kind].show(reply);
  }

  function tick() {
    if (row.timeout === null || row.timeout === undefined) {
      visible(clock, false);
      return;
    }
    // The clock of a barrier stands still while the debugger does.
    const runs = store.head.busy;
    const left = runs ? Math.max(0, row.since + row.timeout - Date.now() / 1000) : row.timeout;
    text(clock, runs ? `${Math.ceil(left)} s left` : `timeout ${row.timeout} s · paused`);
  }

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

function field(name, hint) {
  return el("input", {
    type: "text", "aria-label": name, placeholder: name, title: hint, autocomplete: "off", spellcheck: "false",
  });
}

function answerColumn(name, key, fields, picture, end = "", said = null) {
  const leads = freshId("leads");
  const button = el(
    "button",
    {
      type: "button", class: `answer answer-${name.toLowerCase()}`, "aria-label": name,
      "aria-keyshortcuts": key, "aria-describedby": leads,
      title: `${name} and run on${key ? ` (${key})` : ""}; with Shift: ${name.toLowerCase()} and stay`,
    },
    picture ? icon(picture, 14) : null,
    name,
  );
  const outcome = el("div", { class: "outcome", id: leads });
  const root = el("div", { class: "answer-column" }, el("div", { class: "answer-form" }, button, fields), said, outcome);

  function show(found) {
    const next = found.error
      ? el("div", { class: "bad" }, found.error)
      : el("div", { class: "outcome-next" }, el("span", { "aria-hidden": "true" }, "→ "), found.next ?? end);
    outcome.replaceChildren(next, ...(found.rows ? [diffRows(found, "no change")] : []));
  }

  function say(words, tone = "") {
    outcome.replaceChildren(el("div", { class: `faint ${tone}` }, words));
  }

  return { root, button, fields, show, say, asked: null };
}
