// @ts-check
/**
 * Two lines side by side, out of a history in a file: as `compare` tells it, of values that were
 * cut as far as the file has them.
 */

const MOST_PAIRS = 300;
const MOST_KEYS = 8;

/** The frames of one step on both sides, and the keys that differ after it. @typedef {{ left: Page | null, right: Page | null, keys: string[] }} Pair */

/**
 * @param {string} line
 * @param {SavedHistory} history
 * @returns {Comparison}
 */
export function compared(line, { pages, values }) {
  const [left, right] = [pages.upToHead(pages.line), pages.upToHead(line)];
  const pairs = paired(left, right, values);
  const first = pairs.find((pair) => !same(pair));
  /** @type {Comparison["rows"]} */
  const rows = [];
  let more = 0;
  for (const run of runs(pairs)) {
    if (same(run[0])) {
      rows.push({ fold: run.length, shared: run.every(shared), ...sides(run[run.length - 1]) });
      continue;
    }
    for (const pair of run.slice(0, Math.max(0, MOST_PAIRS - rows.length))) {
      const one = /** @type {Page} */ (pair.left ?? pair.right);
      rows.push({ path: one.path, visit: one.visit, keys: pair.keys.slice(0, MOST_KEYS), first: pair === first, ...sides(pair) });
    }
    more += Math.max(0, run.length - MOST_PAIRS);
  }
  const end = values.diff(right[right.length - 1].root, left[left.length - 1].root);
  return { names: [pages.line, line], rows, more, end };
}

/**
 * The steps of two lines, by path, visit and kind; what has no partner stands where it was.
 * @param {Page[]} left
 * @param {Page[]} right
 * @param {Values} values
 */
function paired(left, right, values) {
  /** @type {Pair[]} */
  const pairs = [];
  let common = 0;
  while (common < left.length && common < right.length && left[common].place === right[common].place) common += 1;
  for (const page of left.slice(0, common)) pairs.push({ left: page, right: page, keys: [] });
  const [mine, theirs] = [left.slice(common), right.slice(common)];
  const places = new Map(named(theirs).map((name, place) => [name, place]));
  const partners = named(mine).map((name) => {
    const place = places.get(name) ?? -1;
    places.delete(name);
    return place;
  });
  const lonely = new Set(places.values());
  let done = 0;
  const alone = (/** @type {number} */ until) => {
    for (; done < until; done += 1) if (lonely.has(done)) pairs.push({ left: null, right: theirs[done], keys: [] });
  };
  mine.forEach((page, index) => {
    const partner = partners[index];
    if (partner >= done) {
      alone(partner);
      done = partner + 1;
    }
    const other = partner < 0 ? null : theirs[partner];
    pairs.push({ left: page, right: other, keys: other ? differing(page, other, values) : [] });
  });
  alone(theirs.length);
  return pairs;
}

/** What each frame is called; one that is called as another before it has a number. @param {Page[]} pages */
function named(pages) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return pages.map(({ path, visit, kind }) => {
    const name = JSON.stringify([path, visit, kind]);
    const again = (seen.get(name) ?? 0) + 1;
    seen.set(name, again);
    return `${name} ${again}`;
  });
}

/**
 * The keys of a step's own level that differ after it.
 * @param {Page} left
 * @param {Page} right
 * @param {Values} values
 */
function differing(left, right, values) {
  if (left.state === right.state) return [];
  const [a, b] = [values.state(left.state), values.state(right.state)];
  const keys = [];
  for (const [key, place] of a) {
    const other = b.get(key);
    if (other === undefined || !values.same(place, other)) keys.push(key);
  }
  for (const key of b.keys()) if (!a.has(key)) keys.push(key);
  return left.level ? keys.map((key) => `${left.level}:${key}`) : keys;
}

/** @param {Pair} pair */
const shared = ({ left, right }) => left?.place === right?.place;

/** Whether both sides took the step, with the same state and route after it. @param {Pair} pair */
function same(pair) {
  const { left, right, keys } = pair;
  return shared(pair) || Boolean(left && right && !keys.length && left.route.next === right.route.next);
}

/** Stretches of steps that are all the same, or all not. @param {Pair[]} pairs */
function runs(pairs) {
  /** @type {Pair[][]} */
  const found = [];
  let last = false;
  for (const pair of pairs) {
    const now = same(pair);
    if (!found.length || now !== last) found.push([]);
    found[found.length - 1].push(pair);
    last = now;
  }
  return found;
}

/** @param {Pair} pair */
function sides({ left, right }) {
  return { left: side(left), right: side(right) };
}

/** @param {Page | null} page */
function side(page) {
  if (!page) return null;
  const { index, kind, path, route, more } = page;
  return { frame: index, kind, path, next: /** @type {string | null} */ (route.next ?? null), failed: Boolean(more.error) };
}
