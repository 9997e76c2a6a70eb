"""R11: a plain node that hangs on its thread holds nobody else, and not the interpreter."""

from __future__ import annotations

import subprocess
import sys
import threading

from lellm_nb import GraphBuilder
from lellm_nb.engine.context import Context
from lellm_nb.engine.driving.node_threads import NodeThreads

MANY = 300
PATIENCE = 60


def test_any_number_of_calls_that_hang_leaves_the_next_one_a_thread() -> None:
    threads, go_on, hanging = NodeThreads(), threading.Event(), threading.Semaphore(0)

    def hang() -> None:
        hanging.release()
        go_on.wait(PATIENCE)

    stuck = [threads.submit(hang) for _ in range(MANY)]
    for _ in stuck:
        assert hanging.acquire(timeout=PATIENCE)
    assert threads.submit(lambda: "came back").result(PATIENCE) == "came back"
    assert not any(future.done() for future in stuck)
    go_on.set()
    for future in stuck:
        future.result(PATIENCE)


def test_a_thread_that_is_idle_is_used_again() -> None:
    threads, one_at_a_time = NodeThreads(), set()
    for _ in range(20):
        one_at_a_time.add(threads.submit(threading.get_ident).result(PATIENCE))
    # the thread may be told to be idle a moment after its result is there
    assert len(one_at_a_time) < 20


def test_what_a_call_raises_is_the_future_s_whatever_it_is() -> None:
    def leave() -> None:
        raise SystemExit(3)

    threads = NodeThreads()
    assert isinstance(threads.submit(leave).exception(PATIENCE), SystemExit)
    assert threads.submit(abs, -1).result(PATIENCE) == 1


def test_three_hundred_plain_branches_run_side_by_side() -> None:
    all_there = threading.Barrier(MANY)

    def wait(ctx: Context) -> None:
        all_there.wait(PATIENCE)

    builder = GraphBuilder("g").parallel("fan", {f"b{i}": wait for i in range(MANY)})
    builder.start("fan").end("fan").build().run({})
    assert not all_there.broken


SCRIPT = """
import threading
from lellm_nb import Debugger, GraphBuilder

builder = GraphBuilder("g").start("hangs").end("hangs")
builder.task(lambda ctx: threading.Event().wait(), name="hangs", timeout=0.05)
print(Debugger(builder.build()).run().reason.name, flush=True)
"""


def test_a_node_that_hangs_does_not_keep_the_interpreter_from_its_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.stdout.strip(), done.returncode) == ("FAILED", 0), done.stderr
