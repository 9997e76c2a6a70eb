"""A step as a pytest that runs alone, in a real file, and what can not be written out."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lellm_nb import Debugger, Put
from lellm_nb.errors import DebuggerError, NoSuchFrameError
from tests.debug.codegen.written_steps import cell_of, ran, skipped
from tests.strategies import fanned, finish_debugger, nested, review

RATE = 1.19
ROOT = Path(__file__).resolve().parents[3]


def run_written(tmp_path, *texts):
    """Run written tests with pytest, in a folder of their own; returns what it said."""
    for i, text in enumerate(texts):
        (tmp_path / f"test_written_{i}.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


# -- a real file -------------------------------------------------------------------------


def taxed(ctx):
    return {"gross": ctx.state["net"] * RATE}


def test_a_written_test_passes_when_run(tmp_path):
    """The file runs by itself: functions at the top, closures, async nodes, nests and loops.

    Issue 4: what is missing is named, not guessed; then the test is skipped.
    """
    bonus = [1, 2]
    lock = threading.Lock()

    def locked(ctx):
        with lock:
            return {"n": 1}

    async def adds(ctx):
        await asyncio.sleep(0)
        ctx.append("log", sum(bonus))
        ctx.delete("gone")

    top = ran(taxed, {"net": 10})
    inside = ran(adds, {"gone": 1})
    nest = Debugger(nested())
    finish_debugger(nest)
    fan = Debugger(fanned())
    finish_debugger(fan)
    loop = Debugger(review(), {"topic": "x"})
    loop.run()
    loop.reject("no", then_run=True)
    texts = [
        *(top.to_test(1), inside.to_test(1), nest.to_test(("agent/llm", 1))),
        *(nest.to_test(-1), fan.to_test(("par/deep/one", 1)), loop.to_test(("draft", 2))),
        ran(locked).to_test(1),
    ]
    said = run_written(tmp_path, *texts)

    assert "6 passed, 1 skipped" in said
    assert "missing: lock (lock is lock)" in said


def test_a_written_test_fails_when_the_function_changes(tmp_path):
    """That is what it is for."""
    home = tmp_path / "shop_prices.py"
    home.write_text("def price(ctx):\n    return {'price': ctx.state['n'] * 2}\n")
    spec = importlib.util.spec_from_file_location("shop_prices", home)
    module = importlib.util.module_from_spec(spec)
    sys.modules["shop_prices"] = module
    spec.loader.exec_module(module)
    try:
        text = ran(module.price, {"n": 2}).to_test(1)
    finally:
        del sys.modules["shop_prices"]

    assert "from shop_prices import price" in text
    home.write_text("def price(ctx):\n    return {'price': ctx.state['n'] * 3}\n")
    assert "1 failed" in run_written(tmp_path, text)


def test_a_step_of_old_code_says_so():
    """Patched since: the code that made the frame is gone."""
    dbg = ran(taxed, {"net": 1})
    dbg.patch({"node": lambda ctx: {"gross": 0}})

    assert "replaced after the step" in skipped(dbg, 1)


# -- bad input ---------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["to_test", "to_cell"])
def test_only_a_tasks_run_can_be_written_out(verb):
    """The start, a barrier, a decision, a failure, an exit: it says what to choose."""
    dbg = Debugger(nested())
    finish_debugger(dbg)
    write = getattr(dbg, verb)
    for frame in dbg.frames:
        if frame.kind != "commit":
            with pytest.raises(DebuggerError, match="kind commit"):
                write(frame)
    with pytest.raises(NoSuchFrameError):
        write(99)
    with pytest.raises(NoSuchFrameError):
        write(("agent/lm", 1))


def test_a_cell_works_inside_a_running_event_loop():
    """A notebook cell always has one."""

    async def adds(ctx):
        await asyncio.sleep(0)
        return {"n": ctx.state["n"] + 1}

    text = ran(adds, {"n": 1}).to_cell(1)

    async def cell():
        return cell_of(text)

    assert asyncio.run(cell()) == [Put("n", 2)]


def test_writing_out_runs_nothing_and_moves_nothing():
    """It is looking."""
    runs = []

    def counts(ctx):
        runs.append(1)
        return {"n": len(runs)}

    dbg = ran(counts)
    before = (dbg.head, len(dbg.frames), dbg.lines)
    dbg.to_test(1)
    dbg.to_cell(1)

    assert runs == [1]
    assert (dbg.head, len(dbg.frames), dbg.lines) == before
