// @ts-check
// generated from lellm_nb/debug/core/verb_table.py by `make generated`: not to be edited here

/** Every verb that has a button. @type {Verb[]} */
export const VERB_ROWS = [
  { name: "run_back", label: "Run back", key: "Shift+F9", group: 0, icon: "M11.5 3l-8 5 8 5z", filled: true, main: false, takes: "", live: false, away: "", onlyAway: false },
  { name: "back", label: "Step back", key: "Shift+F10", group: 0, icon: "M11.5 3.5v9L5.5 8zM4.2 3.5v9", filled: false, main: false, takes: "", live: false, away: "", onlyAway: false },
  { name: "step", label: "Step", key: "F11", group: 0, icon: "M4.5 3.5v9l6-4.5zM11.8 3.5v9", filled: false, main: false, takes: "", live: false, away: "", onlyAway: false },
  { name: "run", label: "Run", key: "F9", group: 0, icon: "M4.5 3l8 5-8 5z", filled: true, main: true, takes: "", live: false, away: "", onlyAway: false },
  { name: "over", label: "Over", key: "F10", group: 1, icon: "M2.5 9.5a5.5 5.5 0 0 1 10.6-1M13.5 4.5v4.2H9.3M8 13.2h.01", filled: false, main: false, takes: "", live: false, away: "", onlyAway: false },
  { name: "into", label: "Into", key: "F11", group: 1, icon: "M8 2.5v7.2M4.8 6.8 8 10l3.2-3.2M8 13.2h.01", filled: false, main: false, takes: "", live: false, away: "", onlyAway: false },
  { name: "out", label: "Out", key: "Shift+F11", group: 1, icon: "M8 10V2.8M4.8 5.8 8 2.6l3.2 3.2M8 13.2h.01", filled: false, main: false, takes: "", live: false, away: "", onlyAway: false },
  { name: "pause", label: "Pause", key: "Escape", group: 2, icon: "M5.2 3.2v9.6m5.6-9.6v9.6", filled: false, main: false, takes: "", live: true, away: "", onlyAway: false },
  { name: "stop", label: "Stop", key: "", group: 2, icon: "M4 4h8v8H4z", filled: true, main: false, takes: "", live: true, away: "", onlyAway: false },
  { name: "retry", label: "Retry", key: "", group: 2, icon: "M12.8 8a4.8 4.8 0 1 1-1.5-3.5M13 2.2v2.9h-2.9", filled: false, main: false, takes: "", live: false, away: "", onlyAway: false },
  { name: "fork", label: "Fork here", key: "F", group: 3, icon: "M4.5 3v10M4.5 9.5c4.5 0 7-1.5 7-5M9.3 6.2l2.2-2.2 2.2 2.2", filled: false, main: false, takes: "frame", live: false, away: "Start a new line from frame {frame}", onlyAway: false },
  { name: "rewind", label: "Rewind here", key: "Enter", group: 3, icon: "M8 4.2V8l2.6 1.6M3.2 8a4.8 4.8 0 1 0 1.5-3.5M3 2.2v2.9h2.9", filled: false, main: false, takes: "frame", live: false, away: "Move the head to frame {frame}; nothing is lost", onlyAway: true },
  { name: "approve", label: "Approve", key: "A", group: -1, icon: "", filled: false, main: false, takes: "decision", live: false, away: "", onlyAway: false },
  { name: "reject", label: "Reject", key: "X", group: -1, icon: "", filled: false, main: false, takes: "decision reason", live: false, away: "", onlyAway: false },
  { name: "modify", label: "Modify", key: "", group: -1, icon: "", filled: false, main: false, takes: "decision key value", live: false, away: "", onlyAway: false },
  { name: "reroute", label: "Reroute", key: "", group: -1, icon: "", filled: false, main: false, takes: "decision target", live: false, away: "", onlyAway: false },
  { name: "answer", label: "Answer", key: "", group: -1, icon: "", filled: false, main: false, takes: "decision answer", live: false, away: "", onlyAway: false },
];
