"""P7: plain tasks of branches in threads, in other processes and on a cluster."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from lellm_nb import Debugger, GraphBuilder, Reducer, StopReason
from lellm_nb.errors import DebuggerError, InvalidNodeError, NotSentError
from tests.calls.server import ModelServer
from tests.engine.performing.elsewhere_work import ask, lets_go, work

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module", params=["threads", "processes", "cluster"])
def executor(request):
    """One of each kind; the cluster is Dask's, of two worker processes on loopback."""
    if request.param == "threads":
        with ThreadPoolExecutor(2) as made:
            yield made
    elif request.param == "processes":
        with ProcessPoolExecutor(2) as made:
            yield made
    else:
        from distributed import Client, LocalCluster

        options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
        with LocalCluster(host="127.0.0.1", **options) as cluster, Client(cluster) as client:
            yield client.get_executor()


@pytest.fixture(scope="module")
def processes():
    """Two other processes."""
    with ProcessPoolExecutor(2) as made:
        yield made


def mapped(each=work, **options):
    """A graph of one map."""
    g = GraphBuilder("g", reducers={"log": Reducer.APPEND})
    return g.map("m", each, over="items", into="out", **options).start("m").end("m").build()


def state(*items, **more):
    return {"items": list(items), "home": os.getpid(), "n": 7, **more}


@pytest.mark.parametrize("stepped", [True, False])
def test_all_that_a_branch_does_comes_back(executor, stepped):
    """P7: returned values, mutations, output, chunks, cost; frames and positions are as ever."""
    dbg = Debugger(mapped(executor=executor), state("a", "b", "c"))
    while (stop := dbg.step() if stepped else dbg.run()).reason is StopReason.STEP:
        pass
    home = isinstance(executor, ThreadPoolExecutor)

    assert stop.reason is StopReason.COMPLETED
    assert dbg.state["out"] == [{"item": i, "here": home, "n": 7} for i in "abc"]
    assert dbg.state["log"] == [f"m/{n} 1 {n}" for n in range(3)]
    for frame in dbg.frames[1:4]:
        assert frame.output == f"works on {frame.level.data['out'][0]['item']}\n"
        assert frame.stream == (f"chunk {frame.level.data['out'][0]['item']}",)
        assert frame.cost == 2


def test_a_parallel_sends_its_branches_too(executor):
    """P7: also those inside of a graph that is a branch, by the Debugger's own executor."""
    inner = GraphBuilder("inner").node("w", home).start("w").end("w").build()
    g = GraphBuilder("g").parallel("p", {"one": home, "deep": inner}, merge=states_apart)
    dbg = Debugger(g.start("p").end("p").build(), state(), executor=executor)
    dbg.run()

    here = isinstance(executor, ThreadPoolExecutor)
    assert (dbg.state["one"], dbg.state["deep"]) == (here, here)


def home(ctx):
    return {"at home": os.getpid() == ctx.state["home"]}


def states_apart(states):
    return {name: state["at home"] for name, state in states.items()}


def test_a_failure_there_is_a_failure_of_its_branch(executor):
    """P3, P7: what the others did is kept, and what was raised says where."""
    dbg = Debugger(mapped(executor=executor, on_error="collect_all"), state("a", "bad", "c"))
    stop = dbg.run()

    assert stop.reason is StopReason.FAILED
    cause = stop.error.exceptions[0].__cause__
    assert (type(cause), str(cause)) == (ValueError, "a bad item")
    dbg.resolve_join("keep")
    assert [one["item"] for one in dbg.state["out"]] == ["a", "c"]


def test_what_was_made_there_is_replayed_and_kept_here(executor, tmp_path):
    """P7, R10: positions and history stay here."""
    dbg = Debugger(mapped(executor=executor), state("a", "b"), store=tmp_path / "runs.db")
    dbg.run()
    out = dbg.state["out"]
    dbg.mode("m/*", "recorded")
    dbg.rewind(1)
    dbg.run()
    assert dbg.state["out"] == out
    dbg.close()
    again = Debugger.open(tmp_path / "runs.db", graph=mapped())

    assert again.state["out"] == out
    assert again.at("m/0").output == "works on a\n"
    assert again.at("m/1").output == "works on b\n"


def test_an_error_that_cannot_be_sent_comes_as_its_words(processes):
    """P7: what is lost is only its class."""
    stop = Debugger(mapped(executor=processes), state("odd")).run()

    assert "Odd" in str(stop.error)
    assert "an odd item" in str(stop.error)
    assert any("elsewhere_work.py" in note for note in stop.error.__cause__.__notes__)


def test_what_cannot_be_sent_is_named_before_anything_starts(processes):
    """P7: functions, and keys of the state; nothing has run."""
    ran = []
    dbg = Debugger(
        mapped(lambda ctx: ran.append(1), executor=processes), state("a", file=lambda: None)
    )
    stop = dbg.run()

    cause = stop.error.__cause__
    assert isinstance(cause, NotSentError)
    assert cause.stuck == ["node m/*", "state['file']"]
    assert "ThreadPoolExecutor" in str(cause)
    assert ran == []
    assert [frame.kind for frame in dbg.frames if frame.kind == "commit"] == []


def test_what_cannot_be_sent_back_is_said(processes):
    """P7: by the path of the branch."""
    stop = Debugger(mapped(lets_go, executor=processes), state("a")).run()

    assert stop.reason is StopReason.FAILED
    assert "m/0" in str(stop.error)


def test_calls_that_are_made_there_come_back(processes):
    """K1, P7: they are in the frame of the branch, with their answers."""
    server = ModelServer()
    dbg = Debugger(mapped(ask, executor=processes), state("a", "b", url=server.url))
    dbg.run()
    server.end()

    assert [len(frame.calls) for frame in dbg.frames[1:3]] == [1, 1]
    assert dbg.state["out"] == [{"path": f"/?q={q}", "temperature": 18} for q in "ab"]


def test_a_graph_with_an_executor_can_be_sent_itself(processes):
    """The executor stays where it is; a sweep sends the graph."""
    dbg = Debugger(mapped(executor=processes), state("a"))
    table = dbg.sweep(0, [{"n": 1}, {"n": 2}], executor=processes)

    assert list(table["reason"]) == ["COMPLETED"] * 2


def test_what_is_no_executor_is_refused():
    """P7: at each door."""
    for given in (3, "processes", ProcessPoolExecutor):
        with pytest.raises(InvalidNodeError, match="executor"):
            GraphBuilder("g").map("m", work, over="items", executor=given)
        with pytest.raises(InvalidNodeError, match="executor"):
            GraphBuilder("g").parallel("p", {"a": work}, executor=given)
        with pytest.raises(DebuggerError, match="executor"):
            Debugger(mapped(), {}, executor=given)
