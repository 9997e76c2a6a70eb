"""The limit of steps: LIMIT where LangGraph raises, and the run goes on (LANGGRAPH.md L5, L10)."""

from __future__ import annotations

import pytest
from langgraph.errors import GraphRecursionError

from lellm_nb import Debugger, StopReason
from tests.adapters.langgraph.case import Ran
from tests.adapters.langgraph.graphs_nesting import line

R = StopReason


def test_the_recursion_limit_is_a_stop_and_run_goes_on_with_as_many_more():
    """L5: LangGraph raises there, and the run is over; here it is LIMIT."""
    case = line(Ran(), "a", "b", "c", "d", "e").compile()
    with pytest.raises(GraphRecursionError):
        case.invoke({"log": []}, {"recursion_limit": 2})
    dbg = Debugger(case, {"log": []}, config={"recursion_limit": 2})
    reasons, logs = [], []
    for _ in range(3):
        reasons.append(dbg.run().reason)
        logs.append("".join(dbg.state["log"]))

    assert reasons == [R.LIMIT, R.LIMIT, R.COMPLETED]
    assert logs == ["ab", "abcd", "abcde"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_it_raises_where_langgraph_does_also_after_the_last_step(limit):
    """L10: LIMIT even where nothing is left after step L; stepped first or not."""
    for stepped in (0, 1):
        graph = line(Ran(), "a", "b", "c").compile()
        try:
            graph.invoke({"log": []}, {"recursion_limit": limit})
            wanted = R.COMPLETED
        except GraphRecursionError:
            wanted = R.LIMIT
        dbg = Debugger(graph, {"log": []}, config={"recursion_limit": limit})
        if stepped:
            dbg.step(min(stepped, limit))
        assert dbg.run().reason is wanted


@pytest.mark.parametrize("limit", [4, 5, 6, 7, 8])
def test_each_level_counts_its_own_steps(limit):
    """L10: a subgraph of five in a graph of six has the limit for itself."""
    ran = Ran()
    sub = line(ran, "s1", "s2", "s3", "s4", "s5").compile()
    g = line(ran, "a", "b", "c", "d", "e").add_node("sub", sub).add_edge("e", "sub")
    graph = g.compile()
    try:
        graph.invoke({"log": []}, {"recursion_limit": limit})
        wanted = R.COMPLETED
    except GraphRecursionError:
        wanted = R.LIMIT
    dbg = Debugger(graph, {"log": []}, config={"recursion_limit": limit})

    assert dbg.run().reason is wanted
    while dbg.run().reason is R.LIMIT:
        pass
    assert dbg.status == "completed"
