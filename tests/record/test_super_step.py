"""Positions in which several tasks of one level are open, wherever positions are walked."""

from __future__ import annotations

import itertools
import json

import pytest

from lellm_nb import Checkpoint, Redactor, SqliteStore
from lellm_nb.debug.persist.run_table import _status
from lellm_nb.record import Fan, Position, SuperStep, Waiting
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.level_key import LevelKeys, joins_tasks, level_at
from lellm_nb.record.past.continuity import follows
from lellm_nb.record.past.known_reducers import bind_reducers
from lellm_nb.record.past.seen_graph import seen_graph
from lellm_nb.record.position import below, open_at
from lellm_nb.record.redaction.checkpoint import redacted
from lellm_nb.record.visits import Visits
from lellm_nb.records.json_form import from_json, to_json
from lellm_nb.state import ChannelUpdate
from lellm_nb.store.memory_rows import MemoryRows
from lellm_nb.store.run.run_reader import RunReader
from lellm_nb.store.run.run_writer import RunWriter
from tests.session.superstep_plans import finished
from tests.session.superstep_toy import GATHER


@pytest.fixture(scope="module")
def line():
    """The frames of a run with everything in it."""
    return list(finished().frames)


def again(position):
    """A position as it is written and read."""
    form = json.loads(json.dumps(PositionWriter(Codec()).write(position)))
    return PositionReader(Codec(), reducers=lambda name, key: GATHER).read(form)


def test_its_branches_are_the_level_itself():
    """Nothing is below the level but what is entered in a task; finished tasks are not open."""
    inside = Position("x", {}, 0, Visits())
    tasks = {
        "sub": Position("sub", {"n": 1}, 2, Visits(), None, inside),
        "w": Position(None, {"n": 1}, 2, Visits()),
        "w#2": Position("w", {"n": 1}, 2, Visits(), Waiting("w#2#0", "w")),
    }
    level = Position("sub + w", {"n": 1}, 2, Visits(), None, SuperStep(tasks))

    assert [segment for segment, _ in open_at(level)] == ["sub", "w#2"]
    assert list(below(level)) == [("sub", "", inside)]
    assert level.inner.open == 2
    assert [waits.barrier_id for waits in level.waiting] == ["w#2#0"]
    assert level.stack == [level]
    assert level_at(level, "/sub") is inside
    assert level_at(level, "/w") is level_at(level, "/gone") is None
    assert repr(level.inner) == "<SuperStep: 2 of 3 branches open, turn 0>"


def test_a_super_step_is_no_fan():
    """The same branches mean another thing."""
    tasks = {"a": Position("a", {}, 0, Visits())}

    assert SuperStep(tasks) == SuperStep(dict(tasks))
    assert SuperStep(tasks) != Fan(tasks, 0, 1)
    assert Fan(tasks, 0, 1) != SuperStep(tasks)


def test_what_an_engine_keeps_beside_a_position_goes_with_it():
    """Nothing is told of it, and nothing is compared by it."""
    one = Position("a", {}, 0, Visits(), native="mine")
    other = Position("a", {}, 0, Visits())

    assert one.holding(other).native == "mine"
    assert other.native is None
    assert one == other
    assert repr(one) == repr(other)


def test_every_frame_is_of_the_level_that_its_key_names(line):
    """Several tasks of one node are entered at once, and each has its visit in the key."""
    keys = LevelKeys()
    found = [keys.of(frame) for frame in line]

    assert all(level_at(f.position, key) is f.level for f, key in zip(line, found, strict=True))
    assert list(dict.fromkeys(found)) == ["", "/sub", "/w", "/w#2", "/w#3", "/w#4", "/w#5"]
    assert [f.index for f in line if joins_tasks(f)] == [4, 16, 26]


def test_two_entries_that_are_open_at_once_are_told_apart():
    """By their visits: the number in the super-step is not what stands in paths."""
    visits, _ = Visits().record(0, "w")
    levels = {name: Position("p", {"in": name}, 0, Visits()) for name in ("w", "w#2")}
    tasks = {name: Position("w", {}, 1, visits, None, at) for name, at in levels.items()}
    root = Position("w", {}, 1, visits, None, SuperStep(tasks))

    assert level_at(root, "/w#2") is levels["w"]
    assert level_at(root, "/w#3") is levels["w#2"]


def test_positions_come_back_as_they_were(line):
    """In a file a super-step is a fan with a mark; what an engine keeps beside is not there."""
    for frame in line:
        read = again(frame.position)
        assert read == frame.position
        assert type(read.inner) is type(frame.position.inner)
        assert read.native is None
    assert line[2].position.native is not None


def test_a_file_without_the_mark_has_a_fan():
    """As all files had that were written before there were super-steps."""
    fan = Fan({"a": Position("a", {}, 0, Visits())}, 0, 1)
    around = Position("par", {}, 0, Visits(), None, fan)
    form = PositionWriter(Codec()).write(around)

    assert "super" not in form["at"][5]
    assert type(again(around).inner) is Fan


def test_a_stored_run_has_every_frame(line):
    """A reader needs neither the graph nor its rules to show the states."""
    session = finished().session
    rows = MemoryRows("run", {})
    writer = RunWriter(rows, session.graph)
    for frame in session.line:
        writer.keep(session.line, frame, leads=True)
    writer.flush()
    read = RunReader(rows).history
    own = list(read.lines["main"])
    bind_reducers(read, session.graph)

    assert [frame.level for frame in own] == [frame.level for frame in session.line]
    assert [f.mutations for f in own] == [f.mutations for f in session.line]
    assert [f.position.state for f in own] == [f.position.state for f in session.line]
    updates = [m for f in own for m in f.mutations if isinstance(m, ChannelUpdate)]
    assert {m.reducer for m in updates} == {GATHER}


def test_frames_go_through_json(line):
    """`to_json` and `from_json`; the level is found again by its key."""
    for frame in line:
        read = from_json(json.loads(json.dumps(to_json(frame))))
        assert to_json(read) == to_json(frame)
        assert (read.level is read.position) is (frame.level is frame.position)
        assert read.level.state == frame.level.state
        assert list(map(type, read.mutations)) == list(map(type, frame.mutations))
    step = line[2].position.inner
    assert from_json(to_json(step)) == step
    assert type(from_json(to_json(step))) is SuperStep


def test_snapshots_share_what_did_not_change(line, tmp_path):
    """A checkpoint in the middle of a super-step is written on the one before it."""
    store = SqliteStore(tmp_path / "runs.db")
    checkpoints = [
        Checkpoint(f.position.node or "", f.node, f.position.state, 0, position=f.position)
        for f in line
    ]
    for one in checkpoints:
        store.save("run", one)
    read = [store.load(one.checkpoint_id).position for one in checkpoints]
    store.close()

    assert [to_json(one) for one in read] == [to_json(f.position) for f in line]


def test_what_is_secret_is_taken_out_of_every_task(line):
    """In the level, in what is inside of a task, and in what an engine keeps beside."""
    at = line[2].position
    clean = redacted(
        Checkpoint("sub", "a", at.state, 0, position=at), Redactor(paths=["log"])
    ).position
    inner = level_at(clean, "/sub")

    assert str(clean.state["log"]) == "[redacted]"
    assert type(clean.inner) is SuperStep
    assert {str(task.data["log"]) for _, task in open_at(clean)} == {"[redacted]"}
    assert (str(inner.state["log"]), clean.native, inner.native) == ("[redacted]", None, None)


def test_a_step_follows_the_one_before_it_and_no_other(line):
    """Tasks commit in any order, and each of them is missed."""
    for before, frame in itertools.pairwise(line):
        assert follows(before.position, frame), frame
    for before, _, frame in zip(line, line[1:], line[2:], strict=False):
        assert not follows(before.position, frame), frame


def test_a_graph_is_seen_with_its_tasks_and_without_super_steps(line):
    """What a join is called is no node."""
    graph = seen_graph(line, line[-1].position, "seen")
    edges = {(edge.source, edge.target) for edge in graph.edges}

    assert set(graph.nodes) == {"a", "sub", "side", "w", "ok", "end"}
    assert set(graph.nodes["sub"].graph.nodes) == {"x", "y", "z"}
    assert {("a", "sub"), ("a", "ok"), ("side", "w"), ("w", "end")} <= edges


def test_a_run_waits_where_every_open_task_does(line):
    """One task that can move is enough to go on."""
    assert [_status(line[at].position) for at in (13, 14, 15, 27)] == [
        *("paused", "waiting", "paused", "completed")
    ]
