"""S9: decode(encode(x)) == x for registered classes, or the write says no."""

from __future__ import annotations

import enum
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from lellm_nb import Checkpoint, CheckpointCodec, Debugger, GraphBuilder, SqliteStore
from lellm_nb.errors import SerializationError
from lellm_nb.record.codec.values import Codec
from lellm_nb.state.frozen import thaw
from lellm_nb.state.sameness import same
from lellm_nb.state.structs.struct import struct_of
from tests.strategies_classes import objects_of_new_classes

LONG = os.environ.get("LELLM_LONG", "") not in ("", "0")
EXAMPLES = 2_000 if LONG else 200
RUNS = 300 if LONG else 40
QUICK = settings(deadline=None, suppress_health_check=list(HealthCheck))
"""Making a class takes a while, and pydantic has none of some makes."""


def is_whole(back: Any, value: Any) -> bool:
    """Tell whether two objects are of one class, and hold the same, whatever `==` says."""
    if type(back) is not type(value):
        return False
    struct = struct_of(value)
    if struct is not None:
        sides = [fields | rest for fields, rest in (struct.take(back), struct.take(value))]
        return sides[0].keys() == sides[1].keys() and all(
            is_whole(sides[0][name], sides[1][name]) for name in sides[1]
        )
    if isinstance(value, enum.Enum):
        return back is value or (isinstance(value, enum.Flag) and back == value)
    if isinstance(value, dict):
        return list(back) == list(value) and all(is_whole(back[k], value[k]) for k in value)
    if isinstance(value, (list, tuple)):
        beside = [getattr(each, "__dict__", None) for each in (back, value)]
        return (
            len(back) == len(value) and all(map(is_whole, back, value)) and beside[0] == beside[1]
        )
    return same(back, value)


@pytest.mark.timeout(600)
@settings(QUICK, max_examples=EXAMPLES)
@given(value=objects_of_new_classes())
def test_an_object_comes_back_or_is_refused(value):
    """S9: equal, of its class and whole; else the write named it."""
    problems: list[Any] = []
    codec = Codec()
    body = codec.dumps([value, {"k": (value,)}])
    codec.plain([value], problems)

    back, inside = codec.loads(body)

    if problems:
        return
    assert is_whole(thaw(back), value)
    assert is_whole(thaw(inside["k"])[0], value)


@pytest.mark.timeout(600)
@settings(QUICK, max_examples=RUNS)
@given(value=objects_of_new_classes())
def test_a_run_that_holds_one_opens(value, tmp_path_factory):
    """S9: from a store, a file and a checkpoint: equal, or a marker where the write said no."""
    folder = tmp_path_factory.mktemp("run")
    refused: list[Any] = []
    Codec().plain([value], refused)
    g = GraphBuilder("g").node("a", lambda ctx: ctx.put("v", value))
    g.node("b", lambda ctx: ctx.append("all", ctx.state["v"])).edge("a", "b")
    dbg = Debugger(
        g.start("a").end("b").build(),
        {"v": None, "all": [value]},
        store=SqliteStore(folder / "runs.db"),
    )
    assert dbg.run().reason.name == "COMPLETED"
    checkpoint = Checkpoint.of(dbg.frames[2], dbg.graph.canonical_hash)
    states = [CheckpointCodec().decode(CheckpointCodec().encode(checkpoint)).state]
    if refused:
        with pytest.raises(SerializationError):
            dbg.save(folder / "run.lellm")
    else:
        dbg.save(folder / "run.lellm")
        states.append(Debugger.load(folder / "run.lellm").state)
    dbg.close()
    opened = Debugger.open(folder / "runs.db")
    states += [opened.state, opened.frames[1].state]

    for state in states:
        for held in (state["v"], state["all"][0], state["all"][-1]):
            assert bool(refused) or is_whole(thaw(held), value)
    opened.close()


def test_most_objects_are_kept():
    """Else the laws above would say nothing."""
    kept = refused = 0

    @settings(QUICK, max_examples=100, database=None)
    @given(value=objects_of_new_classes())
    def count(value):
        nonlocal kept, refused
        problems: list[Any] = []
        Codec().plain([value], problems)
        kept, refused = kept + (not problems), refused + bool(problems)

    count()

    assert kept > 4 * refused
