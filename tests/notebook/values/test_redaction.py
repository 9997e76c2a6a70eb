"""A secret in a run is nowhere in what the view shows, sends, saves or writes out."""

from __future__ import annotations

import json
import random

import pytest

from lellm_nb import Debugger, GraphBuilder, InMemoryStore, Redactor, TextDelta
from lellm_nb.errors.key_patterns import PATTERNS
from lellm_nb.graph.drawing.outline import Outline
from lellm_nb.notebook import export_html
from lellm_nb.notebook.export.still import static_html
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.stream_tails import StreamTails
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.values.editable import RedactedEditError
from lellm_nb.notebook.values.edits import edits_of
from lellm_nb.notebook.values.redaction import DisplayRedactor, redact_rows, redacting_for
from lellm_nb.notebook.values.value_rows import children, short_text, tail_text, value_row
from lellm_nb.notebook.widget.panel import Panel
from lellm_nb.record.redaction.redactor import Redacted

KEY = "sk-proj-" + "aB3dE5fG7h" * 4
PART = "aB3dE5fG"
"""Whoever has seen this has seen a piece of the key."""

PASSWORD = "correct horse battery"


def secretive(**options):
    """A run with the key, and a password at a path, in every place that a run has."""
    g = GraphBuilder("g")

    @g.task
    def use(ctx):
        """Says what it uses."""
        print("printing", KEY, PASSWORD)
        for letter in f"streaming {KEY} to you ":
            ctx.emit(letter)
        ctx.put("long", "w " * 55 + KEY)
        ctx.put("rows", [{"key": KEY, "n": 1}, {"key": KEY, "n": 2}])
        ctx.put(KEY, b"bytes " + KEY.encode())

    g.barrier("ok")

    @g.task
    def fail(ctx):
        held = {"inside": ctx.state["key"]}
        raise ValueError(f"refused {held['inside']} and {PASSWORD}")

    g.edge("use", "ok").edge("ok", "fail").start("use").end("fail")
    state = {"key": KEY, "config": {"password": PASSWORD, "user": "me"}, "fine": 1}
    dbg = Debugger(g.build(), state, **options)
    dbg.run()
    return dbg


def finished(**options):
    dbg = secretive(**options)
    dbg.note(1, f"see {KEY}")
    dbg.approve()
    dbg.run()
    return dbg


PATHS = Redactor(paths=["config.password"])
QUESTIONS = [
    *({"ask": "detail", "tab": tab} for tab in
      ("state", "diff", "mutations", "route", "output", "error", "who", "branches")),
    {"ask": "detail", "tab": "diff", "against": 0},
    {"ask": "detail", "tab": "watches", "texts": ["key", "config['password']", "1/0", "config"]},
    *({"ask": "inside", "steps": steps, "start": 0} for steps in
      ([0], [1], [1, 0], [3], [4], [4, 0], [5])),
    {"ask": "place", "steps": [0]}, {"ask": "place", "steps": [1, 0]},
    {"ask": "place", "steps": [1]}, {"ask": "place", "steps": [4]},
    {"ask": "node", "node": 0}, {"ask": "who", "text": "key"}, {"ask": "who", "text": "long"},
    {"ask": "find", "text": "to"}, {"ask": "find", "text": PART}, {"ask": "find", "text": "horse"},
    {"ask": "changes", "text": "key"}, {"ask": "changes", "text": "config"},
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_no_answer_to_a_view_has_a_secret(question):
    """Whatever is asked, at any frame; what stands in its place says so."""
    dbg = finished(redact=PATHS)
    updates = Updates(dbg)
    for frame in range(len(dbg.frames)):
        told = json.dumps(redact_rows(dbg, answer(updates, {"frame": frame, **question})))
        assert PART not in told
        assert "horse" not in told


def test_the_heads_rows_the_cards_and_the_alerts_have_none(monkeypatch):
    """What travels unasked passes the same rule, at the last gate too."""
    dbg = secretive(redact=PATHS)
    panel = Panel(dbg)
    sent = []
    monkeypatch.setattr(
        Panel.__mro__[1], "send", lambda self, content, b=None: sent.append(content)
    )
    barrier = dbg.pending[0].id
    panel.send(answer(panel.updates, {"ask": "card", "id": barrier}))
    panel.alert(f"no such thing: {KEY} {PASSWORD}")
    panel.send({"kind": "snapshot", **panel.updates.snapshot()})
    dbg.approve()
    dbg.run()
    panel.rest()
    sent += [panel.snapshot, panel.outline, panel.book]
    text = json.dumps(sent)

    assert panel.book["frames"]
    assert "[redacted: OpenAI key]" in text
    assert PART not in text
    assert "horse" not in text


def test_files_and_code_have_none(tmp_path):
    """The export, the still form, `to_test` and `to_cell`; a test without its input is skipped."""
    dbg = finished(redact=PATHS)
    page = export_html(dbg, tmp_path / "run.html").read_text()
    updates = Updates(dbg)
    still = static_html(dbg, updates.outline, None, {})
    test, cell = dbg.to_test(1), dbg.to_cell(1)

    for text in (page, still, test, cell):
        assert PART not in text
    assert "horse" not in page + still
    assert "STATE = {'fine': 1}" in cell, "what has a secret inside is left out, and named"
    assert "redacted: OpenAI key" in page
    assert "skip" in test
    compile(cell, "cell", "exec")


def test_the_state_itself_has_the_true_value_everywhere():
    """Redaction is for what is shown: nothing in memory is changed by it."""
    dbg = finished(redact=PATHS)

    assert dbg.state["key"] == KEY
    assert dbg.frames[1].state["rows"][0]["key"] == KEY
    assert PASSWORD in dbg.frames[1].output
    assert dbg.fork(at=1).redact is PATHS


def test_who_chooses_what_is_secret_is_asked_in_one_place():
    """A debugger's own redactor, else its store's, else the common API keys."""
    graph = secretive().graph
    everything = Redactor(patterns={})

    assert set(Debugger(graph).redact.patterns) == set(PATTERNS)
    assert Debugger(graph, store=InMemoryStore(redact=everything)).redact is everything
    assert Debugger(graph, redact=PATHS, store=InMemoryStore()).redact is PATHS
    shown = answer(
        Updates(finished(redact=everything)), {"ask": "detail", "tab": "state", "frame": 1}
    )
    assert KEY in json.dumps(shown)


def test_a_secret_is_taken_out_before_a_text_is_cut():
    """Half a key is a secret as well, at whichever end it was cut."""
    for room in range(60, 130):
        assert PART[:3] not in short_text("w " * room + KEY)
        assert PART not in short_text({"a": "w " * room + KEY})
    for more in range(19_950, 20_010, 7):
        assert PART[-4:] not in tail_text(f"begin {KEY} " + "w" * more)
    assert children("x" * 30 + KEY)["full"] == "x" * 30 + "[redacted: OpenAI key]"


@pytest.mark.parametrize("seed", range(20))
def test_a_streamed_secret_is_held_back_until_it_is_whole(seed):
    """However a stream is cut into pieces, no piece of a key is told, and the rest is."""
    rng = random.Random(seed)
    text = f"first the key {KEY} and then Bearer {'t0k3n' * 6} as words and more "
    chunks, told = [], ""
    tails = StreamTails(Outline("g", by_path={"llm": 0}))
    at = 0
    while at < len(text):
        size = rng.randint(1, 9)
        chunks.append(TextDelta(text[at : at + size]))
        at += size
        for _number, anew, words in tails.news({"llm": chunks}):
            told = words if anew else told + words

    assert PART[:3] not in told
    assert "t0k3n" not in told
    assert told.startswith("first the key ")
    assert "[redacted: OpenAI key]" in told
    assert "as words and more" in told


def test_a_redacted_value_is_edited_anew_or_left():
    """What stands for a secret never becomes the value; a new value may be typed."""
    dbg = finished(redact=PATHS)
    frame = dbg.frames[1]
    with redacting_for(dbg):
        assert edits_of(frame, [{"steps": [0], "text": "sk-new"}]) == {"key": "sk-new"}
        for steps in ([0], [1, 0], [3]):
            with pytest.raises(RedactedEditError, match="not shown"):
                edits_of(frame, [{"steps": steps, "text": "use [redacted: OpenAI key]"}])
        assert edits_of(frame, [{"steps": [2], "text": "[redacted]"}]) == {"fine": "[redacted]"}


def test_a_value_that_was_redacted_when_stored_is_shown_as_such():
    """A run from a store has a `Redacted` where the secret was."""
    row = value_row(Redacted("use [redacted: OpenAI key]"))

    assert (row["type"], row["text"]) == ("redacted", "use [redacted: OpenAI key]")


def test_a_value_that_was_redacted_when_stored_is_supplied_and_not_its_mark(tmp_path):
    """In a run that is opened again the field is empty, and the mark is refused."""
    g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).barrier("ok").edge("a", "ok")
    graph = g.node("b", lambda ctx: None).edge("ok", "b").start("a").end("b").build()
    kept = Debugger(graph, {"key": KEY, "list": [KEY]}, store=tmp_path / "r.db")
    kept.run()
    kept.close()
    dbg = Debugger.open(tmp_path / "r.db", graph=graph)
    frame = dbg.frames[1]
    place = answer(Updates(dbg), {"ask": "place", "frame": 1, "steps": [0]})

    assert (place["text"], place["redacted"]) == ("", "[redacted: OpenAI key]")
    assert "error" in answer(Updates(dbg), {"ask": "place", "frame": 1, "steps": [1]})
    with pytest.raises(RedactedEditError):
        edits_of(frame, [{"steps": [0], "text": "[redacted: OpenAI key]"}])
    assert edits_of(frame, [{"steps": [0], "text": "7"}]) == {"key": "7"}


def test_texts_without_secrets_are_the_same_objects():
    """What has nothing to hide is not copied."""
    text = "nothing but words, and a long-winded_name " * 3
    rows = {"a": [text]}

    assert DisplayRedactor(Redactor()).text(text) is text
    assert redact_rows(None, rows) is rows


def test_a_picture_is_no_text_to_look_through():
    """Its letters may look like anything; there may be millions of them."""
    row = {"kind": "image/png", "data": KEY, "text": KEY}
    told = redact_rows(None, {"shown": [row]})

    assert told["shown"][0]["data"] == KEY
    assert told["shown"][0]["text"] == "[redacted: OpenAI key]"


def test_what_stands_at_a_secret_path_is_known_wherever_it_is_said():
    """In a failure and in a hit it is the one in the state, whatever was looked at first."""
    dbg = finished(redact=Redactor(paths=["config.password"]))
    updates = Updates(dbg)

    assert "horse" not in json.dumps(updates.snapshot())
    dbg = finished(redact=Redactor(paths=["config.password"]))
    assert "horse" not in json.dumps(answer(Updates(dbg), {"ask": "find", "text": "printing"}))


def test_what_a_cell_shows_without_being_asked_has_no_key():
    """A stop, a diff and the writers of a value; their attributes have the true values."""
    dbg = finished()
    stop = dbg.retry()
    shown = [stop, dbg.diff(0, 1), dbg.who("long"), dbg.find("to"), dbg.frames]

    for one in shown:
        html = one._repr_html_() if hasattr(one, "_repr_html_") else ""
        assert PART not in f"{one!r}{html}"
    assert "[redacted: OpenAI key]" in repr(stop)
    assert any(change.new == dbg.state["long"] for change in dbg.diff(0, 1))
