// @ts-check
/** Breakpoints on nodes: what Python says of them, and at once what was pressed since. */

/** If Python refuses, what it says stands again after so long. */
const PATIENCE = 2000;

/**
 * @param {Store} store
 * @param {() => void} draw Called when what is shown differs.
 */
export function stopMarks(store, draw) {
  /** What was pressed and not heard of so far, by node and whether after it. @type {Map<string, boolean>} */
  const optimistic = new Map();

  /** By node: "on" or "off" before it, "after" where one stops after it, or both. */
  function marks() {
    /** @type {Map<number, string>} */
    const result = new Map();
    const put = (/** @type {number} */ number, /** @type {boolean} */ after, /** @type {string} */ word) => {
      const known = result.get(number) ?? "";
      result.set(number, after ? `${known} after`.trim() : `${word} ${known}`.trim());
    };
    const there = new Set();
    for (const [number, enabled, after] of store.head.breakpoints ?? []) {
      const key = `${number} ${Boolean(after)}`;
      there.add(key);
      if (optimistic.get(key) !== false) put(number, after, enabled ? "on" : "off");
    }
    for (const [key, wanted] of optimistic) {
      if (there.has(key) === wanted) optimistic.delete(key);
      else if (wanted) put(Number(key.split(" ")[0]), key.endsWith("true"), "on");
    }
    return result;
  }

  /**
   * Toggle a breakpoint: shown at once, and by Python's word afterwards.
   * @param {number} number
   * @param {boolean} after
   */
  function toggle(number, after = false) {
    if (store.saved) return;
    const key = `${number} ${after}`;
    const set = (marks().get(number) ?? "").split(" ");
    optimistic.set(key, after ? !set.includes("after") : !(set.includes("on") || set.includes("off")));
    setTimeout(() => {
      optimistic.delete(key);
      draw();
    }, PATIENCE);
    store.send({ do: "breakpoint", node: number, after });
    draw();
  }

  return { marks, toggle };
}
