// @ts-check
/** Calls in a page without a kernel: everything that there is came with their headers. */

/**
 * Where what is in a call comes from: what was saved with its frame.
 * @param {CallHead[]} calls
 * @param {number} place
 * @returns {CallSource}
 */
export function savedSource(calls, place) {
  const body = calls[place].body;
  return {
    body: async () => body ?? { error: "This file does not have it.", items: [], values: [] },
    stretch: async (item) => item.rows ?? (item.what === "gone" ? said(calls, place - 1, item.start, item.count) : said(calls, place - 1, item.of ?? 0, item.count)),
    text: null,
    picture: null,
    inside: async (value) => ({ rows: [], start: 0, total: 0, ...body?.pages?.[value] }),
  };
}

/**
 * The messages of a stretch of a call; what it has in common with the one before is told there.
 * @param {CallHead[]} calls
 * @param {number} place
 * @param {number} start
 * @param {number} count
 * @returns {MessageRow[]}
 */
function said(calls, place, start, count) {
  const found = [];
  for (const item of calls[place]?.body?.items ?? []) {
    if (item.what === "gone") continue;
    if (item.rows) {
      found.push(...item.rows.filter(({ at }) => at >= start && at < start + count));
      continue;
    }
    const first = Math.max(start, item.start);
    const last = Math.min(start + count, item.start + item.count);
    if (first < last) found.push(...said(calls, place - 1, (item.of ?? 0) + first - item.start, last - first));
  }
  return found;
}
