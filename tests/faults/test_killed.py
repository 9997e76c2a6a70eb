"""kill -9 at any moment: what was reported is there, and the run goes on."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lellm_nb import Debugger
from tests.faults.victim import graph

ROOT = Path(__file__).parents[2]


def killed(file, kind, after):
    """Run the victim until some frames were reported, then kill it; return the reports."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.victim", str(file), kind],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == b"ready\n", child.stderr.read().decode()
        reports = [child.stdout.readline() for _ in range(after)]
    finally:
        child.send_signal(signal.SIGKILL)
        # not communicate(): it reads past what readline has buffered
        rest, failure = child.stdout.read(), child.stderr.read()
        child.wait()
    assert child.returncode == -signal.SIGKILL, failure.decode()
    # the last line may be half written: then it was not reported
    reports += [line for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]
    return [(name, int(i), int(n)) for name, i, n in (r.decode().split("|") for r in reports)]


def check(file, kind, reports):
    """Every reported frame is there, the position is whole, and the next node runs."""
    read = Debugger.open(file)
    for name, index, logged in reports:
        if name.startswith("@"):
            fork = read.branch(name[1:])
            assert (fork.head, len(fork.breakpoints)) == (index, logged)
            continue
        line = read.session.history.lines[name]
        assert len(line[index].root_state["log"]) == logged
    for line in read.session.history.lines.values():
        for frame in line:
            assert frame.position is not None
    again = Debugger.open(file, graph=graph(kind))
    assert again.position == read.position
    assert [p.id for p in again.pending] == [p.id for p in read.pending]
    stop = again.approve(again.pending[0].id) if again.pending else again.step()
    assert stop.reason.name in ("STEP", "BARRIER")
    again.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["chain", "nest", "fan"])
def test_nothing_reported_is_lost_by_a_kill(kind, tmp_path, long_form):
    """Killed again and again, at random moments, the one run goes on from where it was.

    The long form kills 501 times in all, a tenth of that otherwise.
    """
    chance = random.Random(kind)
    file = tmp_path / "runs.db"
    rounds = 167 if long_form else 17
    reported = 0
    for i in range(rounds):
        if i % 6 == 0:
            file = tmp_path / f"runs {i}.db"
        reports = killed(
            file, kind, chance.choice([0, 1, 2, 3, 10, 40, 100, chance.randrange(200)])
        )
        reported += len(reports)
        check(file, kind, reports)
    assert reported
