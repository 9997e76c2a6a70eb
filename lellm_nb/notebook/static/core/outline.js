// @ts-check
/** The nodes of a graph and what lies inside what, from the rows that travel. */

/** The kinds of nodes whose branches run side by side. */
export const FANS = new Set(["parallel", "map"]);

/** A path without the visits of its nodes. @param {string} path */
export const withoutVisits = (path) => path.replaceAll(/#\d+/g, "");

/**
 * The number of the node at a path, or of the last one on the way there; -1 where there is none.
 * Each item of a map finds what runs for every item.
 * @param {{ nodes: { path: string, kind: string }[] }} outline
 * @param {string} path
 */
export function nodeAt({ nodes }, path) {
  let found = -1;
  for (const name of withoutVisits(path).split("/")) {
    const above = found < 0 ? "" : `${nodes[found].path}/`;
    const item = found >= 0 && nodes[found].kind === "map" && /^\d+$/.test(name);
    const next = nodes.findIndex((node) => node.path === above + (item ? "*" : name));
    if (next < 0) break;
    found = next;
  }
  return found;
}

/**
 * @param {OutlineJson | null | undefined} json
 * @returns {Outline}
 */
export function outlineOf(json) {
  const nodes = (json?.nodes ?? []).map(([path, name, kind, parent, role]) => ({ path, name, kind, parent, role, place: 0 }));
  /** @type {Map<number, Set<number>>} */
  const inside = new Map();
  /** @type {Map<number, number>} */
  const counts = new Map();
  nodes.forEach((node, number) => {
    // Its place among its siblings: the lane of a parallel's branch.
    node.place = counts.get(node.parent) ?? 0;
    counts.set(node.parent, node.place + 1);
    for (let up = node.parent; up >= 0; up = nodes[up].parent) {
      const held = inside.get(up) ?? new Set();
      inside.set(up, held.add(number));
    }
  });
  return { name: json?.name ?? "", nodes, inside };
}
