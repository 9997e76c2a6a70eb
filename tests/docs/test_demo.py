"""`make demo`, from the moment its installation is done."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="the demo is started by make")
@pytest.mark.timeout(120)
def test_the_demo_prints_an_address_that_answers_and_leaves_nothing_behind(tmp_path):
    """Without a desktop the URL is printed; Control-C ends the server too."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    own = {"CI": "true", "HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    demo = subprocess.Popen(
        [sys.executable, str(ROOT / ".ci" / "demo.py")],
        env=environment | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout is not None
    try:
        printed = ""
        for line in demo.stdout:
            printed += line
            if "Control-C" in line:
                break
        found = re.search(
            r"http://127\.0\.0\.1:\d+/lab/tree/notebooks/01_first_run\.ipynb\?\S+", printed
        )
        assert found, printed
        with urllib.request.urlopen(found[0], timeout=30) as reply:
            assert reply.status == 200
    finally:
        demo.send_signal(signal.SIGINT)
        code = demo.wait(30)

    assert code == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(found[0], timeout=5)
