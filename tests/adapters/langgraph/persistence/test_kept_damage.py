"""Damaged and hostile files: nothing is made of what they say, and nothing else is raised."""

from __future__ import annotations

import json
import random

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import CorruptedCheckpointError, DebuggerError
from lellm_nb.store.archive import read_archive, write_archive
from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.law import finish

JUNK = [None, 0, -1, "x", [], {}, [[]], {"$": "?"}, 1e300, True, ["", ""], {"v": 1}]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A saved run with a super-step, levels inside, and a question that waits."""
    path = tmp_path_factory.mktemp("kept") / "one.lellm"
    case = CASES["send_subgraph_interrupt"]()
    dbg = Debugger(case.graph, case.input)
    dbg.run()
    dbg.save(path)
    return path


def _changed(saved, path, change):
    """Write a copy of a file in which all that is beside positions was changed."""
    rows, name = read_archive(saved)
    for frames in rows._frames.values():
        for index, row in list(frames.items()):
            form = json.loads(row.body)
            if isinstance(form, dict) and "n" in form:
                form["n"] = change(form["n"])
                frames[index] = row._replace(body=json.dumps(form).encode())
    for anchors in rows._anchors.values():
        for index, body in list(anchors.items()):
            form = json.loads(body)
            form["native"] = change(form["native"])
            anchors[index] = json.dumps(form).encode()
    write_archive(path, rows, name)


def _one_place(form, random_one):
    """Put junk at one place somewhere in JSON data."""
    if isinstance(form, (dict, list)) and form and random_one.random() < 0.85:
        made = form.copy()
        key = random_one.choice([*made] if isinstance(made, dict) else range(len(made)))
        made[key] = _one_place(made[key], random_one)
        return made
    return random_one.choice(JUNK)


@pytest.mark.parametrize("seed", range(60))
def test_damage_beside_positions_is_told_and_leaves_the_rest_to_be_looked_at(seed, saved, tmp_path):
    """States are there to be read; going on either works or says that it can't."""
    one = random.Random(seed)
    _changed(saved, tmp_path / "bad.lellm", lambda form: _one_place(form, one))
    case = CASES["send_subgraph_interrupt"]()
    try:
        dbg = Debugger.load(tmp_path / "bad.lellm", graph=case.graph)
        states = [dict(frame.state) for frame in dbg.frames]
        assert dbg.status_line
        assert len(states) == len(dbg.frames)
    except CorruptedCheckpointError:
        return
    for frame in dbg.frames:
        dbg.rewind(frame)
        assert (dbg.status_line, repr(frame), dbg.stack, dbg.pending) is not None


def test_a_frame_of_which_everything_is_damaged_says_so(saved, tmp_path):
    """It can be looked at, and is not gone on from."""
    _changed(saved, tmp_path / "bad.lellm", lambda form: {"whole": 1, "l": {"": {"f": 7}}})
    case = CASES["send_subgraph_interrupt"]()
    dbg = Debugger.load(tmp_path / "bad.lellm", graph=case.graph)

    assert dbg.frames[1].state is not None
    with pytest.raises(DebuggerError, match=r"cannot be gone on from.*damaged"):
        dbg.run()
    with pytest.raises(DebuggerError, match=r"cannot be gone on from.*damaged"):
        dbg.answer("x", dbg.pending[0].id)
    assert case.ran.counts == {}


HOSTILE = [
    {"$": "builtins.eval", "v": "1/0"},
    {"$": "os.system", "a": {"command": "true"}},
    {"$": "langchain_core.runnables.base.RunnableLambda", "a": {"func": "x"}},
    {"lc": 2, "type": "constructor", "id": ["os", "system"], "args": ["true"]},
]


@pytest.mark.parametrize("form", HOSTILE)
def test_a_file_constructs_no_class_that_it_names(form, saved, tmp_path):
    """A name that nobody registered stays a marker: the frame says that it lacks something."""

    def change(native):
        for level in native.get("l", {}).values():
            level["v"] = [[["__pregel_tasks", [form]]], []]
        return native

    _changed(saved, tmp_path / "bad.lellm", change)
    case = CASES["send_subgraph_interrupt"]()
    dbg = Debugger.load(tmp_path / "bad.lellm", graph=case.graph)
    held = [
        level.hidden["__pregel_tasks"][0]
        for frame in dbg.frames
        for level in frame.position.native.levels.values()
        if "__pregel_tasks" in level.hidden
    ]

    assert held
    assert {type(one).__name__ for one in held} <= {"Unsaved", "StoredObject", "FrozenDict"}


class Handle:
    """Something that no store can keep."""


def test_what_cannot_be_kept_is_named_and_not_gone_on_from(file):
    """S7: a marker stands in its place, and the run opens."""
    case = CASES["map_reduce"]()
    from langgraph.types import Send

    from tests.adapters.langgraph.graphs import Items, StateGraph

    g = StateGraph(Items).add_node("plan", lambda state: None)
    g.add_node("work", lambda sent: {"out": [1]}).add_edge("__start__", "plan")
    g.add_conditional_edges("plan", lambda state: [Send("work", {"x": Handle()})], ["work"])
    graph = g.compile()
    dbg = Debugger(graph, case.input, store=file)
    dbg.step()
    dbg.close()
    again = Debugger.open(file, graph=graph)

    with pytest.raises(DebuggerError, match=r"could not be kept \(.*Handle\)"):
        again.run()
    again.rewind(0)
    finish(case, again, "run")
    assert again.state["out"] == [1]
    again.close()
