"""Which ways the kept runs of LangGraph graphs went."""

from __future__ import annotations

import pytest
from langgraph.graph import END, START, StateGraph

from lellm_nb import Debugger, paths
from tests.adapters.langgraph.case import Ran, step_node
from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.graphs import Log, map_reduce
from tests.adapters.langgraph.law import finish


def ways(table):
    """Where from, where to, how often; without what ends a level."""
    rows = table[table["to"].notna()].itertuples(index=False)
    return {(row[1], row[2]): row.taken for row in rows}


def test_sends_edges_and_a_conditional_edge_that_was_never_taken(file):
    """Tasks side by side each take their own way; what a super-step joins is no way of its own."""
    case = map_reduce()
    dbg = Debugger(case.graph, case.input, store=file)
    finish(case, dbg, "step")

    expected = {("plan", "side"): 1, ("plan", "work"): 1, ("side", "sum"): 1, ("work", "sum"): 3}
    assert ways(paths(file)) == expected
    assert ways(paths(file, case.graph)) == expected
    assert not [info for info in dbg.graph.analyze(runs=file).infos if info.code == "never_taken"]


def test_what_no_run_took(file):
    """The function of a conditional edge never said `b`."""
    ran = Ran()
    g = StateGraph(Log).add_node("a", step_node(ran, "a")).add_node("b", step_node(ran, "b"))
    g.add_edge(START, "a").add_conditional_edges("a", lambda s: END, ["b", END]).add_edge("b", END)
    dbg = Debugger(g.compile(name="app"), {"log": [], "n": 0}, store=file)
    dbg.run()

    assert ways(paths(file)) == {("a", "b"): 0}
    assert [str(info) for info in dbg.graph.analyze(runs=file).infos] == [
        "info: conditional edge a -> b was not taken in the one run"
    ]


@pytest.mark.parametrize("name", ["nested", "handoff", "tool_loop_send", "loop_over_subgraph"])
def test_stepped_and_run_alike(name, tmp_path):
    """The way of a task does not depend on how the run was gone on with; inside by path."""
    found = []
    for verb in ("step", "run"):
        case = CASES[name]()
        dbg = Debugger(case.graph, case.input, store=tmp_path / f"{verb}.db")
        finish(case, dbg, verb)
        found.append(ways(paths(tmp_path / f"{verb}.db")))

    assert found[0] == found[1]
    assert sum(found[0].values()) > 0
