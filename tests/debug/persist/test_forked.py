"""C12: one process writes a run; a child that was forked from it does not."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import DebuggerError
from tests.strategies import steps

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def in_child(dbg: Debugger, told: Any) -> None:
    try:
        dbg.step()
    except DebuggerError as error:
        told.put((str(error), dbg.frames[-1].path, dict(dbg.state)))
    else:
        told.put(("it ran", "", {}))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_is_refused_may_look_and_leaves_the_run_alone(file: Path) -> None:
    dbg = Debugger(steps("a", "b", "c"), store=file)
    dbg.step()
    forking = multiprocessing.get_context("fork")
    told = forking.Queue()
    child = forking.Process(target=in_child, args=(dbg, told))
    child.start()
    said, path, state = told.get(timeout=30)
    child.join(30)

    assert "forked" in said
    assert (path, state) == ("a", {"log": ["a"]})
    assert dbg.run().error is None
    dbg.close()
    again = Debugger.open(file)
    assert again.state == {"log": ["a", "b", "c"]}
