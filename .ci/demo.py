"""Open the first notebook in JupyterLab; without a desktop, print where it is.

The server listens on this machine only, on a free port, behind a token made for this run.
Control-C ends it.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = "notebooks/01_first_run.ipynb"


def free_port() -> int:
    """A port that nobody listens on; 8888 when it is free, as people expect it there."""
    for wanted in (8888, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("No free port on 127.0.0.1.")


def has_desktop() -> bool:
    """Whether a browser window could appear where this runs."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def ask_no_questions() -> None:
    """Spare the reader JupyterLab's question about its news feed. Our own .venv only."""
    settings = Path(sys.prefix, "share", "jupyter", "lab", "settings")
    if sys.prefix == sys.base_prefix or (settings / "overrides.json").exists():
        return
    settings.mkdir(parents=True, exist_ok=True)
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
    (settings / "overrides.json").write_text(json.dumps(quiet))


def answers(port: int, token: str) -> bool:
    """Whether the server says it is there."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/status", headers={"Authorization": f"token {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def main() -> int:
    ask_no_questions()
    port, token = free_port(), secrets.token_hex(16)
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--log-level=ERROR",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={ROOT}",
        f"--IdentityProvider.token={token}",
    ]
    if hasattr(os, "getuid") and os.getuid() == 0:
        command.append("--allow-root")  # Jupyter refuses root otherwise; containers often are
    # In a session of its own: Control-C is for us, and the server would ask whether we mean it.
    server = subprocess.Popen(command, cwd=ROOT, start_new_session=True)

    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    for ending in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, ending):
            signal.signal(getattr(signal, ending), leave)
    try:
        limit = time.monotonic() + 90
        while not answers(port, token):
            if server.poll() is not None:
                print(f"JupyterLab ended with code {server.returncode}.", file=sys.stderr)
                return server.returncode or 1
            if time.monotonic() > limit:
                print("JupyterLab did not answer within 90 seconds.", file=sys.stderr)
                return 1
            time.sleep(0.1)
        url = f"http://127.0.0.1:{port}/lab/tree/{NOTEBOOK}?token={token}"
        print(f"\nThe first notebook is at\n\n    {url}\n")
        if not (has_desktop() and webbrowser.open(url)):
            print("Open it in a browser. From another machine, forward the port first:")
            print(f"    ssh -L {port}:127.0.0.1:{port} <this machine>")
        print("Control-C here ends it.", flush=True)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        if server.poll() is None:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


if __name__ == "__main__":
    sys.exit(main())
