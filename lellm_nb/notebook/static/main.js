/** The panel: its parts in their places, drawn again whenever the store says so. */

import { el, ownKeys } from "./core/dom.js";
import { Store } from "./core/store.js";
import { toolbar } from "./regions/toolbar.js";
import { alertBar, ribbon } from "./regions/notices.js";
import { cards } from "./cards/barrier_card.js";
import { graph } from "./graph/graph.js";
import { nodeCard } from "./graph/node_card.js";
import { inspector } from "./regions/inspector.js";
import { timeline } from "./regions/timeline.js";
import { statusBar } from "./regions/status.js";
import { help } from "./regions/help.js";
import { keys } from "./core/keys.js";
import { streams } from "./regions/streams.js";

function render({ model, el: host }) {
  const store = new Store(model);
  const parts = {};
  parts.help = help();
  parts.toolbar = toolbar(store, { onHelp: () => parts.help.toggle(), onFind: () => parts.inspector.find.show() });
  parts.alert = alertBar(store);
  parts.cards = cards(store);
  parts.graph = graph(store, { onNode: (number) => {
    parts.nodeCard.show(number);
    parts.graph.uncover(number, parts.nodeCard.root);
  } });
  parts.nodeCard = nodeCard(store, { toggle: (number, after) => parts.graph.toggle(number, after) });
  parts.ribbon = ribbon(store);
  parts.inspector = inspector(store);
  parts.timeline = timeline(store);
  parts.status = statusBar(store);
  parts.streams = streams(store);
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
  host.append(root);

  const order = ["toolbar", "alert", "cards", "ribbon", "graph", "nodeCard", "streams", "timeline", "status", "inspector"];
  const draw = () => {
    for (const name of order) parts[name].draw();
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
    theme.disconnect();
    for (const scheme of schemes) scheme.removeEventListener("change", recolour);
    for (const name of ["cards", "graph", "timeline"]) parts[name].close();
    root.remove();
  };
}

export default { render };
