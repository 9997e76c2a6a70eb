"""Standing rules over the interrupts of a LangGraph graph."""

from __future__ import annotations

from typing import Any, TypedDict

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from lellm_nb import Answer, Debugger, Reject, StopReason
from lellm_nb.errors import NoSuchNodeError, StandingRuleError

R = StopReason


class Said(TypedDict, total=False):
    """What is asked about, and what was said."""

    n: int
    said: Any


def asking():
    """Return a debugger of a node that asks."""
    g = StateGraph(Said).add_node("ask", lambda s: {"said": interrupt("sure?")})
    return Debugger(g.add_edge(START, "ask").compile(), {"n": 1})


@pytest.mark.parametrize("verb", ["run", "step"])
@pytest.mark.parametrize(
    ("decision", "said"),
    [("approve", True), (Reject("no"), {"rejected": "no"}), (Answer({"a": 1}), {"a": 1})],
)
def test_a_rule_decides_an_interrupt(verb, decision, said):
    """B9: as `approve`, `reject` and `answer` do; recorded as by the rule."""
    dbg = asking()
    rule = dbg.always("ask", decision, when=lambda s: s["n"] == 1)
    for _ in range(4):
        getattr(dbg, verb)()

    assert dbg.status == "completed"
    assert dbg.state["said"] == said
    assert [f.decision.by for f in dbg.frames if f.decision] == [rule.by]


def test_a_condition_that_raises_holds_there():
    """B9: the stop says so."""
    dbg = asking()
    dbg.always("ask", "approve", when=lambda s: s["gone"])
    stop = dbg.run()

    assert (stop.reason, len(stop.pending)) == (R.BARRIER, 1)
    assert isinstance(stop.error, StandingRuleError)
    with pytest.raises(NoSuchNodeError, match="Did you mean 'ask'"):
        dbg.always("akk", "approve")
