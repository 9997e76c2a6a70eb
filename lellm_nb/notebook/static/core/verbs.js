// @ts-check
/** What a verb's button or key does right now. The verbs themselves are Python's table. */

import { VERB_ROWS } from "./verb_table.js";

/** The verbs of the toolbar, from left to right. */
export const VERBS = VERB_ROWS.filter((verb) => verb.group >= 0);

/** The answers to a barrier: their buttons are on its card. */
export const ANSWERS = VERB_ROWS.filter((verb) => verb.group < 0);

/**
 * Every key with its verbs; of several that share one, the first is what it presses.
 * @type {Map<string, Verb[]>}
 */
export const BY_KEY = new Map();
for (const verb of VERB_ROWS) {
  if (verb.key) BY_KEY.set(verb.key, [...(BY_KEY.get(verb.key) ?? []), verb]);
}

/** @param {string} name */
export function verbNamed(name) {
  const found = VERB_ROWS.find((verb) => verb.name === name);
  if (!found) throw new Error(`There is no verb ${name} with a button.`);
  return found;
}

/**
 * Whether the engine can do it at all; what cannot be done has no button.
 * @param {Store} store
 * @param {Verb} verb
 */
export function offered(store, verb) {
  return store.head[`button:${verb.name}`] !== null;
}

/**
 * What a press of a verb's button does right now.
 * @param {Store} store
 * @param {Verb} verb
 * @returns {[enabled: boolean, tip: string]}
 */
export function now(store, verb) {
  if (store.saved) return [false, store.silence];
  if (!offered(store, verb)) return [false, ""];
  const [enabled, tip] = store.head[`button:${verb.name}`] ?? [false, ""];
  if (store.atHead || store.head.busy) return [enabled && !verb.onlyAway, tip];
  return verb.away ? [true, verb.away.replace("{frame}", String(store.shown))] : [enabled, tip];
}

/**
 * Do what a button says. Returns whether there was anything to do.
 * @param {Store} store
 * @param {Verb} verb
 */
export function press(store, verb) {
  if (!now(store, verb)[0]) return false;
  /** @type {Order} */
  const order = { do: verb.name };
  if (verb.takes === "frame") order.frame = store.shown;
  store.order(order, { inPlace: verb.live });
  return true;
}
