// @ts-check
/** Small helpers that make elements. Text is only ever text here. */

const SVG = "http://www.w3.org/2000/svg";
const FOCUSABLE = new Set(["BUTTON", "INPUT", "SELECT", "TEXTAREA"]);

/**
 * Make an element: `el("button", {class: "x", onclick: f}, "text", child)`.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} props
 * @param {...Child} children
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  if (FOCUSABLE.has(node.tagName)) ownKeys(node);
  return filled(node, props, children);
}

/**
 * Make an SVG element in the same way.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Props} props
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, props = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

/**
 * @template {Element} E
 * @param {E} node
 * @param {Props} props
 * @param {Child[]} children
 */
function filled(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") {
      node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (name === "tabindex") {
      node.setAttribute("tabindex", String(value));
      ownKeys(node);
    } else {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of /** @type {any[]} */ (children).flat(Infinity)) {
    if (child === null || child === undefined) continue;
    if (typeof child === "string" && child.includes("[redacted") && node.namespaceURI !== SVG) node.append(...marked(child));
    else node.append(child);
  }
  return node;
}

/**
 * A text whose secrets were taken out: what stands for each is drawn as a chip.
 * @param {string} words
 */
function marked(words) {
  return words.split(/(\[redacted(?:: [^\]\n]{1,60})?\])/).map((part, place) => {
    if (place % 2 === 0) return part;
    const chip = document.createElement("span");
    chip.className = "redacted";
    chip.title = "Taken out before it came here; the state itself has the value";
    chip.textContent = part.slice(1, -1);
    return chip;
  });
}

/**
 * Keep JupyterLab from taking keys away from a focused element.
 * It looks at the element itself, never at what is around it.
 * @template {Element} E
 * @param {E} node
 */
export function ownKeys(node) {
  node.setAttribute("data-lm-suppress-shortcuts", "true");
  return node;
}

/**
 * What has the focus: in a shadow root the document sees no further than its host.
 * @param {Node} near
 * @returns {HTMLElement | null}
 */
export function focused(near) {
  const around = /** @type {Document | ShadowRoot} */ (near.getRootNode());
  return /** @type {HTMLElement | null | undefined} */ (around.activeElement) ?? null;
}

/**
 * A colour of the theme as a canvas takes it: worked out, where a style may still choose.
 * @param {Element} node
 * @param {string} name
 */
export function colour(node, name) {
  const probe = el("span", { hidden: true });
  probe.style.color = `var(${name})`;
  probe.style.setProperty("forced-color-adjust", "none");
  node.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found || "#888";
}

/**
 * Set an attribute only if it differs: a write costs, a look does not.
 * @param {Element} node
 * @param {string} name
 * @param {string | number | boolean | null | undefined} value
 */
export function attr(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, String(value));
  }
}

/**
 * Set the text only if it differs, so that a status is not read out again.
 * @param {Element} node
 * @param {string} value
 */
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

/**
 * Show an element or hide it.
 * @param {HTMLElement} node
 * @param {boolean} shown
 */
export function visible(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}

/** @type {WeakMap<object, number>} */
const ids = new WeakMap();
let known = 0;

/**
 * A number for an object, the same whenever it is asked: rows that were told are never changed,
 * and so it stands for all that is in them.
 * @param {object} thing
 */
export function idOf(thing) {
  const id = ids.get(thing) ?? (known += 1);
  ids.set(thing, id);
  return id;
}

let counter = 0;

/**
 * An id of our own, for labels; nothing of a user's is ever an id.
 * @param {string} prefix
 */
export function freshId(prefix) {
  counter += 1;
  return `lellm-nb-${prefix}-${counter}`;
}

/**
 * Call `fn` once things were quiet for `ms`; `.cancel()` takes that back.
 * @template {unknown[]} A
 * @param {(...args: A) => void} fn
 * @param {number} ms
 */
export function debounced(fn, ms) {
  let timer = 0;
  const later = (/** @type {A} */ ...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), ms);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

/**
 * Time as a person reads it: 412 µs, 3.1 ms, 2.4 s.
 * @param {number | null | undefined} ms
 */
export function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/**
 * A number with its unit: 1 line, 2 lines.
 * @param {number} count
 * @param {string} unit
 */
export function plural(count, unit) {
  return `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;
}
