"""R1: the limit of steps."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder, MemorySink, NoopBarrierSink, StopReason
from lellm_nb.errors import StepsExceededError
from tests.strategies import fanned, review, steps


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_exactly_max_steps_nodes_may_run(limit):
    """R1: a run that ends on the last allowed node succeeds; one more raises."""
    names = "abcdefghijk"
    sink = MemorySink()

    assert len(steps(*names[:limit]).run({}, max_steps=limit).state["log"]) == limit
    with pytest.raises(StepsExceededError) as caught:
        steps(*names[: limit + 1]).run({}, max_steps=limit, checkpoint=sink)
    assert caught.value.limit == limit
    assert caught.value.path == caught.value.node == names[limit]
    assert caught.value.state == {"log": list(names[:limit])}
    assert len(sink.frames) == limit


def test_a_barrier_counts_once():
    """B1: two frames, one cursor, one step of the limit."""
    graph = review()
    options = {"barrier": NoopBarrierSink()}

    assert graph.run({"topic": "x"}, max_steps=3, **options).state["published"]
    with pytest.raises(StepsExceededError) as caught:
        graph.run({"topic": "x"}, max_steps=2, **options)
    assert caught.value.node == "publish"
    with pytest.raises(StepsExceededError) as caught:
        graph.run({"topic": "x"}, max_steps=1, **options)
    assert caught.value.node == "approve"


def test_steps_inside_a_composite_count_at_their_own_level():
    """N1, P1: an inner level has a limit of its own; the outer counts the composite once."""
    assert fanned().run({}, max_steps=3, barrier=NoopBarrierSink()).state["log"][-1] == "last"


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_subgraph_has_an_exact_limit_of_its_own(limit):
    """N1: exactly `max_steps` inner nodes may run; the path is the inner node's."""
    g = GraphBuilder("g").subgraph("sub", steps("a", "b"), max_steps=limit)
    graph = g.start("sub").end("sub").build()
    if limit >= 2:
        assert graph.run({}).state == {"log": ["sub/a", "sub/b"]}
        return
    with pytest.raises(StepsExceededError) as caught:
        graph.run({})
    assert (caught.value.limit, caught.value.path, caught.value.node) == (1, "sub/b", "b")


def test_a_session_and_a_debugger_hold_at_the_limit():
    """DESIGN: the Debugger holds with LIMIT, and the next run goes on from there."""
    dbg = Debugger(steps("a", "b", "c", "d", "e"), max_steps=2)

    assert dbg.run().reason is StopReason.LIMIT
    assert dbg.state == {"log": ["a", "b"]}
    assert dbg.run().reason is StopReason.LIMIT
    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state == {"log": list("abcde")}


def test_a_debugger_that_ends_on_the_last_allowed_step_has_completed():
    """R1: exactly `max_steps`, here as well."""
    assert Debugger(steps("a", "b"), max_steps=2).run().reason is StopReason.COMPLETED
