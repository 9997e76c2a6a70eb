"""A node whose outcome is fixed does not run; its frame says so (R10)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lellm_nb import Debugger, GraphBuilder, Reducer, ReducerRegistry
from lellm_nb.errors import DebuggerError, NoSuchNodeError, StateTypeError
from lellm_nb.session.protocol import Controls
from tests.strategies import fanned, finish_debugger, nested, steps


def asking():
    """A graph whose first node cannot run here."""
    g = GraphBuilder("g", ReducerRegistry({"log": Reducer.APPEND}))
    g.node("ask", lambda ctx: 1 / 0).node("tell", lambda ctx: {"log": [ctx.state["reply"]]})
    return g.edge("ask", "tell").start("ask").end("tell").build()


@pytest.mark.parametrize("by", ["run", "step"])
def test_a_mapping_is_written_as_if_the_node_had_returned_it(by):
    """Through the reducers, and the frame is marked."""
    dbg = Debugger(asking(), {"log": ["a"]})
    dbg.mock("ask", {"reply": "b", "log": ["x"]})

    while dbg.status != "completed":
        getattr(dbg, by)()

    assert dbg.state["log"] == ["a", "x", "b"]
    assert [(f.path, f.mocked, f.recorded) for f in dbg.frames[1:]] == [
        ("ask", True, False),
        ("tell", False, False),
    ]
    assert [type(m).__name__ for m in dbg.frames[1].mutations] == ["Put", "Reduce"]


def test_none_lets_the_node_run_again():
    """And nothing is listed any more."""
    dbg = Debugger(asking(), {})
    dbg.mock("ask", {"reply": "b"})
    dbg.mock("ask", {"reply": "c"}, visit=2)
    assert dbg.mocks == {"ask": {"reply": "b"}, ("ask", 2): {"reply": "c"}}

    dbg.mock("ask", None, visit=2)
    assert dbg.mocks == {"ask": {"reply": "b"}}
    dbg.mock("ask", None)
    dbg.mock("ask", None)

    assert dbg.mocks == {}
    assert dbg.run().reason.name == "FAILED"


def test_a_mock_may_be_for_one_visit():
    """The others run, or are fixed otherwise."""

    def add(ctx):
        return {"n": ctx.state["n"] + 1}

    g = GraphBuilder("g").node("add", add).node("done", lambda ctx: None)
    g.edge_if("add", "add", lambda s: s["n"] < 100).edge("add", "done").start("add").end("done")
    dbg = Debugger(g.build(), {"n": 0})
    dbg.mock("add", {"n": 1000}, visit=3)

    dbg.run()

    assert [f.state["n"] for f in dbg.frames] == [0, 1, 2, 1000, 1000]
    assert [f.mocked for f in dbg.frames] == [False, False, False, True, False]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_function_stands_in_for_the_node(is_async):
    """What it prints is taken down, it sees the state, and it may go elsewhere."""

    def plain(ctx):
        print("instead of", ctx.node)
        ctx.goto("last")
        return {"seen": list(ctx.state)}

    async def waits(ctx):
        return plain(ctx)

    dbg = Debugger(steps("a", "b", "last"), {"n": 1})
    dbg.mock("a", waits if is_async else plain)

    dbg.run()

    assert (dbg.frames[1].output, dbg.frames[1].mocked) == ("instead of a\n", True)
    assert dbg.state["seen"] == ["n"]
    assert [f.path for f in dbg.frames[1:]] == ["a", "last"]
    assert dbg.why(1).said.startswith("a called ctx.goto('last')")


def test_a_function_keeps_the_retries_of_the_node():
    """It fails twice, and works then."""
    tries = []

    def flaky(ctx):
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError("down")
        return {"ok": True}

    g = GraphBuilder("g")
    g.task(lambda ctx: None, name="a", retries=2, backoff=lambda number: 0)
    dbg = Debugger(g.start("a").end("a").build())
    dbg.mock("a", flaky)

    dbg.run()

    assert dbg.state["ok"]
    assert (len(dbg.frames[1].attempts), dbg.frames[1].mocked) == (3, True)


def test_a_function_that_raises_is_the_nodes_failure():
    """Mended, it is tried again."""
    dbg = Debugger(steps("a"))
    dbg.mock("a", lambda ctx: 1 / 0)
    assert dbg.run().reason.name == "FAILED"

    dbg.mock("a", lambda ctx: {"ok": 1})

    assert dbg.retry().reason.name == "COMPLETED"


@pytest.mark.parametrize("by", ["run", "step"])
@pytest.mark.parametrize(("graph", "composite"), [(nested, "agent"), (fanned, "par")])
def test_a_mapping_stands_for_all_that_a_composite_would_write(graph, composite, by):
    """It is left as a whole, by one frame, and nothing inside runs."""
    dbg = Debugger(graph(), {})
    dbg.mock(composite, {"log": ["plan", "plan", "whole"]})

    while dbg.status != "completed":
        getattr(dbg, by)()

    left = [f for f in dbg.frames if f.mocked]
    assert [(f.path, f.kind) for f in left] == [
        (composite, "exit" if composite == "agent" else "join")
    ]
    assert not [f for f in dbg.frames if f.path.startswith(f"{composite}/")]
    assert dbg.state["log"][2] == "whole"
    assert dbg.who("log")[1].frame is left[0]


@pytest.mark.parametrize("by", ["run", "step", "over"])
def test_nodes_inside_and_in_branches_are_fixed_by_their_paths(by):
    """Each in its own level."""
    dbg = Debugger(fanned(), {})
    dbg.mock("par/a", {"a": 1})
    dbg.mock("one", {"one": 1})

    while dbg.status != "completed":
        if dbg.pending:
            dbg.approve(dbg.pending[0].id)
        else:
            getattr(dbg, by)()

    assert (dbg.state["a"], dbg.state["one"]) == (1, 1)
    assert sorted(f.path for f in dbg.frames if f.mocked) == ["par/a", "par/deep/one"]
    assert dbg.mocks == {"par/a": {"a": 1}, "par/deep/one": {"one": 1}}


def test_over_passes_a_composite_that_is_fixed():
    """Its frame is what was waited for."""
    dbg = Debugger(nested(), {})
    dbg.mock("agent", {"log": ["plan", "plan"]})
    dbg.step()

    stop = dbg.over()

    assert (stop.frame.path, stop.frame.kind, stop.reason.name) == ("agent", "exit", "STEP")


def test_forks_have_a_copy():
    """What is changed there is not changed here; a sweep goes on with it, too."""
    dbg = Debugger(asking(), {})
    dbg.mock("ask", {"reply": "b"})

    fork = dbg.fork()
    fork.mock("ask", {"reply": "c"})
    table = dbg.sweep(0, [{"n": 1}], progress=False)

    assert (fork.run().reason.name, fork.state["reply"]) == ("COMPLETED", "c")
    assert dbg.mocks == {"ask": {"reply": "b"}}
    assert list(table["reason"]) == ["COMPLETED"]


def test_a_sweep_elsewhere_goes_on_with_it():
    """Mappings and functions are sent along."""
    dbg = Debugger(asking(), {})
    dbg.mock("ask", {"reply": "b"})
    dbg.mock("tell", lambda ctx: {"told": ctx.state["reply"]})

    with ThreadPoolExecutor(1) as executor:
        table = dbg.sweep(0, [{"n": 1}], executor=executor, progress=False)

    assert list(table["reason"]) == ["COMPLETED"]
    assert dbg.branch(table["line"][0]).state["told"] == "b"
    assert [f.mocked for f in dbg.branch(table["line"][0]).frames] == [False, False, True, True]


def test_what_was_fixed_is_recorded_like_any_outcome():
    """Looked up later it is the same, also of a composite; and the mark stays."""
    dbg = Debugger(nested(), {})
    dbg.mock("plan", {"log": ["plan", "plan"]})
    dbg.mock("agent", {"agent": "whole"})
    dbg.run()
    state = dbg.state

    dbg.rewind(0)
    dbg.mock("plan", None)
    dbg.mode("plan", "recorded")
    dbg.step()
    assert (dbg.frames[1].recorded, dbg.frames[1].mocked) == (True, True)

    again = dbg.fork(at=0).session
    import asyncio

    asyncio.run(again.advance(Controls.replay(dbg.session.recorded(dbg.session.line))))
    assert again.state["log"][:2] == state["log"][:2]
    assert [f.kind for f in again.line[1:3]] == ["commit", "exit"]


def test_nothing_of_it_is_stored_but_the_mark(tmp_path):
    """In the run that is opened again the node runs."""
    dbg = Debugger(nested(), {}, store=tmp_path / "runs.db")
    dbg.mock("agent", {"log": ["plan"]}, visit=1)
    finish_debugger(dbg)
    dbg.close()

    again = Debugger.open(tmp_path / "runs.db", graph=nested())

    assert again.mocks == {}
    assert [(f.path, f.kind, f.mocked) for f in again.frames] == [
        (f.path, f.kind, f.mocked) for f in dbg.frames
    ]
    for mine, theirs in zip(dbg.frames, again.frames, strict=True):
        assert mine.position == theirs.position
    again.rewind(1)
    assert again.run().pending


def test_a_mock_comes_before_the_mode_of_its_node():
    """A node that asks first does not ask while its outcome is fixed."""
    dbg = Debugger(asking(), {})
    dbg.mode("ask", "ask")
    assert dbg.pending
    dbg.mock("ask", {"reply": "b"})

    assert not dbg.pending
    assert dbg.run().reason.name == "COMPLETED"


def test_what_was_given_is_not_changed_from_outside():
    """It is frozen when it is given."""
    reply = ["a"]
    dbg = Debugger(asking(), {})
    dbg.mock("ask", {"reply": reply})
    reply.append("b")
    dbg.mocks["ask"]["reply"].append("c")

    dbg.run()

    assert dbg.state["reply"] == ["a"]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (("aks", {}), NoSuchNodeError, "ask"),
        (("ask", 5), DebuggerError, r"what is a mapping of keys .* \(ctx\), or None, not 5\."),
        (("ask", lambda: None), DebuggerError, "what"),
        (("ask", {5: 1}), StateTypeError, "keys are text"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(given, error, words):
    """The argument is named."""
    dbg = Debugger(asking(), {})

    with pytest.raises(error, match=words):
        dbg.mock(*given)
    with pytest.raises(DebuggerError, match="visit"):
        dbg.mock("ask", {}, visit=0)

    assert dbg.mocks == {}


def test_a_barrier_and_a_function_for_a_composite_are_refused():
    """The words say what may be done instead."""
    dbg = Debugger(nested(), {})

    with pytest.raises(DebuggerError, match=r"is a barrier.*approve\(\)"):
        dbg.mock("approve", {"x": 1})
    with pytest.raises(DebuggerError, match="give a mapping"):
        dbg.mock("agent", lambda ctx: None)

    assert dbg.mocks == {}


def test_a_value_that_a_typed_state_refuses_is_the_nodes_failure():
    """The run stands before it, and goes on when that is mended."""
    from dataclasses import dataclass

    from lellm_nb import typed_state

    @typed_state
    @dataclass
    class S:
        n: int = 0

    g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
    dbg = Debugger(g, S())
    dbg.mock("a", {"m": 1})
    assert dbg.run().reason.name == "FAILED"
    dbg.mock("a", {"n": 5})

    assert dbg.retry().reason.name == "COMPLETED"
    assert dbg.state.n == 5
