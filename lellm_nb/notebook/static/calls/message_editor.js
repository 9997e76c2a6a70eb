// @ts-check
/** The editor of what is said in a call: a box for each message, the model, how often to ask. */

import { attr, el, visible } from "../core/dom.js";
import { icon } from "../core/icons.js";

const ROLES = ["system", "user", "assistant", "tool"];
const MOST = 5;

/**
 * @typedef {object} EditorActs
 * @property {(messages: object[] | undefined, model: string, n: number) => void} ask
 * @property {(messages: object[] | undefined) => void} run
 * @property {() => void} close
 */

/**
 * @param {{ rows: EditorRow[], model: string }} told
 * @param {number} number
 * @param {EditorActs} on
 */
export function messageEditor(told, number, on) {
  const list = el("div", { class: "editor-messages" });
  /** @type {ReturnType<typeof messageForm>[]} */
  let forms = [];
  const model = el("input", { type: "text", "aria-label": "Model", autocomplete: "off", spellcheck: "false" });
  model.value = told.model;
  const times = el("input", { type: "number", "aria-label": "Answers", min: 1, max: MOST, step: 1 });
  times.value = "1";
  const ask = el("button", { type: "button", class: "answer answer-approve", onclick: () => send() }, "Ask");
  const run = el("button", { type: "button", class: "answer", onclick: () => go() }, "Run on with this");
  const add = el("button", { type: "button", class: "chip", onclick: () => grow() }, icon("plus", 12), "Add message");
  const close = el("button", { type: "button", class: "chip", onclick: on.close }, "Close");
  const wait = el("span", { class: "faint", role: "status", hidden: true }, "asking …");
  const root = el(
    "div", { class: "call-editor", role: "group", "aria-label": `Edit call ${number}` }, list,
    el("div", { class: "editor-bar" }, add, el("span", { class: "spring" }), close),
    el("div", { class: "editor-bar" }, el("label", {}, "model ", model), el("label", {}, "answers ", times), ask, run, wait),
  );

  /** Ask, unless it is being asked. */
  function send() {
    if (ask.disabled) return;
    const n = Math.max(1, Math.min(MOST, Math.round(Number(times.value)) || 1));
    times.value = String(n);
    on.ask(changed(), model.value.trim(), n);
  }

  /** Run on with it, unless something keeps it from that. */
  function go() {
    if (!run.hasAttribute("aria-disabled")) on.run(changed());
  }

  /** The messages as they are now; undefined where they are as they were. */
  function changed() {
    const same = forms.length === told.rows.length && forms.every((form, place) => form.row.of === place && !form.touched());
    return same ? undefined : forms.map((form) => form.message());
  }

  /** @param {EditorRow} row */
  function put(row) {
    const form = messageForm(row, () => {
      forms = forms.filter((one) => one !== form);
      form.root.remove();
      name();
    });
    forms.push(form);
    list.append(form.root);
    return form;
  }

  function grow() {
    put({ of: -1, role: "user", text: "", json: false, locked: "" }).field.focus();
    name();
  }

  function name() {
    forms.forEach((form, place) => form.name(place));
  }

  for (const row of told.rows) put(row);
  name();

  return {
    root,
    /** @param {boolean} on */
    busy(on) {
      ask.disabled = on;
      visible(wait, on);
    },
    /** Let a run begin, or say why not. @param {string} why */
    allow(why) {
      attr(run, "aria-disabled", why ? "true" : null);
      run.title = why || "A fork: the calls before are served, this one is sent as edited here, and the run goes on";
    },
  };
}

/**
 * One message.
 * @param {EditorRow} row
 * @param {() => void} remove
 */
function messageForm(row, remove) {
  const role = el("select", {}, [...new Set([row.role, ...ROLES])].map((one) => el("option", {}, one)));
  role.value = row.role;
  const field = el("textarea", { class: "long-box", rows: 1, spellcheck: "false" });
  field.value = row.text;
  if (row.locked) {
    field.readOnly = true;
    field.placeholder = `too long to edit here: ${row.locked}; it stays as it is`;
  }
  const drop = el("button", { type: "button", class: "act", onclick: remove }, icon("close", 13));
  const root = el("div", { class: "editor-message" }, el("div", { class: "editor-role" }, role, row.json ? el("span", { class: "faint" }, "JSON") : null), field, drop);
  visible(role, !row.json);

  const touched = () => row.of < 0 || (!row.locked && field.value !== row.text) || role.value !== row.role;

  return {
    root, row, field, touched,
    message() {
      const kept = { of: row.of, role: role.value };
      return row.of >= 0 && (row.locked || field.value === row.text) ? kept : { ...kept, text: field.value };
    },
    /** @param {number} place */
    name(place) {
      role.setAttribute("aria-label", `Role of message ${place}`);
      field.setAttribute("aria-label", `Message ${place}`);
      attr(drop, "aria-label", `Remove message ${place}`);
      drop.title = `Remove message ${place}`;
    },
  };
}
