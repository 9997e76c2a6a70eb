"""Looking never raises, and what refuses to be looked at hides nothing else (SEMANTICS S10)."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings

from lellm_nb import Debugger, GraphBuilder, Modify, StopReason
from lellm_nb.cli import main as command_line
from lellm_nb.notebook.export.offline_history import book_of
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.updates import Updates
from tests.strategies_hostile import hostile_values

EXAMPLES = 500 if os.environ.get("LELLM_LONG", "") not in ("", "0") else 25

TABS = ("state", "diff", "mutations", "route", "output", "error", "who", "watches")


def debugger_with(value: Any, other: Any, store: Any = None) -> Debugger:
    """A run that wrote a hostile value twice beside a plain one, waits and has a fork."""

    def again(ctx: Any) -> None:
        ctx.put("bad", other)
        ctx.append("log", value)

    g = GraphBuilder("looks").node("a", lambda ctx: {"bad": value, "fine": "plain text"})
    g.node("b", again).barrier("ask")
    g.edge("a", "b").edge_if("b", "b", lambda s: s["fine"] is None).edge("b", "ask")
    dbg = Debugger(g.start("a").end("ask").build(), {"log": []}, store=store)
    dbg.watch("bad")
    while dbg.run().reason is StopReason.WATCH:
        told(dbg.last_stop)
    return dbg


def told(thing: Any) -> str:
    """What of a result is shown anywhere: as text, in a cell, in a table."""
    texts = [str(thing), repr(thing)]
    for name in ("_repr_html_", "to_pandas"):
        show = getattr(thing, name, None)
        if show is not None:
            shown = show()
            texts.append(repr(shown))
            if name == "to_pandas":
                texts += [shown.to_html(), str(shown)]
    return "\n".join(texts)


def looks(dbg: Debugger, path: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every look there is, by name."""
    fork = dbg.fork(at=1)
    last = dbg.frames[dbg.head]
    yield "state", lambda: dbg.state
    yield "value", lambda: dbg.state["log"]
    yield "frame", lambda: last
    yield "frames", lambda: dbg.frames
    yield "frames with keys", lambda: dbg.frames.to_pandas(keys=True)
    yield "frame table", lambda: dbg.frames[2].to_pandas()
    yield "mutations", lambda: list(dbg.frames[2].mutations)
    yield "who", lambda: dbg.who("bad")
    yield "who log", lambda: dbg.who("log")
    yield "history", lambda: dbg.history("bad")
    yield "history log", lambda: dbg.history("log")
    yield "diff", lambda: dbg.diff(0, dbg.head)
    yield "changes", lambda: list(dbg.diff(0, dbg.head))
    yield "compare", lambda: dbg.compare(fork)
    yield "find", lambda: dbg.find("plain")
    yield "evaluate", lambda: dbg.evaluate("bad")
    yield "evaluate log", lambda: dbg.evaluate("log")
    yield "bisect", lambda: dbg.bisect("len(state) > 1")
    yield "why", lambda: dbg.why(dbg.frames[2])
    yield "preview", lambda: dbg.preview(Modify("bad", dbg.state["bad"]))
    yield "stop", lambda: dbg.last_stop
    yield "loops", lambda: dbg.loops()
    yield "timing", lambda: dbg.timing()
    yield "tree", lambda: dbg.tree
    yield "test", lambda: dbg.to_test(dbg.frames[1])
    yield "cell", lambda: dbg.to_cell(dbg.frames[1])
    yield "debugger", lambda: dbg
    yield "page", lambda: dbg.export_html(path / "page.html")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that all examples write to."""
    return tmp_path_factory.mktemp("looks")


@pytest.mark.timeout(300)
@settings(max_examples=EXAMPLES, deadline=None)
@given(value=hostile_values(), other=hostile_values())
def test_no_look_raises_and_the_other_keys_are_shown(folder, value, other):
    """Whatever a node wrote, in any place, every look answers, and the rest is still there."""
    dbg = debugger_with(value.value, other.value)

    shown = {name: told(look()) for name, look in looks(dbg, folder)}

    for name in ("state", "frames with keys", "frame table", "diff", "find"):
        assert "plain text" in shown[name], name
    assert "fine" in shown["mutations"] or "bad" in shown["mutations"]


@settings(max_examples=EXAMPLES, deadline=None)
@given(value=hostile_values(), other=hostile_values())
def test_no_tab_of_the_panel_raises(value, other):
    """Each tab of each frame has rows, and the state's rows have every key."""
    dbg = debugger_with(value.value, other.value)
    updates = Updates(dbg)

    head = updates.snapshot()
    tabs = {
        (index, tab): answer(updates, {"ask": "detail", "tab": tab, "frame": index})
        for index in range(len(dbg.frames))
        for tab in TABS
    }
    opened = answer(updates, {"ask": "inside", "frame": 2, "steps": [0], "start": 0})
    places = [answer(updates, {"ask": "place", "frame": 2, "steps": [n]}) for n in range(3)]
    book = book_of(dbg, None)

    assert head
    assert not [place for place, rows in tabs.items() if "error" in rows]
    assert [row["key"] for row in tabs[(2, "state")]["rows"]] == ["log", "bad", "fine"]
    assert "error" not in opened
    assert places
    assert book["frames"]


@settings(max_examples=EXAMPLES, deadline=None)
@given(value=hostile_values())
def test_an_error_that_refuses_to_be_read_is_told(value):
    """What a node raised is a frame with words, however its text, notes and names behave."""

    class Hostile(Exception):
        def __str__(self) -> str:
            raise SystemExit("no words")

        __repr__ = __str__

    def fail(ctx: Any) -> None:
        local = value.value
        error = Hostile(local)
        error.__notes__ = [local]
        raise error

    g = GraphBuilder("fails").node("a", fail).start("a").end("a")
    dbg = Debugger(g.build(), {"fine": 1})

    stop = dbg.run()
    rows = answer(Updates(dbg), {"ask": "detail", "tab": "error", "frame": 1})

    assert "Hostile" in told(stop)
    assert "Hostile" in told(dbg.frames)
    assert rows["type"] == "Hostile"


@settings(max_examples=EXAMPLES, deadline=None)
@given(value=hostile_values())
def test_a_stored_run_can_be_looked_at(folder, value):
    """A hostile value leaves a marker in a store, and the run opens and shows the rest."""
    file = folder / f"{uuid4()}.db"
    debugger_with(value.value, value.value, file).close()
    out = io.StringIO()

    with contextlib.redirect_stdout(out):
        command_line(["runs", str(file), "show", "--frame", "2"])

    assert "plain text" in out.getvalue()
