// @ts-check
/** What calls come to, in words. */

import { duration, plural } from "./dom.js";

/**
 * A count of tokens as a person reads it: 980, 4.1k, 1.2M.
 * @param {number} count
 */
export function tokens(count) {
  if (count < 1_000) return String(count);
  if (count < 999_500) return `${(count / 1_000).toFixed(count < 9_950 ? 1 : 0)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

/**
 * Dollars with as many digits as tell something: $1.20, $0.012, $0.00031.
 * @param {number} cost
 */
export function dollars(cost) {
  if (cost === 0) return "$0";
  if (cost >= 1) return `$${cost.toFixed(2)}`;
  return cost >= 0.001 ? `$${cost.toFixed(3)}` : `$${cost.toFixed(Math.ceil(-Math.log10(cost)) + 1)}`;
}

/**
 * What is known of a cost: where nothing is, that, and never nothing.
 * @param {CallSums} sums
 */
function costOf({ cost, unpriced, in: sent, out }) {
  if (unpriced && !cost) return "cost unknown";
  if (unpriced) return `${dollars(cost)} and ${unpriced} unknown`;
  return cost || sent || out ? dollars(cost) : "";
}

/**
 * On one line: `5 calls · 4.1k tokens · $0.012`; empty where there were none.
 * @param {CallSums | null | undefined} sums
 */
export function sumsText(sums) {
  if (!sums) return "";
  const count = sums.in + sums.out;
  return [plural(sums.calls, "call"), count ? `${tokens(count)} tokens` : "", costOf(sums)].filter(Boolean).join(" · ");
}

/**
 * The same in full, for the calls of one frame.
 * @param {CallSums} sums
 */
export function sumsParts(sums) {
  const { in: sent, out, cost, paid, ms } = sums;
  return [
    plural(sums.calls, "call"),
    sent || out ? `${sent.toLocaleString("en")} tokens in` : "",
    sent || out ? `${out.toLocaleString("en")} out` : "",
    costOf(sums),
    cost && paid < cost ? `paid ${dollars(paid)}` : "",
    ms ? duration(ms) : "",
  ].filter(Boolean);
}

/**
 * Add the sums of several.
 * @param {(CallSums | null | undefined)[]} several
 * @returns {CallSums | null}
 */
export function addedUp(several) {
  const found = several.filter((one) => one !== null && one !== undefined);
  if (!found.length) return null;
  const total = { calls: 0, in: 0, out: 0, cost: 0, paid: 0, unpriced: 0, ms: 0 };
  for (const one of found) {
    for (const name of /** @type {(keyof typeof total)[]} */ (Object.keys(total))) total[name] += one[name];
  }
  return total;
}
