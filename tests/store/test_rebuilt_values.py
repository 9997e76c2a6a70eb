"""C14: what nodes rebuilt, in runs and in their stores."""

import copy
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lellm_nb import Debugger, Graph, GraphBuilder, typed_state
from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.record.codec.values import Codec
from lellm_nb.state.compact import COMPACT
from lellm_nb.store.memory_rows import MemoryRows
from lellm_nb.store.rows import Batch
from lellm_nb.store.run.shared_values import SharedValues

STEPS = 300


def message(n: int) -> dict[str, Any]:
    return {"role": "user", "content": f"message {n} " + "x" * 180}


WRITES: dict[str, Callable[[Any, int], dict[str, Any]]] = {
    "added": lambda s, n: {"m": s["m"] + [message(n)]},  # as people write it
    "unpacked": lambda s, n: {"m": [*s["m"], message(n)]},
    "before": lambda s, n: {"m": [message(n), *s["m"]]},
    "window": lambda s, n: {"m": [*s["m"], message(n)][-40:]},
    "middle": lambda s, n: {"m": [*s["m"][: n // 2], message(n), *s["m"][n // 2 :]]},
    "copied": lambda s, n: {"m": [*copy.deepcopy(s["m"]), message(n)]},
    "dict": lambda s, n: {"d": {**s["d"], f"k{n}": message(n)}},
    "one key": lambda s, n: {"d": {**s["d"], f"k{n % 50}": message(n)}},
    "nested": lambda s, n: {"a": {**s["a"], "m": [*s["a"]["m"], message(n)], "n": n}},
}

START: dict[str, Any] = {"n": 0, "m": [], "d": {}, "a": {"m": [], "n": 0}}


def writing(write: Callable[[Any, int], dict[str, Any]], steps: int = STEPS) -> Graph:
    g = GraphBuilder("writing")

    @g.task
    def step(ctx: Any) -> dict[str, Any]:
        n = ctx.state["n"]
        return {"n": n + 1, **write(ctx.state, n)}

    g.node("end", lambda ctx: None)
    g.edge_if("step", "step", lambda s: s["n"] < steps).edge("step", "end")
    return g.start("step").end("end").build()


def plain_states(write: Callable[[Any, int], dict[str, Any]]) -> list[dict[str, Any]]:
    states = [copy.deepcopy(START)]
    for n in range(STEPS):
        states.append({**states[-1], "n": n + 1, **write(states[-1], n)})
    return states


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_run_that_makes_its_containers_again_costs_what_is_new(
    write: Callable[[Any, int], dict[str, Any]], tmp_path: Path
) -> None:
    """C14: on disk; and every frame, stored or not, is what the node wrote."""
    dbg = Debugger(writing(write), START, store=tmp_path / "runs.db")
    dbg.run()
    dbg.save(tmp_path / "run.lellm")
    expected = plain_states(write)
    assert [frame.state for frame in dbg.frames][: STEPS + 1] == expected
    dbg.close()

    written = sum(path.stat().st_size for path in tmp_path.glob("runs.db*"))
    new = STEPS * len(str(message(0)))
    assert written < 5 * new  # rebuilt wholes would be a hundred times as much

    for again in (Debugger.open(tmp_path / "runs.db"), Debugger.load(tmp_path / "run.lellm")):
        for i in (*range(0, STEPS, 23), STEPS, 5):
            assert again.frames[i].state == expected[i]
            assert again.frames[i].mutations == dbg.frames[i].mutations


def test_in_memory_items_that_stayed_are_not_pointed_to_again() -> None:
    """C14: what a thousand frames hold of a list of a thousand is about the list."""
    dbg = Debugger(writing(WRITES["added"]), START)
    dbg.run()

    held: dict[int, Any] = {}
    for frame in dbg.frames:
        for kept in (frame.position.data["m"], *(m.kept for m in frame.mutations if m.key == "m")):
            held[id(kept)] = kept
    pointers = sum(len(kept) for kept in held.values() if type(kept) not in COMPACT)
    assert pointers < 2 * STEPS
    assert sum(map(sys.getsizeof, held.values())) < 120 * len(dbg.frames)


@typed_state
@dataclasses.dataclass
class Talk:
    n: int = 0
    m: list[Any] = dataclasses.field(default_factory=list)
    a: dict[str, Any] = dataclasses.field(default_factory=dict)


def test_fields_of_a_typed_state_share_as_well(tmp_path: Path) -> None:
    """C14, S9: and come back as what they were."""
    g = GraphBuilder("typed")

    @g.task
    def step(ctx: Any) -> None:
        state = ctx.state
        ctx.put("n", state.n + 1)
        ctx.put("m", [*state.m, message(state.n)])
        ctx.put("a", {**state.a, f"k{state.n}": message(state.n)})

    g.node("end", lambda ctx: None)
    g.edge_if("step", "step", lambda s: s.n < 100).edge("step", "end")
    graph = g.start("step").end("end").build()
    dbg = Debugger(graph, Talk(), store=tmp_path / "runs.db")
    dbg.run()
    expected = [frame.state.m for frame in dbg.frames]
    dbg.close()

    assert [len(m) for m in expected[:101]] == list(range(101))
    assert sum(path.stat().st_size for path in tmp_path.glob("runs.db*")) < 300_000
    again = Debugger.open(tmp_path / "runs.db", graph=graph)
    assert [frame.state.m for frame in again.frames] == expected
    assert again.state.a == dbg.state.a


def test_forks_and_rewinds_share_and_stay_apart(tmp_path: Path) -> None:
    """C14: what one line makes of a list is nothing to the other."""
    dbg = Debugger(writing(WRITES["before"], 60), START, store=tmp_path / "runs.db")
    dbg.run()
    fork = dbg.fork(at=30, put={"a": "fork"})
    fork.step(5)
    dbg.rewind(40)
    dbg.step(3)
    lines = {one.line: [frame.state["m"] for frame in one.frames] for one in (dbg, fork)}
    dbg.close()

    again = Debugger.open(tmp_path / "runs.db", graph=writing(WRITES["before"], 60))
    for name, states in lines.items():
        assert [frame.state["m"] for frame in again.branch(name).frames] == states


@pytest.mark.parametrize("branches", [2, 9])
def test_branches_in_threads_share_one_list(branches: int) -> None:
    """C14, P1: each adds to the same list at the same time, and has its own."""
    made = {f"b{i}": lambda ctx, i=i: {f"m{i}": [*ctx.state["m"], i]} for i in range(branches)}
    g = GraphBuilder("wide").parallel("all", made).start("all").end("all")
    dbg = Debugger(g.build(), {"m": list(range(20))})
    dbg.run()

    assert all(dbg.state[f"m{i}"] == [*range(20), i] for i in range(branches))


def shared(values: dict[int, bytes], items: dict[int, bytes]) -> SharedValues:
    rows = MemoryRows("run", {})
    rows.write(
        Batch(
            values=list(values.items()),
            items=[(number, 0, body) for number, body in items.items()],
        )
    )
    return SharedValues(rows, Codec())


FORGED = {
    "an edit out of range": ({}, {1: b"[[0,9,[]]]"}, {"list": [1, 2], "n": 0}),
    "an edit that is none": ({}, {1: b"[5]"}, {"list": [1, 2], "n": 2}),
    "another length": ({}, {1: b"[[0,1,[]]]"}, {"list": [1, 2], "n": 2}),
    "no list": ({}, {1: b"[[0,1,[]]]"}, {"list": 7, "n": 2}),
    "no base": ({}, {1: b"[[0,1,[]]]"}, {"list": {"$": "&", "v": 9}, "n": 2}),
    "no dict": ({2: b"[3]"}, {1: b'[["a",1]]'}, {"pairs": {"v": 2}, "n": 1}),
    "a key without a hash": ({}, {1: b"[[[1],1]]"}, {"dict": {"a": 1}, "n": 1}),
    "itself": (
        {},
        {1: b'[["a",{"$":"&","dict":{},"log":{"v":1,"n":1},"n":1}]]'},
        {"dict": {}, "n": 1},
    ),
    "more edits than it could have": (
        {},
        {1: b"[" + b",".join([b"[0,0,[]]"] * 500) + b"]"},
        {"list": [], "n": 0},
    ),
}


@pytest.mark.parametrize(("values", "items", "form"), FORGED.values(), ids=FORGED)
def test_a_forged_container_is_refused(values: Any, items: Any, form: Any) -> None:
    """C9, C12: it is an error of the file, found when it is read and not when it is looked at."""
    length = items[1].count(b"[0,0,[]]") or 1
    told = {"$": "&", "log": {"v": 1, "n": length}, **form}

    with pytest.raises(CorruptedCheckpointError):
        Codec().value({"x": told}, resolve=shared(values, items).resolve)


def test_containers_that_double_at_every_level_are_refused() -> None:
    """C12: a few bytes never become more items than there may be."""
    items = {1: b'[["a",[' + b",".join([b"1"] * 1000) + b"]]]"}
    for number in range(2, 40):
        inner = b'{"$":"&","dict":{},"log":{"v":%d,"n":1},"n":1}' % (number - 1)
        items[number] = b'[["a",[0]],["b",%s],["c",%s]]' % (inner, inner)
        inner = b'{"$":"&","dict":{},"log":{"v":%d,"n":%d},"n":%d}'
        items[number] = items[number].replace(
            b'"n":1},"n":1}', b'"n":%d},"n":%d}' % ((3, 3) if number > 2 else (1, 1))
        )
    told = {"$": "&", "dict": {}, "log": {"v": 39, "n": 3}, "n": 3}

    with pytest.raises(CorruptedCheckpointError, match="items in all"):
        shared({}, items).resolve(told)


@pytest.mark.parametrize("lens", ["a", None], ids=["a key", "the same state"])
def test_a_graph_inside_of_what_is_made_again(lens: str | None, tmp_path: Path) -> None:
    """C14: a lens leads into a container that is kept as edits, and what comes out goes there."""
    inner = GraphBuilder("inner")
    inner.node("add", lambda ctx: {"m": [*ctx.state["m"], message(len(ctx.state["m"]))]})
    g = GraphBuilder("outer").subgraph("agent", inner.start("add").end("add").build(), lens=lens)
    g.node("note", lambda ctx: {"a": {**ctx.state["a"], "n": ctx.state["a"]["n"] + 1}})
    g.edge("agent", "note").edge_if("note", "agent", lambda s: s["a"]["n"] < 60)
    graph = g.node("end", lambda ctx: None).edge("note", "end").start("agent").end("end").build()
    dbg = Debugger(graph, START, store=tmp_path / "runs.db")
    dbg.run()
    states = [(frame.root_state, frame.state) for frame in dbg.frames]
    tables = [dbg.frames[i].to_pandas().to_dict("list") for i in range(1, len(dbg.frames), 17)]
    dbg.close()

    again = Debugger.open(tmp_path / "runs.db", graph=graph)
    assert [(frame.root_state, frame.state) for frame in again.frames] == states
    assert tables == [
        again.frames[i].to_pandas().to_dict("list") for i in range(1, len(dbg.frames), 17)
    ]
    assert len(states[-1][0]["a" if lens else "m"]["m"] if lens else states[-1][0]["m"]) == 60
