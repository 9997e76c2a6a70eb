// @ts-check
/** The cards above the graph: barriers that wait, a join that failed, secrets that are missing. */

import { el, focused, visible } from "../core/dom.js";
import { barrierCard } from "./barrier_card.js";
import { joinCard } from "./join_card.js";
import { secretCard } from "./secret_card.js";

/** @param {Store} store */
export function cards(store) {
  const root = el("div", { class: "cards", hidden: true });
  /** @type {Map<string, ReturnType<typeof barrierCard>>} */
  const shown = new Map();
  const failed = single(root);
  const asked = single(root);
  /** The alert that the cards know of. @type {Head["alert"]} */
  let told = null;

  function draw() {
    const pending = store.saved ? [] : store.head.pending ?? [];
    const ids = new Set(pending.map((row) => row.id));
    for (const [id, one] of shown) {
      if (ids.has(id)) continue;
      one.close();
      shown.delete(id);
    }
    const { alert } = store.head;
    pending.forEach((row, place) => {
      const card = waiting(row);
      card.place(place, pending.length);
      if (alert !== told) card.refuse(alert?.barrier === row.id ? alert.text : "");
    });
    told = alert;
    const join = store.saved ? null : store.head.join;
    failed.show(join ?? null, (row) => joinCard(store, row));
    const lacking = store.saved ? [] : store.head.lacking ?? [];
    asked.show(lacking.length ? lacking : null, (names) => secretCard(store, names));
    visible(root, pending.length > 0 || Boolean(join) || lacking.length > 0);
  }

  /** The card of a barrier that waits. @param {PendingRow} row */
  function waiting(row) {
    const known = shown.get(row.id);
    // The same barrier may wait again at another frame: that is another card.
    if (known && known.frame === row.frame) return known;
    known?.close();
    const made = barrierCard(store, row);
    shown.set(row.id, made);
    root.append(made.root);
    return made;
  }

  /**
   * Press an answer of the first card, as a key does.
   * @param {string} kind
   * @param {boolean} stay
   */
  function answer(kind, stay) {
    const held = focused(root);
    const one = [...shown.values()].find((card) => card.root.contains(held)) ?? [...shown.values()][0];
    one?.byKey(kind, stay);
    return Boolean(one);
  }

  function close() {
    for (const one of shown.values()) one.close();
  }

  return { root, draw, answer, close };
}

/**
 * A card of which there is one at most, made anew when what it is about differs.
 * @param {HTMLElement} root
 */
function single(root) {
  let key = "null";
  /** @type {HTMLElement | null} */
  let card = null;

  /**
   * @template T
   * @param {T | null} about
   * @param {(about: T) => HTMLElement} make
   */
  function show(about, make) {
    const now = JSON.stringify(about);
    if (now === key) return;
    key = now;
    card?.remove();
    card = about === null ? null : make(about);
    if (card) root.prepend(card);
  }

  return { show };
}
