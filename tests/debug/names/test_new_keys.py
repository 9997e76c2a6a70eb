"""A key that a person writes and that is not there, but nearly."""

from __future__ import annotations

import dataclasses

import pytest

from lellm_nb import Debugger, GraphBuilder, Reducer, typed_state
from tests.strategies import chain, note


def counting(state=None):
    """A run that has not begun, of a state with two keys."""
    return Debugger(chain(note), {"inc": 1, "topic": "otters"} if state is None else state)


WRITES = [
    lambda dbg, **what: dbg.fork(**what),
    lambda dbg, **what: dbg.steer(**what),
]


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("key", ["incc", ("incc", "deep")])
def test_a_key_that_nearly_is_another_is_asked_about(write, key):
    """It is removed all the same, which does nothing; and a new key is written."""
    dbg = counting()

    with pytest.warns(UserWarning, match=r"nothing is removed\. Did you mean 'inc'\?") as caught:
        write(dbg, delete=[key])
    assert caught[0].filename == __file__
    if isinstance(key, str):
        with pytest.warns(UserWarning, match=r"new key of the state\. Did you mean 'inc'\?"):
            write(dbg, put={key: 2})


def test_a_variant_of_a_sweep_is_asked_about_too():
    """Once for each, before anything runs."""
    with pytest.warns(UserWarning, match="Did you mean 'inc'"):
        counting().sweep(0, [{"incc": 2}], 3, progress=False)


@pytest.mark.parametrize("write", WRITES)
def test_a_key_that_is_there_or_like_none_is_written_without_a_word(write, recwarn):
    """A new key is no error."""
    dbg = counting()
    write(dbg, put={"inc": 2, "brand_new": 1}, delete=["gone"])

    assert not recwarn


@pytest.mark.parametrize("write", WRITES)
def test_a_key_that_the_graph_declares_is_no_mistake(write, recwarn):
    """By a reducer, as a node's own, or as a field of a typed state."""
    g = GraphBuilder("g", reducers={"logs": Reducer.APPEND}).barrier("ok")
    graph = g.start("ok").end("ok").build()
    write(Debugger(graph, {"log": [], "ok.rejected": ""}), put={"logs": [1], "ok.approved": True})

    @typed_state
    @dataclasses.dataclass
    class Count:
        inc: int = 1
        incs: int = 2

    write(Debugger(chain(note), Count()), put={"incs": 3})

    assert not recwarn
