"""The ids of the tests are the same everywhere: workers share them out by id."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.house.source import ROOT

COLLECT = [sys.executable, "-m", "pytest", "tests", "--collect-only", "-q"]
# No cache, no doctests, no notebooks: the ids of these tests are all that is wanted.
PLAIN = ["-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]


@pytest.mark.timeout(600)  # beside the other workers each collects for minutes
def test_ids_are_equal_in_two_interpreters():
    """No address, no order of a set, no time: an id names one test for good."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    under_way = [
        subprocess.Popen(
            [*COLLECT, *PLAIN],
            cwd=ROOT,
            env=own | {"PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "2")
    ]
    first, second = (
        [line for line in one.communicate()[0].splitlines() if "::" in line] for one in under_way
    )

    assert len(first) > 2000
    assert sorted(set(first) ^ set(second)) == []
    assert first == second
