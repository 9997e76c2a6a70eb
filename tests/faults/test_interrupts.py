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
