// @ts-check
/** The form of a request about actions: a block for each, with what may be decided about it. */

import { el, freshId, visible } from "../core/dom.js";
import { longBox } from "./value_field.js";
import { piece } from "./schema_form.js";

/** What each decision does, for its tooltip. @type {Record<string, string>} */
const MEANS = {
  approve: "Run it as it is",
  edit: "Run it with other arguments",
  reject: "Do not run it, and say why",
  respond: "Do not run it: the message is what it gives",
};

/** What the message of a decision is for. @type {Record<string, string>} */
const MESSAGES = { reject: "Message: why not", respond: "Message: what the tool would have said" };

/**
 * @param {AskedRow} asked
 * @param {FormActs} on
 * @returns {AnswerForm}
 */
export function actionForm({ actions, alone }, on) {
  const blocks = actions.map((action, place) => actionBlock(action, place + 1, on));

  function answer() {
    const said = blocks.map((block) => block.decision());
    return alone ? said[0] : `{"decisions": [${said.join(", ")}]}`;
  }

  const edited = () => blocks.some((block) => block.decided());
  return { root: el("div", { class: "actions" }, blocks.map((block) => block.root)), answer, edited };
}

/**
 * One action. Typing other arguments chooses *edit*, where that is allowed.
 * @param {ActionRow} action
 * @param {number} number
 * @param {FormActs} on
 */
function actionBlock(action, number, on) {
  const { name, told, locked } = action;
  const allowed = action.allowed.filter((kind) => kind in MEANS);
  const editable = allowed.includes("edit") && !locked;
  let chosen = allowed[0] ?? "approve";
  const args = longBox(
    { label: "Arguments", placeholder: "{}", title: editable ? "Arguments, as JSON; typing here chooses edit" : locked || "not to be edited" },
    { enter: on.enter, changed: () => (editable && choose(args.value === action.args && allowed.includes("approve") ? "approve" : "edit")) },
  );
  args.value = action.args;
  args.readOnly = !editable;
  const message = longBox({ label: "Message", placeholder: "", title: "" }, on);
  const group = freshId("decision");
  const radios = allowed.map((kind) => {
    const radio = el("input", { type: "radio", name: group, "aria-label": kind, disabled: kind === "edit" && Boolean(locked), onchange: () => choose(kind) });
    radio.value = kind;
    return radio;
  });

  /** @param {string} kind */
  function choose(kind) {
    chosen = kind;
    for (const radio of radios) radio.checked = radio.value === kind;
    const says = kind in MESSAGES;
    visible(message, says);
    if (says) message.placeholder = MESSAGES[kind];
    root.dataset.decision = kind;
    on.changed();
  }

  function decision() {
    const type = JSON.stringify(chosen);
    if (chosen === "edit") return `{"type": ${type}, "edited_action": {"name": ${JSON.stringify(name)}, "args": ${piece({ kind: "json" }, args.value)}}}`;
    const words = message.value;
    return chosen in MESSAGES && (words || chosen === "respond") ? `{"type": ${type}, "message": ${JSON.stringify(words)}}` : `{"type": ${type}}`;
  }

  const root = el(
    "div", { class: "action", role: "group", "aria-label": `Action ${number}, ${name}` },
    el(
      "div", { class: "action-head" }, el("b", { class: "action-name" }, name),
      el("span", { class: "choices", role: "radiogroup", "aria-label": "Decision" }, radios.map((radio) =>
        el("label", { class: "choice", title: radio.disabled ? locked : MEANS[radio.value] }, radio, radio.value))),
    ),
    told ? el("div", { class: "asked-text action-told" }, told) : null,
    args, locked ? el("div", { class: "faint" }, locked) : null, message,
  );
  choose(chosen);
  return { root, decision, decided: () => chosen !== "approve" };
}
