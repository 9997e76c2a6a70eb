// @ts-check
/** The panel: its parts in their places, drawn again whenever the store says so. */

import { el, ownKeys } from "./core/dom.js";
import { Store } from "./core/store.js";
import { bookModel } from "./offline/model.js";
import { toolbar } from "./regions/toolbar.js";
import { alertBar, ribbon } from "./regions/notices.js";
import { cards } from "./cards/cards.js";
import { graph } from "./graph/graph.js";
import { nodeCard } from "./graph/node_card.js";
import { inspector } from "./regions/inspector.js";
import { timeline } from "./regions/timeline.js";
import { statusBar } from "./regions/status.js";
import { help } from "./regions/help.js";
import { keepFocus } from "./core/keep_focus.js";
import { keys } from "./core/keys.js";
import { streams } from "./regions/streams.js";

/**
 * Every part of a panel, in the order in which they are drawn. Some reach for others, by what
 * they are given here.
 * @param {Store} store
 */
function partsOf(store) {
  const sheet = help();
  const inspected = inspector(store);
  const shownGraph = graph(store, { onNode: (number) => {
    card.show(number);
    shownGraph.uncover(number, card.root);
  } });
  const card = nodeCard(store, { toggle: (number, after) => shownGraph.toggle(number, after) });
  return {
    help: sheet,
    toolbar: toolbar(store, { onHelp: () => sheet.toggle(), onFind: () => inspected.find.show() }),
    alert: alertBar(store),
    cards: cards(store),
    ribbon: ribbon(store),
    graph: shownGraph,
    nodeCard: card,
    streams: streams(store),
    timeline: timeline(store),
    status: statusBar(store),
    inspector: inspected,
  };
}

/**
 * Draw a panel in an element; returns what takes it away again.
 * @param {{ model: Model, el: HTMLElement }} given
 */
function render({ model, el: host }) {
  const store = new Store(model, bookModel);
  const parts = partsOf(store);
  parts.graph.root.append(parts.ribbon.root, parts.nodeCard.root, parts.streams.root);
  const root = ownKeys(
    el(
      "div",
      { class: "lellm-nb", tabindex: 0, role: "group", "aria-label": `Debugger of ${store.outline.name}` },
      parts.toolbar.root, parts.alert.root, parts.cards.root,
      el("div", { class: "work" }, parts.graph.root, parts.inspector.root),
      parts.timeline.root, parts.status.root, parts.help.root,
    ),
  );
  keys(root, store, parts);
  const letFocusGo = keepFocus(root);
  host.append(root);

  const { help: _sheet, ...drawn } = parts;
  const draw = () => {
    for (const part of Object.values(drawn)) part.draw();
  };
  store.listen(draw);
  draw();

  const recolour = () => parts.timeline.recolour();
  const theme = new MutationObserver(recolour);
  for (const place of [document.documentElement, document.body]) {
    theme.observe(place, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "data-theme", "class"] });
  }
  const schemes = ["(prefers-color-scheme: dark)", "(forced-colors: active)"].map((query) => window.matchMedia(query));
  for (const scheme of schemes) scheme.addEventListener("change", recolour);

  return () => {
    store.close();
    letFocusGo();
    theme.disconnect();
    for (const scheme of schemes) scheme.removeEventListener("change", recolour);
    for (const part of [parts.cards, parts.graph, parts.timeline]) part.close();
    root.remove();
  };
}

export default { render };
