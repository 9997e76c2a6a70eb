"""Sweeps and grids that can not be made are refused before anything starts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from lellm_nb import grid
from lellm_nb.errors import DebuggerError, NoSuchFrameError, StateTypeError
from tests.debug.graphs_sweep import numbers


@pytest.mark.parametrize(
    ("at", "variants", "options", "error", "says"),
    [
        (0, [], {}, DebuggerError, "at least one variant"),
        (0, {}, {}, DebuggerError, "at least one variant"),
        (0, grid(n=[]), {}, DebuggerError, "at least one variant"),
        (0, None, {}, DebuggerError, "mapping"),
        (0, 3, {}, DebuggerError, "mapping"),
        (
            0,
            [{"n": 1}, 3],
            {},
            DebuggerError,
            "Variant 1 is .* a Variant, not 3",
        ),
        (0, {"a": [1]}, {}, DebuggerError, "Variant a is"),
        (0, [{"square": len}], {}, DebuggerError, r"Variant\(nodes=\{'square': …\}\)"),
        (0, [{"n": 1}], {"n": 0}, DebuggerError, "n is a whole number from 1"),
        (0, [{"n": 1}], {"n": "2"}, DebuggerError, "n is a whole number from 1"),
        (0, [{"n": 1}], {"n": True}, DebuggerError, "n is a whole number from 1"),
        (0, [{"n": 1}], {"until": 3}, DebuggerError, "until is"),
        (0, [{"n": 1}], {"until": "rot"}, DebuggerError, "root"),
        (0, [{3: 1}], {}, StateTypeError, "text"),
        (0, [{"n": 1}, {3: 1}], {}, StateTypeError, "text"),
        (99, [{"n": 1}], {}, NoSuchFrameError, "frames 0 to"),
        (("rot", 1), [{"n": 1}], {}, NoSuchFrameError, "did not run"),
    ],
)
def test_a_sweep_that_can_not_be_made(at, variants, options, error, says):
    """Bad input: said before anything starts, and no line is made."""
    dbg = numbers()
    with pytest.raises(error, match=says):
        dbg.sweep(at, variants, progress=False, **options)
    assert dbg.lines == ["main"]


@pytest.mark.parametrize("executor", [3, "threads", object()])
def test_an_executor_that_is_none(executor):
    """Bad input."""
    dbg = numbers()
    with pytest.raises(DebuggerError, match="executor"):
        dbg.sweep(0, [{"n": 1}], executor=executor, progress=False)
    assert dbg.lines == ["main"]


def test_with_an_executor_until_is_a_predicate():
    """A node's name is not looked for in another thread's run."""
    dbg = numbers()
    with ThreadPoolExecutor(1) as threads, pytest.raises(DebuggerError, match="predicate"):
        dbg.sweep(0, [{"n": 1}], until="root", executor=threads, progress=False)
    assert dbg.lines == ["main"]


def test_a_grid_of_what_is_no_list():
    """Bad input: a text is no list of values, nor is a number."""
    for value in (3, "ab", None):
        with pytest.raises(DebuggerError, match="model"):
            grid(model=value)
