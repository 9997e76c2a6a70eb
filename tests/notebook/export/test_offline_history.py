"""A history in a file answers as its debugger does, as far as no code has to run."""

from __future__ import annotations

import base64
import gzip
import json
import re

import pytest

from lellm_nb import Debugger, GraphBuilder, Redactor, TextDelta
from lellm_nb.notebook.export.html import data_text
from lellm_nb.notebook.export.offline_history import book_of, short_book
from lellm_nb.notebook.export.value_table import ValueTable, differing
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.values.value_rows import clean_rows


def a_history():
    """A run with a loop, a lens, branches, lists that grow, records, an edit, a fork, a failure."""
    inner = GraphBuilder("inner").node("llm", lambda ctx: ctx.append("notes", f"note {ctx.visit}"))
    inner.node("tool", lambda ctx: {"plan": {"steps": ["a", "b"], "n": ctx.state.get("k", 0)}})
    inner.edge("llm", "tool").start("llm").end("tool")
    g = GraphBuilder("all")

    @g.task
    def draft(ctx):
        print("draft", ctx.state["n"])
        ctx.emit(TextDelta(f"stream {ctx.state['n']}"))
        ctx.put("n", ctx.state["n"] + 1)
        ctx.put(
            ("deep", "list"), [*ctx.state["deep"]["list"], {"name": f"x{ctx.state['n']}", "v": 1}]
        )
        ctx.append("log", {"step": ctx.state["n"], "words": "many words of a long-ish text " * 6})
        if ctx.state["n"]:
            ctx.delete("gone")

    g.subgraph("agent", inner.build(), lens="work").subgraph("same", inner.build())
    g.parallel("both", {"left": lambda ctx: {"l": ctx.state["n"]}, "right": lambda ctx: {"r": [1]}})
    g.barrier("ok")

    @g.task
    def last(ctx):
        if "fine" not in ctx.state:
            raise ValueError("too few of them")

    g.edge("draft", "agent").edge("agent", "same").edge("same", "both").edge("both", "ok")
    g.edge_if("ok", "draft", lambda s: s["n"] < 3).edge("ok", "last")
    state = {"n": 0, "gone": 1, "deep": {"list": [], "a key": {"x": 1.5}}, "work": {}, "log": []}
    dbg = Debugger(g.start("draft").end("last").build(), state)
    while dbg.run().reason.name == "BARRIER":
        dbg.approve()
    fork = dbg.fork(at=4, put={"n": 2, "fine": True}, name="other")
    while fork.run().reason.name == "BARRIER":
        fork.approve()
    return dbg


TABS = ["state", "diff", "mutations", "route", "output", "error"]


def questions_for(dbg):
    for frame in range(len(dbg.frames)):
        for tab in TABS:
            yield {"ask": "detail", "frame": frame, "tab": tab}
        yield {"ask": "detail", "frame": frame, "tab": "diff", "against": 0, "whole": True}
        yield {"ask": "detail", "frame": frame, "tab": "state", "whole": True}
        yield {"ask": "detail", "frame": frame, "tab": "diff", "against": frame, "whole": True}
    last = len(dbg.frames) - 1
    for steps in ([1], [1, 0], [1, 0, 0], [1, 1], [2], [2, 0], [3], [3, 0], [3, 0, 1]):
        yield {"ask": "inside", "frame": last, "steps": steps, "start": 0, "whole": True}
    for text in (
        "draft",
        "x1",
        "plan",
        "too few",
        "stream 2",
        "STEPS",
        "nowhere at all",
        "approve",
    ):
        yield {"ask": "find", "text": text}
    for text in ("n", "log", "deep", "work", "l", "plan", "gone"):
        yield {"ask": "who", "frame": last, "text": text}
    yield {"ask": "who", "frame": last, "steps": [2, 0, 1], "whole": True}
    watched = ["n", "len(log)", "deep['list'][0]['name']", "deep['list'][-1]", "work"]
    yield {"ask": "detail", "frame": last, "tab": "watches", "texts": watched}
    yield {"ask": "changes", "text": "n"}
    for line in dbg.lines:
        if line != dbg.line:
            yield {"ask": "compare", "line": line}
            yield {"ask": "pair", "line": line, "left": 3, "right": 3}
            yield {"ask": "pair", "line": line, "left": last, "right": 6}


def plain(told):
    """An answer without what only a live debugger has."""
    told = json.loads(json.dumps(told))
    title = told.get("title", {})
    for name in ("step", "started", "next", "number", "ms"):
        title.pop(name, None)
    for name in ("can_untick", "upcoming", "stops", *(["next"] if "full" in told else [])):
        told.pop(name, None)
    return told


@pytest.mark.parametrize("line", ["main", "other"])
def test_a_book_answers_as_its_debugger_does(ask_book, line):
    """Every tab at every frame, values, diffs, writers, hits, watches and comparisons."""
    dbg = a_history().branch(line)
    updates = Updates(dbg)
    questions = list(questions_for(dbg))
    replies = ask_book(clean_rows(book_of(dbg, None)), line, questions)

    assert len(replies) == len(questions)
    wrong = [
        (question, plain(reply), plain(answer(updates, question)))
        for question, reply in zip(questions, replies, strict=True)
        if plain(reply) != plain(answer(updates, question))
    ]
    assert not wrong, f"{len(wrong)} of {len(questions)}: {wrong[0]}"


def looping(turns):
    g = GraphBuilder("loop")

    @g.task
    def add(ctx):
        ctx.put("n", ctx.state["n"] + 1)
        ctx.append("log", f"turn {ctx.state['n']}")

    g.edge_if("add", "add", lambda s: s["n"] < turns).node("end", lambda ctx: None)
    g.edge("add", "end").start("add").end("end")
    state = {"n": 0, "log": [], **{f"key {i}": f"value {i}" for i in range(100)}}
    dbg = Debugger(g.build(), state, max_steps=100_000)
    dbg.run()
    return dbg


def test_a_book_costs_what_changed():
    """Twice the frames, twice the bytes, however long the list and wide the state."""
    sizes = [len(data_text(book_of(looping(turns), None))) for turns in (500, 1_000, 2_000)]

    assert (sizes[2] - sizes[1]) < 2.3 * (sizes[1] - sizes[0])
    assert (sizes[2] - sizes[1]) / 1_000 < 250


def test_any_frame_of_a_long_line_is_found(ask_book):
    """States are told whole every so often, and lists share one tape."""
    dbg = looping(1_500)
    updates = Updates(dbg)
    questions = [
        {"ask": "detail", "frame": frame, "tab": tab}
        for frame in (0, 1, 199, 200, 201, 777, 1_500)
        for tab in ("state", "diff")
    ]
    questions += [{"ask": "detail", "frame": 9, "tab": "diff", "against": 1_400}]
    questions += [{"ask": "inside", "frame": 1_234, "steps": [1], "start": 1_200}]
    questions += [{"ask": "find", "text": "turn 99"}, {"ask": "chunk", "chunk": 4}]
    for question, reply in zip(
        questions, ask_book(book_of(dbg, None), "main", questions), strict=True
    ):
        assert plain(reply) == plain(answer(updates, question)), question


@pytest.mark.parametrize(
    "text",
    ["n + 1", "__import__('os')", "log.append(1)", "len(n", "alert(1)", "n;n", "1", "", "n["],
)
def test_a_watch_in_a_file_is_a_path_and_nothing_else(ask_book, text):
    """Nothing that is typed is ever run."""
    question = {"ask": "detail", "frame": 2, "tab": "watches", "texts": [text]}
    [reply] = ask_book(book_of(looping(3), None), "main", [question])

    assert "a path such as" in reply["rows"][0]["now"]["error"]


def test_secret_paths_are_secret_in_a_book_also_where_the_value_is_shared():
    """One object may stand at a place that is secret and at one that is not."""
    g = GraphBuilder("g").node("a", lambda ctx: {"copy": ctx.state["pin"]}).start("a").end("a")
    shared = {"code": 4711}
    dbg = Debugger(g.build(), {"pin": shared}, redact=Redactor(paths=["pin"]))
    dbg.run()
    book = book_of(dbg, None)
    pins = [entry for entry in book["values"] if entry[1] == "[redacted]"]

    assert pins
    assert any("4711" in entry[1] for entry in book["values"])
    assert short_book(dbg)["frames"]


def test_versions_of_a_state_differ_in_what_is_another_object():
    """Keys that hold the same object are not looked into."""
    big = ["x"] * 1_000

    assert differing({"a": big, "b": 1}, {"a": big, "b": 2, "c": 3}) == ["b", "c"]
    shelf = ValueTable()
    first = {"a": big, "b": 1}
    second = {"a": big, "b": 2}
    shelf.put_state(first, None)
    shelf.put_state(second, first)
    assert [row[0] for row in shelf.states] == [-1, 0]
    assert len(shelf.states[1][1]) == 2


def test_a_long_history_is_compressed_and_no_secret_is_in_it(tmp_path):
    """What a person could read in the file before is what can be read after unpacking it."""
    g = GraphBuilder("loop")

    @g.task
    def add(ctx):
        ctx.put("n", ctx.state["n"] + 1)
        ctx.put("said", f"{ctx.state['n']} " + "words " * 300 + "sk-" + "a1B2" * 10)

    g.edge_if("add", "add", lambda s: s["n"] < 2_500).node("end", lambda ctx: None)
    dbg = Debugger(g.edge("add", "end").start("add").end("end").build(), {"n": 0}, max_steps=9_999)
    dbg.run()
    page = dbg.export_html(tmp_path / "long.html").read_text()
    packed = re.search(r'type="application/gzip" id="book">([A-Za-z0-9+/=]+)<', page)

    assert packed is not None
    book = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    assert len(book["frames"]) == 2_502
    assert "a1B2a1B2" not in json.dumps(book)
    assert len(page) < 1_000_000
