"""The clients of OpenAI and Anthropic before August 2026, which lie on httpx and not on httpx2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OLDER = ROOT / ".venv" / "older-clients"


@pytest.mark.timeout(240)  # it imports both clients anew
def test_older_clients_are_taken_down_and_served_the_same():
    """One wire under both generations: what moved from httpx to httpx2 is seen in both places."""
    assert OLDER.exists(), "No older clients here: `bash .ci/setup check` brings them."
    env = {**os.environ, "PYTHONPATH": str(OLDER)}
    version = "import openai, anthropic; print(openai.__version__, anthropic.__version__)"
    found = subprocess.run(
        [sys.executable, "-c", version], env=env, capture_output=True, text=True, check=True
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_models.py"],
        cwd=Path(__file__).parent, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert found.stdout.split() == ["2.54.0", "0.125.0"]
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
