"""What a verb's button and key do in the panel, asked of its own modules in a JavaScript engine."""

from __future__ import annotations

import pytest

from tests.notebook.page_scripts import asking

ASK = """
import { keys } from "./core/keys.js";
import { now, offered, verbNamed } from "./core/verbs.js";
import { bookModel } from "./offline/model.js";
import { readFileSync } from "node:fs";
const { head, shown, saved, presses, verbs, book } = JSON.parse(readFileSync(0, "utf8"));
const did = [];
const store = {
  head, saved, silence: "alone", shown, atHead: shown === head.head,
  order: (order, { inPlace } = {}) => did.push(inPlace ? { ...order, inPlace } : order),
  look: (frame) => did.push({ look: frame }),
};
let press = null;
const root = { addEventListener: (_, listener) => (press = listener) };
const named = (name, answer) => (...given) => (did.push({ [name]: given }), answer);
keys(root, store, {
  help: { hide: () => false, toggle: named("help") },
  inspector: { goTo: named("tab", true), find: { hide: () => false, show: named("find", true) } },
  nodeCard: { hide: () => false },
  cards: { answer: named("answer", true) },
});
for (const [key, shiftKey, tag] of presses ?? []) {
  const target = {
    matches: (what) => what.startsWith(tag || "-"),
    closest: (what) => what.startsWith(tag || "-") || null,
  };
  press({ key, shiftKey, target, preventDefault() {}, stopPropagation() {} });
}
const told = (verbs ?? []).map((name) => {
  const verb = verbNamed(name);
  return [offered(store, verb), ...now(store, verb)];
});
const replies = [];
if (book) {
  const model = bookModel(book);
  model.on("msg:custom", (message) => replies.push(message.answer));
  model.send({ ask: "detail", frame: 0, tab: "mine", re: "1" });
}
setTimeout(() => process.stdout.write(JSON.stringify({ did, told, replies })), 0);
"""


@pytest.fixture(scope="module")
def ask_panel(tmp_path_factory):
    """Give a view's head and what is pressed; get what was sent and what each button says."""
    program = asking(tmp_path_factory.mktemp("keys"), ASK)

    def ask(shown=4, saved=False, presses=(), verbs=(), book=None, **head):
        buttons = {f"button:{name}": row for name, row in head.pop("buttons", {}).items()}
        told = {"head": 4, "count": 5, "busy": False, **head, **buttons}
        given = {"head": told, "shown": shown, "saved": saved, "presses": presses, "verbs": verbs}
        return program({**given, "book": book})

    return ask


CAN = [True, "so"]
EVERY = ("run_back", "back", "step", "run", "over", "into", "out", "pause", "fork", "rewind")
ALL = {"buttons": dict.fromkeys(EVERY, CAN)}


@pytest.mark.parametrize(
    ("key", "shift", "verb"),
    [
        ("F11", False, "step"),
        ("F11", True, "out"),
        ("F10", False, "over"),
        ("F10", True, "back"),
        ("F9", False, "run"),
        ("F9", True, "run_back"),
    ],
)
def test_a_function_key_presses_its_verb_from_anywhere(ask_panel, key, shift, verb):
    """Of two verbs that share a key the first has it: F11 is Step. No text needs such a key."""
    told = ask_panel(presses=[[key, shift, "input"], [key, shift, ""]], **ALL)

    assert told["did"] == [{"do": verb}, {"do": verb}]


def test_letters_and_enter_are_keys_where_nobody_types(ask_panel):
    """F forks, A and X answer; in a field they are letters, and on a button Enter is its own."""
    presses = [["f", False, ""], ["A", True, ""], ["x", False, ""], ["f", False, "input"]]
    told = ask_panel(presses=[*presses, ["Enter", False, ""]], **ALL)

    assert told["did"] == [
        {"do": "fork", "frame": 4}, {"answer": ["approve", True]}, {"answer": ["reject", False]},
    ]  # fmt: skip
    away = ask_panel(shown=2, presses=[["Enter", False, "button"], ["Enter", False, ""]], **ALL)
    assert away["did"] == [{"do": "rewind", "frame": 2}]


def test_what_ends_a_run_leaves_the_view_where_it_is(ask_panel):
    """Escape pauses; every other order brings the view back to the head."""
    told = ask_panel(presses=[["Escape", False, ""], ["3", False, ""], ["Home", False, ""]], **ALL)

    assert told["did"] == [{"do": "pause", "inPlace": True}, {"tab": [2]}, {"look": 0}]


def test_a_button_says_what_it_does_to_the_frame_on_show(ask_panel):
    """At the head as Python says; away from it a fork and a rewind name the frame."""
    assert ask_panel(verbs=["fork", "rewind", "step"], **ALL)["told"] == [
        [True, *CAN], [True, False, "so"], [True, *CAN],
    ]  # fmt: skip
    assert ask_panel(shown=2, verbs=["fork", "rewind", "step"], **ALL)["told"] == [
        [True, True, "Start a new line from frame 2"],
        [True, True, "Move the head to frame 2; nothing is lost"],
        [True, *CAN],
    ]
    assert ask_panel(saved=True, verbs=["step"], **ALL)["told"] == [[True, False, "alone"]]


def test_what_the_engine_cannot_do_has_no_button_and_no_key(ask_panel):
    """Its row is null; one that was not told so far is drawn, and cannot be pressed."""
    buttons = {"fork": None, "rewind": None}
    told = ask_panel(shown=2, presses=[["f", False, ""]], verbs=["fork", "run"], buttons=buttons)

    assert told["told"] == [[False, False, ""], [True, False, ""]]
    assert told["did"] == []


def test_a_tab_that_answers_nothing_by_itself_shows_the_rows_that_were_saved_for_it(ask_panel):
    """So a new tab works in a file too."""
    book = {
        "outline": {"name": "g", "nodes": []}, "line": "main", "words": [""], "values": [],
        "lines": [{"name": "main", "frames": [[0, 1]], "head": 0, "status": "", "line_text": ""}],
        "frames": [[[-1, 0, 0, 0, []], 0, 0, 0, 0, 0, []]], "states": [[-1, [], []]],
        "routes": [{}], "tapes": [], "nodes": {}, "head": {},
        "more": {"0": {"tabs": {"mine": {"rows": [1, 2]}}}},
    }  # fmt: skip
    [reply] = ask_panel(book=book)["replies"]

    assert reply["rows"] == [1, 2]
    assert reply["title"]["kind"] == "start"
