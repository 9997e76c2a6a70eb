"""What every server of a test shares: a port, a home of its own, an end by its own handle.

The browser that looks at them is here too. Nothing sleeps: each wait is for a condition.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.waiting import until

ROOT = Path(__file__).resolve().parents[3]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def installed_browser() -> str | None:
    """The Chromium of this machine, or None for the one that playwright brings."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Start a headless browser that talks to nobody but the page it is given."""
    arguments = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-dev-shm-usage",  # containers have a tiny /dev/shm
        "--disable-sync",
        "--force-color-profile=srgb",
        "--no-first-run",
    ]
    if hasattr(os, "getuid") and os.getuid() == 0:
        arguments.append("--no-sandbox")  # Chromium's sandbox refuses root
    return playwright.chromium.launch(
        executable_path=installed_browser(), headless=True, args=arguments, timeout=60_000
    )


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that lives as long as the `with` block: one at a time in a process."""
    with sync_playwright() as playwright:
        yield launch(playwright)


class Server:
    """A server on a free port of this machine, for as long as the `with` block.

    It is ended by its own handle. Its home is a folder of its own, so that neither the
    person's configuration nor an earlier run is seen. Without a `browser` it brings one.
    """

    def __init__(self, browser: Browser | None = None) -> None:
        self._given = browser
        self._stack = ExitStack()
        self.token = secrets.token_hex(16)
        self._home = tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True)
        self.home = Path(self._home.name)
        self.root = self.home / "work"
        self.log = self.home / "server.log"

    def command(self) -> list[str]:
        """What starts it; `port`, `root` and `token` are known."""
        raise NotImplementedError

    def surroundings(self) -> dict[str, str]:
        """The environment variables that keep it at home."""
        raise NotImplementedError

    def alive(self) -> urllib.request.Request:
        """What it answers once it is up."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        with self._stack:
            self._stack.callback(self._home.cleanup)
            self.root.mkdir()
            self._start()
            self.browser = self._given or self._stack.enter_context(chromium())
            self._stack = self._stack.pop_all()  # from here on `__exit__` closes
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        output = self._stack.enter_context(self.log.open("w"))
        self._server = subprocess.Popen(
            self.command(),
            cwd=self.root,
            env=os.environ | self.surroundings(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        self._stack.callback(self._stop)
        until(self._answers, "the server to answer", timeout=60)

    def _stop(self) -> None:
        self._server.terminate()  # ends its kernels too
        try:
            self._server.wait(15)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()

    def _answers(self) -> bool:
        if self._server.poll() is not None:
            raise AssertionError(f"The server ended at once:\n{self.log.read_text()[-3000:]}")
        try:
            with urllib.request.urlopen(self.alive(), timeout=5) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False


def complaints_of(page: Page) -> list[str]:
    """What the page reports as an error from now on: uncaught exceptions, console errors."""
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    return said
