"""R8: how often a node is tried, after which errors, and after what pauses."""

from __future__ import annotations

import asyncio
import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import GraphBuilder, Retry
from lellm_nb.errors import GraphError, InvalidNodeError
from lellm_nb.graph import Task
from lellm_nb.graph.code.code_place import code_places_of, with_code


def node(ctx):
    """Does nothing."""


async def later(error):
    """What no rule can be."""


def busy(error):
    """Whether a service says that it is busy."""
    return "busy" in str(error)


# -- pauses ----------------------------------------------------------------------------------


@given(
    backoff=st.floats(0, 1e6),
    factor=st.floats(1, 100),
    cap=st.none() | st.floats(0, 1e9),
    failed=st.integers(1, 1_000),
    share=st.floats(0, 1),
)
def test_a_pause_grows_up_to_the_cap_and_jitter_draws_within_it(
    backoff, factor, cap, failed, share
):
    """R8: within [0, min(cap, backoff * factor ** (n - 1))], and equal to it without jitter."""
    try:
        whole = backoff * factor ** (failed - 1) if backoff else 0.0
    except OverflowError:
        whole = float("inf")
    most = whole if cap is None else min(cap, whole)
    plain = Retry(backoff=backoff, factor=factor, cap=cap, jitter=False)
    drawn = Retry(backoff=backoff, factor=factor, cap=cap)

    if most < 1e300:
        assert plain.pause(failed) == pytest.approx(most)
    assert plain.pause(failed, share) == plain.pause(failed)
    assert 0 <= drawn.pause(failed, share) <= plain.pause(failed) < float("inf")
    assert drawn.pause(failed, 1.0) == plain.pause(failed)


def test_a_function_says_the_pause_and_the_cap_holds_it():
    """R8: it is given the number of the try that failed."""
    retry = Retry(backoff=lambda failed: 10 * failed, factor=9, cap=25, jitter=False)

    assert [retry.pause(n) for n in (1, 2, 3)] == [10, 20, 25]
    with pytest.raises(GraphError, match=r"backoff\(1\) is a number of seconds from 0, not None"):
        Retry(backoff=lambda failed: None).pause(1)


# -- after which errors ------------------------------------------------------------------------


def test_it_is_for_the_errors_that_it_names():
    """R8: classes with all below them, or what a function says; all of `Exception` by default."""
    assert Retry().is_for(ValueError())
    assert Retry(on=ConnectionError).on == (ConnectionError,)
    assert Retry(on=[ConnectionError, KeyError]).is_for(ConnectionResetError())
    assert not Retry(on=(ConnectionError, KeyError)).is_for(ValueError())
    assert Retry(on=busy).is_for(ValueError("busy"))
    assert not Retry(on=busy).is_for(ValueError("gone"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_is_no_failure_is_never_tried_again(error):
    """R8: whatever the rule says."""
    assert not Retry(on=lambda error: True).is_for(error())


# -- the door ------------------------------------------------------------------------------------

BAD = [
    *(("max", bad) for bad in (0, -1, 1.5, "3", None, True)),
    *(("on", bad) for bad in ("ValueError", 3, None, (), [int], [ValueError()], later)),
    *(("on", bad) for bad in (KeyboardInterrupt, (ValueError, SystemExit), lambda: True)),
    *(("backoff", bad) for bad in (-1, "1", None, float("nan"), later, lambda a, b: 1)),
    *(("factor", bad) for bad in (0, 0.5, "2", None, float("inf"), True)),
    *(("cap", bad) for bad in (-1, "30", float("nan"))),
    *(("jitter", bad) for bad in ("no", None, 2)),
]


@pytest.mark.parametrize(("argument", "bad"), BAD)
def test_what_does_not_fit_is_refused_and_named(argument, bad):
    """R8: where the Retry is made."""
    with pytest.raises(GraphError, match=rf"^Retry: {argument} ") as caught:
        Retry(**{argument: bad})
    assert caught.value.argument == argument


@pytest.mark.parametrize(("argument", "bad"), [("retry", 3), ("retry", Retry), ("idle_timeout", 0)])
def test_a_task_refuses_what_is_none(argument, bad):
    """R8: and the graph stays as it was."""
    g = GraphBuilder("g")
    with pytest.raises(InvalidNodeError, match=argument) as caught:
        g.task(node, **{argument: bad})

    assert caught.value.argument == argument
    assert g.node("node", node).start("node").end("node").build().nodes["node"].retry is None


def test_both_forms_at_once_are_refused():
    """R8: `retries` and `backoff` are the short form of `retry`."""
    for short in ({"retries": 5}, {"backoff": 3}, {"retries": 1, "backoff": 3}):
        with pytest.raises(InvalidNodeError, match="give one of the two") as caught:
            GraphBuilder("g").task(node, retry=Retry(max=3), **short)
        assert caught.value.argument == "retry"


def test_an_unknown_option_names_the_known_ones():
    """The new ones are among them."""
    with pytest.raises(TypeError, match="idle_timeout, retries, retry, side_effects, timeout"):
        GraphBuilder("g").task(node, idletimeout=3)


# -- a task ------------------------------------------------------------------------------------


def test_the_short_form_is_a_retry_and_a_retry_reads_like_it():
    """R8: tries in all are retries and one; no jitter, no cap."""
    short = Task("a", node, retries=2, backoff=0.5)
    long = Task("a", node, retry=Retry(max=3, backoff=0.5))

    assert short.retry == Retry(3, backoff=0.5, factor=2, cap=None, jitter=False)
    assert (long.retries, long.backoff) == (2, 0.5)
    assert Task("a", node).retry is None
    for task in (short, long):
        assert replace(task, name="b").retry == task.retry


def test_a_node_with_other_code_keeps_its_retry():
    """G9, R8: patched, renamed in a graph, and its own functions exchanged."""
    task = Task("a", node, retry=Retry(on=busy, backoff=float, cap=7))
    graph = GraphBuilder("g").node("b", task).start("b").end("b").build()
    places = dict(code_places_of(task))
    patched = with_code(graph.nodes["b"], "", dict.fromkeys(places, later_busy))

    assert [place.part for place in places] == ["", "backoff", "retry"]
    assert graph.nodes["b"].retry is task.retry
    assert patched.fn is patched.backoff is patched.retry.on is patched.retry.backoff is later_busy
    assert (patched.retry.max, patched.retry.cap) == (3, 7)


def later_busy(value):
    """Stands for any function of one argument."""


def test_a_retry_is_code_and_changes_no_fingerprint():
    """G7: what a graph looks like does not have it."""

    def built(**options):
        g = GraphBuilder("g")
        g.task(node, **options)
        return g.start("node").end("node").build()

    assert built().fingerprint == built(retry=Retry(), idle_timeout=3).fingerprint
    assert built().canonical_hash == built(retry=Retry()).canonical_hash


def test_a_retry_is_a_value():
    """It compares and goes to other processes, as its graph does."""
    retry = Retry(on=(KeyError, OSError), cap=None)

    assert pickle.loads(pickle.dumps(retry)) == retry != replace(retry, jitter=False)
