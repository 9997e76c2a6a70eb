/** The panel: its parts in their places, drawn again whenever the store says so. */

import { el, ownKeys } from "./dom.js";
import { Store } from "./store.js";
import { toolbar } from "./toolbar.js";
import { alertBar, ribbon } from "./notices.js";
import { cards } from "./cards.js";
import { graph } from "./graph.js";
import { nodeCard } from "./nodecard.js";
import { inspector } from "./inspector.js";
import { timeline } from "./timeline.js";
import { statusBar } from "./status.js";
import { help } from "./help.js";
import { keys } from "./keys.js";
import { streams } from "./streams.js";

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
