"""The benchmarks run; what they find is for people to read, and never fails a test."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.timeout(300)  # under a minute on a quiet machine
def test_the_short_form_of_the_benchmarks_runs(tmp_path):
    """Every workload can be measured, with no peer installed; the numbers are not judged."""
    found = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--short", "--json", str(found)]

    done = subprocess.run(
        [*command, "--libraries", "bare", "lellm_nb"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(found.read_text(encoding="utf-8"))
    assert [r["problem"] for r in results] == [""] * len(results)
    known = ("W1", "W1 long", "W2", "W3", "W4", "W5", "map", "W6", "W6 reopening", "import", "lies")
    assert {*known} <= {r["figure"]["workload"] for r in results}


@pytest.mark.timeout(300)  # half a minute on a quiet machine
def test_the_short_form_of_what_is_measured_on_langgraph_runs(tmp_path):
    """Every case runs beside plain LangGraph; without LangGraph it is shown as not installed."""
    found = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--short", "--json", str(found)]

    done = subprocess.run(
        [*command, "--workloads", "langgraph"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(found.read_text(encoding="utf-8"))
    expected = "" if find_spec("langgraph") else "not installed"
    assert [r["problem"] for r in results] == [expected] * len(results)
    assert len(results) == 12
