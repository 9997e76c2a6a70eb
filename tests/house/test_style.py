"""Lint, format and types as tests, so that pytest's closing line speaks for all of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(300)  # mypy without its cache
@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]],
    ids=["ruff check", "ruff format", "mypy strict"],
)
def test_the_code_is_clean(command):
    """Ruff and strict mypy have nothing to say."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(120)
def test_the_types_of_the_panels_javascript_are_sound():
    """`tsc` has nothing to say; that it is there is part of the claim."""
    tsc, node = ROOT / ".ci/node_modules/typescript/bin/tsc", shutil.which("node")
    assert tsc.exists(), "No TypeScript here: `bash .ci/setup test` brings it."
    assert node
    done = subprocess.run(
        [node, str(tsc), "--project", "lellm_nb/notebook/static"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
