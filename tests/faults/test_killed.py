"""kill -9 at any moment: what was reported is there, and the runs go on."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lellm_nb import Debugger
from lellm_nb.store.store_at import store_at
from tests.faults.victim import graph, onward

ROOT = Path(__file__).parents[2]
KINDS = ("chain", "nest", "fan")
STORES = {"sqlite": "runs {}.db", "folder": "runs {}/"}


def killed(where, kind, runs, after):
    """Run the victim until some frames were reported, then kill it; return the reports."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.victim", where, kind, str(runs)],
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
    return [
        (run, name, int(i), int(n)) for run, name, i, n in (r.decode().split("|") for r in reports)
    ]


def check(where, kind, runs, reports):
    """Every reported frame is there, the position is whole, and the next node runs."""
    store = store_at(where)
    for run in map(str, range(runs)):
        read = Debugger.open(store, run)
        for of, name, index, logged in reports:
            if of != run:
                continue
            if name.startswith("@"):
                fork = read.branch(name[1:])
                assert (fork.head, len(fork.breakpoints)) == (index, logged)
                continue
            line = read.session.history.lines[name]
            assert len(line[index].root_state["log"]) == logged
        for line in read.session.history.lines.values():
            for frame in line:
                assert frame.position is not None
        again = Debugger.open(store, run, graph=graph(kind))
        assert again.position == read.position
        assert [p.id for p in again.pending] == [p.id for p in read.pending]
        stop = onward(again)
        assert stop.reason.name in ("STEP", "BARRIER")
        again.close()
    store.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize("store", STORES)
def test_nothing_reported_is_lost_by_a_kill(store, runs, tmp_path, long_form):
    """R7: killed again and again, at random moments, the runs go on from where they were.

    The long form kills 500 times with each store, with one run and with two.
    """
    chance = random.Random(f"{store} {runs}")
    reported = 0
    for i in range(500 if long_form else 12):
        if i % 6 == 0:
            where, kind = f"{tmp_path}/{STORES[store].format(i)}", KINDS[i // 6 % 3]
        after = chance.choice([0, 1, 2, 3, 10, 40, 100, chance.randrange(200)])
        reports = killed(where, kind, runs, after)
        reported += len(reports)
        check(where, kind, runs, reports)
    assert reported
