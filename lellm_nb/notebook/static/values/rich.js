// @ts-check
/** Tables and pictures out of values: text is text, and a picture is only ever bytes of a known kind. */

import { attr, el, text } from "../core/dom.js";

const KINDS = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

/**
 * A table of short texts with its first rows; `more(start)` gets further ones.
 * @param {TablePage} first
 * @param {(start: number) => Promise<StatePage>} more
 */
export function table(first, more) {
  const body = el("tbody", {});
  const head = el("tr", {}, ["", ...first.columns].map((name) => el("th", { scope: "col" }, name)));
  const add = (/** @type {TablePage} */ page) => {
    for (const [index, ...cells] of page.rows) {
      body.append(el("tr", {}, el("th", { scope: "row" }, index), cells.map((cell) => el("td", {}, cell))));
    }
  };
  add(first);
  const root = el("div", { class: "data" }, el("table", { class: "data-table" }, el("thead", {}, head), body));
  if (first.more_columns) root.append(el("div", { class: "faint" }, `and ${first.more_columns} more columns`));
  let next = first.start + first.rows.length;
  if (next < first.total && more) {
    const button = el("button", { type: "button", class: "more" });
    const say = () => text(button, `show more (${(first.total - next).toLocaleString("en")} rows left)`);
    say();
    button.addEventListener("click", async () => {
      attr(button, "aria-busy", "true");
      const page = (await more(next)).table;
      attr(button, "aria-busy", null);
      if (!page?.rows.length) {
        button.remove();
        return;
      }
      add(page);
      next += page.rows.length;
      if (next >= first.total) button.remove();
      else say();
    });
    root.append(button);
  }
  return root;
}

/**
 * A picture; one that is big comes when it is asked for.
 * @param {PictureRow} row
 * @param {((place: number) => Promise<PictureRow>) | null} fetch
 * @returns {HTMLElement}
 */
export function picture(row, fetch) {
  if (!KINDS.has(row.kind)) return el("pre", { class: "full" }, row.text ?? "");
  const size = `${(row.bytes / 1024).toFixed(row.bytes < 10240 ? 1 : 0)} kB`;
  if (!row.data) {
    if (!fetch) return el("p", { class: "faint" }, `A picture of ${size}; too big to travel unasked.`);
    const button = el("button", { type: "button", class: "chip" }, `Show picture (${size})`);
    button.addEventListener("click", async () => {
      const found = await fetch(row.place);
      if (found.data) button.replaceWith(picture(found, null));
    });
    return button;
  }
  // Letters of base64 only: what stands here can be no other kind of address.
  const clean = /^[A-Za-z0-9+/=]+$/.test(row.data) ? row.data : "";
  const image = el("img", { class: "picture", alt: `picture, ${size}`, src: `data:${row.kind};base64,${clean}` });
  return image;
}
