"""R8 in a debugger: tries are told while they happen, kept, looked up, and drawn from the seed."""

from __future__ import annotations

import random

import pytest

from lellm_nb import Debugger, GraphBuilder, Redactor, Retry, StopReason, from_json, to_json
from tests.debug.graphs_blocked import LIMIT
from tests.waiting import until

LONG = Retry(max=3, backoff=3600, cap=None, jitter=False)


class Service:
    """A node that fails until it is mended, or a number of times."""

    def __init__(self, fails=99):
        self.fails, self.calls = fails, 0

    def __call__(self, ctx):
        self.calls += 1
        if self.fails:
            self.fails -= 1
            raise ConnectionError(f"refused {ctx.state.get('token', '')}".strip())
        ctx.append("log", ctx.path)


def around(node, **options):
    """A graph of a node before, the one that is tried, and one after."""
    g = GraphBuilder("g")
    g.task(lambda ctx: ctx.put("before", True), name="before")
    g.task(node, name="call", **options)
    g.task(lambda ctx: ctx.put("after", True), name="after")
    return g.edge("before", "call").edge("call", "after").start("before").end("after").build()


def waiting(dbg):
    """Start a run, and wait until a node waits to be tried again."""
    handle = dbg.start()
    until(lambda: any(dbg.where().next_in(node) for node in dbg.where()), "a pause", pace=0.01)
    return handle


# -- told while it happens --------------------------------------------------------------------


def test_a_pause_is_told_while_it_lasts():
    """R8: which try comes next, when, and after what; in words, as a table and as rows."""
    dbg = Debugger(around(Service(), retry=LONG), {})
    handle = waiting(dbg)
    (node,) = found = dbg.where()
    (note,) = dbg.summary.retries
    dbg.stop()
    handle.result(LIMIT)

    assert (node.path, node.attempt, node.of, str(node.error)) == ("call", 2, 3, "refused")
    assert 3500 < found.next_in(node) <= 3600
    assert "attempt 2 of 3, next in 3" in repr(found)
    assert repr(found).endswith(" s, after ConnectionError: refused")
    row = found.to_pandas().iloc[0]
    assert (row["attempt"], row["of"], row["at"]) == (2, 3, "")
    assert row["error"] == "ConnectionError: refused"
    assert (note.path, note.visit, note.attempt, note.of) == ("call", 1, 2, 3)
    assert note.until == node.until
    assert from_json(to_json(node)).attempt == 2


def test_a_secret_in_an_error_is_not_told():
    """S: what the redactor of the debugger calls secret is hidden here as in every text."""
    dbg = Debugger(around(Service(), retry=LONG), {"token": "tok-1234"}, redact=Redactor("token"))
    handle = waiting(dbg)
    found = dbg.where()
    dbg.stop()
    handle.result(LIMIT)

    assert "after ConnectionError: refused" in repr(found)
    assert "tok-1234" not in repr(found) + found.to_pandas()["error"][0]


def test_nothing_is_told_once_it_has_committed():
    """R8: nor after the run has come back."""
    dbg = Debugger(around(Service(1), retries=1, backoff=0), {})
    seen = []
    dbg.subscribe(lambda: seen.append([note.attempt for note in dbg.summary.retries]))
    dbg.run()

    assert [2] in seen
    assert (dbg.summary.retries, seen[-1]) == ((), [])


# -- in a pause -------------------------------------------------------------------------------


def test_pause_ends_the_wait_and_the_node_begins_anew():
    """R5: a wait of an hour does not hold a Pause up; nothing of the node is committed."""
    node = Service(1)
    dbg = Debugger(around(node, retry=LONG), {})
    handle = waiting(dbg)
    dbg.pause()
    stop = handle.result(LIMIT)

    assert (stop.reason, stop.frame.path, node.calls) == (StopReason.PAUSED, "before", 1)
    assert dbg.run().reason is StopReason.COMPLETED
    assert (node.calls, dbg.state["log"]) == (2, ["call"])
    assert dbg.frames["call", 1].attempts == ()


def test_stop_ends_the_wait_and_cancels():
    """R5: inside every wait."""
    dbg = Debugger(around(Service(), retry=LONG), {})
    handle = waiting(dbg)
    dbg.stop()

    assert handle.result(LIMIT).reason is StopReason.CANCELLED
    assert [frame.path for frame in dbg.frames][-1] == "before"


# -- kept, and looked up --------------------------------------------------------------------------


def tried(frame):
    """What is told of the attempts of a frame."""
    return [
        (one.number, one.pause, one.late, one.error and str(one.error)) for one in frame.attempts
    ]


ONCE_MORE = [(1, 0.0, False, "refused"), (2, 0.001, False, None)]
QUICK = Retry(backoff=0.001, jitter=False)


@pytest.mark.parametrize("suffix", [".db", ""], ids=["sqlite", "folder"])
def test_attempts_come_back_from_a_store(tmp_path, suffix):
    """R8: with number, pause and error; of what failed for good as well."""
    store = tmp_path / f"runs{suffix}"
    dbg = Debugger(around(Service(1), retry=QUICK), {}, store=store)
    dbg.run()
    failing = dbg.fork(at=1, nodes={"call": Service()})
    assert failing.run().reason is StopReason.FAILED
    kept, last = dbg.frames["call", 1].attempts, tried(failing.frames[-1])
    dbg.close()

    again = Debugger.open(store, graph=around(Service(), retry=QUICK))
    found = again.frames["call", 1]

    assert tried(found) == ONCE_MORE
    assert [(one.started, one.duration) for one in found.attempts] == [
        (one.started, one.duration) for one in kept
    ]
    assert tried(again.branch("fork 1").frames[-1]) == last
    assert [pause for _, pause, *_ in last] == [0.0, 0.001, 0.002]


def test_a_record_is_never_tried_and_keeps_its_attempts():
    """R10: in mode "recorded" the outcome is looked up; its frame says how it had come about."""
    node = Service(1)
    dbg = Debugger(around(node, retry=QUICK), {})
    dbg.run()
    dbg.rewind(1)
    dbg.mode("call", "recorded")
    dbg.run()

    assert (node.calls, dbg.frames["call", 1].recorded) == (2, True)
    assert tried(dbg.frames["call", 1]) == ONCE_MORE


def test_a_rewound_node_has_all_its_tries_again():
    """R8: they are counted from 1 in every run of it; a fork and `retry` as well."""
    node = Service(1)
    dbg = Debugger(around(node, retry=QUICK), {})
    dbg.run()
    node.fails = 1
    dbg.rewind(1)
    dbg.run()
    assert tried(dbg.frames["call", 1]) == ONCE_MORE

    node.fails = 4
    fork = dbg.fork(at=1)
    assert fork.run().reason is StopReason.FAILED
    assert fork.retry().reason is StopReason.STEP
    assert (tried(fork.frames[-1]), node.fails) == (ONCE_MORE, 0)


def test_a_patched_node_keeps_its_retry():
    """R8: what it runs is exchanged, how often it is tried is not."""
    dbg = Debugger(around(Service(), retry=QUICK), {})
    dbg.patch({"call": Service(1)})
    dbg.run()

    assert tried(dbg.frames["call", 1]) == ONCE_MORE


# -- jitter ----------------------------------------------------------------------------------------


def pauses(seed, node=None, **options):
    """The pauses of a node that fails twice, and what it drew itself."""
    drawn = []

    def draws(ctx):
        drawn.append(random.random())
        if len(drawn) < 3:
            raise ConnectionError

    graph = around(node or draws, retry=Retry(backoff=0.002, **options))
    dbg = Debugger(graph, {}, seed=seed)
    dbg.run()
    return [one.pause for one in dbg.frames["call", 1].attempts[1:]], drawn


def test_with_a_seed_pauses_are_drawn_again_as_they_were():
    """R13, R8: from a generator of their own: what nodes draw does not move."""
    first, drawn = pauses(7)

    assert pauses(7) == (first, drawn)
    assert pauses(8)[0] != first
    assert pauses(7, jitter=False)[1] == drawn
    assert 0 <= first[0] <= 0.002
    assert 0 <= first[1] <= 0.004
    assert first[0] != first[1] / 2, "each try draws anew"


def test_without_a_seed_python_s_generator_stands_where_it_stood():
    """R8: a seed that the cell has set gives the same numbers, however often a node is tried."""
    random.seed(3)
    before = random.getstate()
    pauses(None, node=Service(2))

    assert random.getstate() == before
