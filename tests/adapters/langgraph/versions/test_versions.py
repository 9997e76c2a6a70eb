"""The law on older versions of LangGraph, each in an environment of its own (long form)."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
VERSIONS = {
    "1.0.0": ["langchain==1.0.0", "langgraph-prebuilt==1.0.1"],  # a newer one asks for more
    "1.1.10": ["langchain<1.3"],
    "1.2.15": ["langchain>=1.5"],
    "1.2.16": ["langchain>=1.5"],
}
TESTING = [
    "pytest",
    "pytest-timeout",
    "pytest-xdist",
    "nbval",
    "hypothesis",
    "jsonschema",
    "psutil",
]


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_law_holds_on_an_older_version(version, long_form, tmp_path):
    """Every graph that can be built there; below 1.2.16 with what the law says of it."""
    if not long_form:
        versions = [tuple(int(part) for part in one.split(".")) for one in VERSIONS]
        assert versions == sorted(versions)  # from the oldest that is let in
        return
    venv.create(tmp_path / "own", with_pip=True)
    python = tmp_path / "own" / "bin" / "python"
    needed = [f"langgraph=={version}", *VERSIONS[version], *TESTING]
    subprocess.run([python, "-m", "pip", "install", "-q", ROOT, *needed], check=True)
    law = Path(__file__).parents[1] / "test_law.py"
    clean = {name: value for name, value in os.environ.items() if name != "LELLM_LONG"}
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", law],
        cwd=ROOT,
        env={**clean, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert sys.version_info >= (3, 11)
