"""Forks: with other values or other functions, and the parent stays as it was."""

from __future__ import annotations

import dataclasses

import pytest

from lellm_nb import Debugger, GraphBuilder, StateKey, StopReason, typed_state
from lellm_nb.errors import (
    DebuggerError,
    InvalidNodeError,
    NoSuchFrameError,
    NoSuchNodeError,
    StateError,
    StateTypeError,
)
from tests.debug.graphs_changing import named
from tests.strategies import chain, finish_debugger, nested, note, priced

R = StopReason


def seen(dbg):
    """Everything a reader sees of every line."""
    frames = [f for line in dbg.session.history.lines.values() for f in line]
    return [(f.index, f.kind, f.path, repr(f.mutations), repr(f.position)) for f in frames]


def test_a_fork_leaves_its_parent_byte_for_byte():
    """A law: whatever is done on a fork, the parent's frames read the same."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    before = seen(dbg)
    fork = dbg.fork(("agent/llm", 1), put={"log": []}, name="other")
    finish_debugger(fork)
    fork.back(2)

    assert seen(dbg)[: len(before)] == before
    assert (dbg.line, fork.line) == ("main", "other")


def test_a_fork_writes_at_the_frames_own_level():
    """DESIGN: `put` writes at the frame's own level; keys, paths and deletes in one frame."""
    inner = chain(named("one", 1), named("two", 2), name="inner")
    g = GraphBuilder("g").subgraph("sub", inner, lens="part").start("sub").end("sub")
    dbg = Debugger(g.build(), {"part": {"plan": {"a": 1}, "old": 1}})
    dbg.run()
    fork = dbg.fork(("sub/one", 1), put={"x": 1, ("plan", "a"): 2}, delete=["old"], name="inside")
    edit = fork.frames[fork.head]

    assert (edit.kind, edit.path) == ("edit", "sub/one")
    assert edit.state == {"plan": {"a": 2}, "one": 1, "x": 1}
    assert fork.run().reason is R.COMPLETED
    assert fork.state["part"] == {"plan": {"a": 2}, "one": 1, "x": 1, "two": 2}
    assert [w.frame.kind for w in fork.who("sub:x")] == ["edit"]


def test_a_fork_with_new_functions_has_them_alone():
    """`nodes`: on the new line only; the parent keeps its own."""
    dbg = Debugger(chain(named("a", 0), named("b", 1)))
    dbg.run()
    fork = dbg.fork(1, nodes={"b": lambda ctx: {"b": "new"}})
    fork.run()
    dbg.rewind(1)
    dbg.run()

    assert (fork.state["b"], dbg.state["b"]) == ("new", 1)


def test_a_fork_after_the_step_that_is_to_be_mended_warns():
    """A fork goes on *after* its frame; where the node turns again, its first run stays."""
    dbg = priced()
    mended = {"discount": lambda ctx: None}

    for at in (("discount", 1), 4, dbg.frames[4]):
        with pytest.warns(UserWarning, match=r"after frame 4, which ran agent/discount") as caught:
            fork = dbg.fork(at, nodes=mended)
        assert len(caught) == 1
        assert str(caught[0].message).endswith("with its new function, fork(at=3, …).")
        assert caught[0].filename == __file__
        assert fork.head == 4
    with pytest.warns(UserWarning, match=r"which ran checks/limit"):
        dbg.fork(("limit", 1), nodes={"limit": note})
    dbg.rewind(1)
    dbg.run(until="book")
    dbg.step()
    with pytest.warns(UserWarning, match=r"fork\(at=12, …\)"):
        dbg.fork(nodes={"book": note})


@pytest.mark.parametrize(
    ("at", "options", "says"),
    [
        (3, {"put": {"agent:total": 0}}, "to change 'total' of level 'agent', write 'total'."),
        (1, {"put": {"agent:total": 0}}, "fork at a frame of level 'agent'."),
        (3, {"delete": "agent:total"}, "write 'total'"),
    ],
)
def test_a_fork_that_writes_a_key_of_a_level_by_its_question_warns(at, options, says):
    """``level:key`` is how one asks; a fork writes at its frame's own level."""
    with pytest.warns(UserWarning, match="A fork writes at the level of its frame") as caught:
        priced().fork(at, **options)

    assert says in str(caught[0].message)


def test_a_fork_that_will_use_the_new_function_does_not_warn(recwarn):
    """Before the step, after another one, or from where the run stands in a loop."""
    dbg = priced()
    dbg.fork(3, nodes={"discount": note})
    dbg.fork(4, nodes={"price": note})
    dbg.fork(4, put={"total": 1, "http://x": 2})
    dbg.rewind(4)
    dbg.fork(nodes={"discount": note})
    outer = Debugger(nested())
    outer.run(until="tool")
    outer.approve()
    outer.step()
    outer.fork(nodes={"tool": note})

    assert [str(w.message) for w in recwarn] == []


def test_a_forks_new_functions_do_not_make_the_parents_frames_old():
    """What was patched on one line is no news for another."""
    dbg = Debugger(chain(named("a", 0), named("b", 1)))
    dbg.run()
    fork = dbg.fork(1)
    fork.patch({"b": lambda ctx: {"b": "new"}})

    assert not dbg.has_old_code(2)
    fork.run()
    assert not fork.has_old_code(2)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"put": {StateKey("total", int): "text"}}, StateTypeError, "int, but holds str"),
        ({"put": {"totl": 3}}, StateTypeError, "Fields: total"),
        ({"put": {3: 1}}, StateTypeError, "text"),
        ({"put": ["total"]}, StateTypeError, "mapping"),
        ({"put": {("total", "x"): 1}}, StateError, "total"),
        ({"delete": [3]}, StateTypeError, "text"),
        ({"delete": 3}, StateError, "delete"),
        ({"nodes": {"prize": note}}, NoSuchNodeError, "price"),
        ({"at": 0, "nodes": {"price": 3}}, InvalidNodeError, "price"),
        ({"name": "main"}, DebuggerError, "another name"),
        ({"name": ""}, DebuggerError, "name"),
        ({"name": 3}, DebuggerError, "name"),
        ({"at": 99}, NoSuchFrameError, "frames 0 to"),
        ({"at": ("prize", 1)}, NoSuchFrameError, "did not run"),
        ({"at": "price"}, NoSuchFrameError, "index"),
        ({"at": True}, NoSuchFrameError, "index"),
    ],
)
def test_a_fork_that_can_not_be_made(options, error, says):
    """Bad input: a `put` that breaks a key's type, a taken name, a wrong frame; no line is made."""

    @dataclasses.dataclass
    class Total:
        total: int = 0

    def price(ctx):
        ctx.put("total", 5)

    dbg = Debugger(chain(price), typed_state(Total)())
    dbg.run()
    with pytest.raises(error, match=says):
        dbg.fork(**options)
    assert dbg.lines == ["main"]
    assert dbg.fork(put={StateKey("total", int): 7}).state.total == 7
