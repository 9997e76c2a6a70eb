"""R11: Interrupt at any instruction leaves nothing claimed, no transaction open, no frame lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

INTERRUPTS = 10_000 if os.environ.get("LELLM_LONG") else 500
PROCESSES = 2


@pytest.mark.timeout(1800)
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signals of this kind here")
@pytest.mark.parametrize("number", range(PROCESSES))
def test_interrupts_at_random_instructions_leave_nothing_stuck(number, tmp_path):
    """In run, step, rewind, fork, patch, notes, pins and writes of a store."""
    wanted = INTERRUPTS // PROCESSES
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.interrupted", str(tmp_path), str(wanted), str(number)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == [str(wanted), "nothing"], done.stdout + done.stderr


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize("store", ["runs.db", "runs/"])
def test_the_runs_of_a_store_go_on_after_interrupts_and_nothing_reported_is_lost(
    store, runs, tmp_path
):
    """R11: through one store, with one run and with two; the long form sends 500 to each."""
    wanted = 500 if os.environ.get("LELLM_LONG") else 12
    for seed in range(3):
        some = wanted // 3 + (wanted % 3 > seed)
        where = f"{tmp_path}/{seed} {store}"
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.survivor", where, str(runs), str(some), str(seed)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout.split(maxsplit=2)
        assert said[::2] == [str(some), "nothing\n"], done.stdout + done.stderr
        assert int(said[1])
