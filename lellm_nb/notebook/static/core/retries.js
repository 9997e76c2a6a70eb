// @ts-check
/** What is told of a node that failed and is tried again: which try it is, when, and after what. */

const PACE = 500;

/**
 * The seconds until a node is tried again; none where that try has begun.
 * @param {RetryRow} row
 */
const left = ([, , , , until]) => Math.max(0, until - Date.now() / 1000);

/** @param {RetryRow} row */
export function retryText(row) {
  const [, attempt, of, error] = row;
  const seconds = left(row);
  const pause = seconds ? `, next in ${seconds < 10 ? seconds.toFixed(1) : Math.ceil(seconds).toLocaleString("en")} s` : "";
  return `attempt ${attempt}${of ? ` of ${of}` : ""}${pause}, after ${error}`;
}

/**
 * The tries of all nodes in one line, the first few of them.
 * @param {Store} store
 */
export function retriesText(store) {
  const rows = store.head.retries ?? [];
  const named = rows.slice(0, 2).map((row) => `${store.outline.nodes[row[0]]?.path ?? ""}: ${retryText(row)}`);
  const more = rows.length > named.length ? [`and ${rows.length - named.length} more`] : [];
  return [...named, ...more].join(" · ");
}

/**
 * Draw something again while seconds go by: ask for it whenever it was drawn.
 * @param {HTMLElement} root
 * @param {() => void} draw
 */
export function ticking(root, draw) {
  let next = 0;

  /** @param {RetryRow[]} rows */
  return (rows) => {
    window.clearTimeout(next);
    if (root.isConnected && rows.some((row) => left(row) > 0)) next = window.setTimeout(draw, PACE);
  };
}
