"""The way from a press to what the page is told stays short."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

MOST = 125
"""Half of the 250 that it was when every verb went through a chain of classes."""


def test_the_way_of_approve_is_short():
    """From the press to the delta: few calls from one module into another.

    Counted in a process of its own, where every thread is watched from its start.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hops"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    hops = int(re.search(r"approve and stay: (\d+) hops", done.stdout)[1])
    assert 40 < hops <= MOST, done.stdout
