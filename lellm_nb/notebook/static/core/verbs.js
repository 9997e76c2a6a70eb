/** The buttons of the toolbar: what each is called, its key, its picture. */

export const VERBS = [
  { id: "run_back", name: "Run back", key: "Shift+F9", group: 0 },
  { id: "back", name: "Step back", key: "Shift+F10", group: 0 },
  { id: "step", name: "Step", key: "F11", group: 0 },
  { id: "run", name: "Run", key: "F9", group: 0, main: true },
  { id: "over", name: "Over", key: "F10", group: 1 },
  { id: "into", name: "Into", key: "F11", group: 1 },
  { id: "out", name: "Out", key: "Shift+F11", group: 1 },
  { id: "pause", name: "Pause", key: "Escape", group: 2 },
  { id: "stop", name: "Stop", key: null, group: 2 },
  { id: "retry", name: "Retry", key: null, group: 2 },
  { id: "fork", name: "Fork here", key: "F", group: 3 },
  { id: "rewind", name: "Rewind here", key: "Enter", group: 3 },
];

/** What a press of a button does right now: [can be pressed, in words]. */
export function now(store, id) {
  if (store.saved) return [false, store.silence];
  const [enabled, tip] = store.head[`button:${id}`] ?? [false, ""];
  if (store.atHead || store.head.busy) {
    return id === "rewind" ? [false, tip] : [enabled, tip];
  }
  if (id === "rewind") return [true, `Move the head to frame ${store.shown}; nothing is lost`];
  if (id === "fork") return [true, `Start a new line from frame ${store.shown}`];
  return [enabled, tip];
}

/** Do what a button says. Returns whether there was anything to do. */
export function press(store, id) {
  if (!now(store, id)[0]) return false;
  const order = { do: id };
  if (id === "rewind" || id === "fork") order.frame = store.shown;
  store.order(order);
  return true;
}
