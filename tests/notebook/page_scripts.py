"""The page's own modules in a JavaScript engine, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lellm_nb.notebook.widget.assets import STATIC


def engine() -> str:
    """A JavaScript engine: the system's, or the one that playwright brings; skips without."""
    found = shutil.which("node")
    if found is not None:
        return found
    driver = pytest.importorskip("playwright._impl._driver", reason="no JavaScript engine here")
    return str(driver.compute_driver_executable()[0])


def asking(folder: Path, program: str) -> Callable[[Any], Any]:
    """Return what gives a program beside the page's modules JSON to read, and gets its answer.

    Args:
        folder: An empty one, for a copy of the page's modules.
        program: A module that imports from them, reads its input and writes JSON.
    """
    shutil.copytree(STATIC, folder, dirs_exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "ask.js").write_text(program)

    def ask(given: Any) -> Any:
        done = subprocess.run(
            [engine(), "ask.js"],
            input=json.dumps(given),
            capture_output=True, text=True, check=False, timeout=60, cwd=folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask
