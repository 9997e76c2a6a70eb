"""A real JupyterLab and a real browser for tests: the browser acts, Python is asserted.

    with Lab() as lab, lab.open("notebooks/01_first_run.ipynb") as notebook:
        notebook.run_all()
        notebook.page.get_by_role("button", name="Approve").click()
        assert notebook.kernel("dbg.status") == "completed"

Nothing here sleeps: each wait is for a condition that a person could see too, or that
the kernel can be asked about. `python -m tests.browser.lab --check` says which browser
would be used, and fails if there is none that starts.
"""

from __future__ import annotations

import ast
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

SETTINGS = {
    # Cells that are off-screen stay in the document, and nothing asks the reader anything.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "defer"},
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}

# The notebook by its path: once a side panel is open it is no longer the current widget.
FIND_PANEL = """(path) => {
  const lab = window.jupyterapp;
  if (!lab || !lab.shell) return null;
  for (const widget of lab.shell.widgets('main')) {
    if (widget.context && widget.context.path === path && widget.sessionContext) return widget;
  }
  return null;
}"""


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


def until(condition: Callable[[], Any], what: str, timeout: float = 30) -> Any:
    """Return the first true answer of `condition`, or fail saying what was awaited."""
    limit = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > limit:
            raise AssertionError(f"waited {timeout:g} s for {what}; last answer: {answer!r}")
        time.sleep(0.05)  # the pace of asking, not a guess at how long it takes


class Lab:
    """A JupyterLab server on a free port of this machine, with a browser beside it.

    Server, kernels and browser live as long as the `with` block and are ended by their own
    handles. Settings, history and runtime files are in a folder of their own, so that neither
    the person's configuration nor an earlier run is seen.
    """

    def __init__(self) -> None:
        self.token = secrets.token_hex(16)
        self._home = tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True)
        self.home = Path(self._home.name)
        self.root = self.home / "work"
        self.log = self.home / "server.log"

    def __enter__(self) -> Lab:
        self.root.mkdir()
        for name, content in SETTINGS.items():
            file = self.home / "settings" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(content))
        try:
            self._start_server()
            self._playwright = sync_playwright().start()
            self.browser = launch(self._playwright)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if browser := getattr(self, "browser", None):
            with suppress(Exception):  # a browser that crashed has nothing left to close
                browser.close()
        if playwright := getattr(self, "_playwright", None):
            playwright.stop()
        if server := getattr(self, "_server", None):
            server.terminate()  # ends its kernels too
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            self._output.close()
        self._home.cleanup()

    def _start_server(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        command = [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.root_dir={self.root}",
            f"--IdentityProvider.token={self.token}",
            "--LabApp.expose_app_in_browser=True",
        ]
        self._output = self.log.open("w")
        self._server = subprocess.Popen(
            command,
            cwd=self.root,
            env=os.environ | {name: str(self.home / folder) for name, folder in own.items()},
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        until(self._answers, "the JupyterLab server to answer", timeout=60)

    def _answers(self) -> bool:
        if self._server.poll() is not None:
            raise AssertionError(f"JupyterLab ended at once:\n{self.log.read_text()[-3000:]}")
        request = urllib.request.Request(
            f"{self.url}/api/status", headers={"Authorization": f"token {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    @contextmanager
    def open(
        self,
        notebook: str | Path | list[str],
        *,
        theme: str = LIGHT,
        width: int = 1280,
        height: int = 900,
    ) -> Iterator[Notebook]:
        """Open a copy of a notebook of the repository, or one made of these code cells."""
        name = f"{secrets.token_hex(4)}.ipynb"
        if isinstance(notebook, list):
            import nbformat

            cells = [nbformat.v4.new_code_cell(source) for source in notebook]
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            document = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
            nbformat.write(document, self.root / name)
        else:
            shutil.copy(ROOT / notebook, self.root / name)
        context = self.browser.new_context(viewport={"width": width, "height": height})
        try:
            page = context.new_page()
            page.set_default_timeout(30_000)
            opened = Notebook(page, name)
            page.goto(f"{self.url}/lab/tree/{name}?reset&token={self.token}")
            opened._wait_for_kernel()
            opened.theme(theme)
            yield opened
            opened._shut_down()
        finally:
            context.close()


class Notebook:
    """A notebook that is open in the browser, and its kernel."""

    def __init__(self, page: Page, path: str) -> None:
        self.page = page
        self.path = path
        self.complaints: list[str] = []
        """What the page reported as an error, in order: uncaught exceptions and console errors."""
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text) if message.type == "error" else None
            ),
        )

    # -- cells -------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many cells the notebook has, of any kind."""
        return int(self._js("(panel) => panel.content.widgets.length"))

    def index(self, text: str) -> int:
        """The position of the one cell whose source contains `text`."""
        sources = self._js("(panel) => panel.content.widgets.map(c => c.model.sharedModel.source)")
        found = [i for i, source in enumerate(sources) if text in source]
        assert len(found) == 1, f"{text!r} is in cells {found}; it must be in exactly one"
        return found[0]

    def start(self, index: int) -> None:
        """Run one cell and return at once."""
        self._js(
            """(panel, i) => {
              panel.content.activeCellIndex = i;
              panel.content.deselectAll();
              window.jupyterapp.shell.activateById(panel.id);
              window.__done = window.__done || {};
              window.__done[i] = false;
              window.jupyterapp.commands.execute('notebook:run-cell')
                .finally(() => { window.__done[i] = true; });
            }""",
            index,
        )

    def finish(self, index: int, timeout: float = 60) -> Locator:
        """Wait until that cell has ended, fail if it raised, and return its output."""
        self.page.wait_for_function(
            "(i) => window.__done && window.__done[i] === true", arg=index, timeout=timeout * 1000
        )
        errors = self._js(
            """(panel, i) => (panel.content.widgets[i].model.sharedModel.outputs || [])
                 .filter(o => o.output_type === 'error').map(o => `${o.ename}: ${o.evalue}`)""",
            index,
        )
        assert not errors, f"cell {index} raised {errors}"
        return self.output(index)

    def run_cell(self, index: int, timeout: float = 60) -> Locator:
        """Run one cell to its end and return its output."""
        self.start(index)
        return self.finish(index, timeout)

    def run_all(self, timeout: float = 120) -> None:
        """Run every cell as *Run All Cells* does, and fail if one of them raised."""
        self._js(
            """(panel) => {
              window.jupyterapp.shell.activateById(panel.id);
              window.__done = window.__done || {};
              window.__done.all = false;
              window.jupyterapp.commands.execute('notebook:run-all-cells')
                .finally(() => { window.__done.all = true; });
            }"""
        )
        self.page.wait_for_function(
            "() => window.__done && window.__done.all === true", timeout=timeout * 1000
        )
        errors = self._js(
            """(panel) => panel.content.widgets.flatMap((cell, i) =>
                 (cell.model.sharedModel.outputs || [])
                   .filter(o => o.output_type === 'error')
                   .map(o => `cell ${i}: ${o.ename}: ${o.evalue}`))"""
        )
        assert not errors, f"the notebook raised {errors}"

    def cell(self, index: int) -> Locator:
        """The cell, input and output."""
        return self._root.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')

    def output(self, index: int) -> Locator:
        """What the cell shows below its source."""
        return self.cell(index).locator(".jp-Cell-outputArea")

    # -- Python ------------------------------------------------------------------------------

    def kernel(self, expression: str, setup: str = "") -> Any:
        """The value of an expression in the notebook's kernel, after running `setup`.

        It travels as JSON; what JSON has no form for comes back as its repr. The request is
        silent: it leaves no output, no history and no execution count.
        """
        reply = self._js(
            """async (panel, [code, expression]) => {
              const kernel = panel.sessionContext.session.kernel;
              const future = kernel.requestExecute({
                code, silent: true, store_history: false, allow_stdin: false,
                user_expressions: {value: expression},
              });
              return (await future.done).content;
            }""",
            [setup, f"__import__('json').dumps(({expression}), default=repr)"],
        )
        assert reply["status"] == "ok", (
            f"{setup!r} raised {reply.get('ename')}: {reply.get('evalue')}"
        )
        value = reply["user_expressions"]["value"]
        assert value["status"] == "ok", f"{expression!r} raised {value['ename']}: {value['evalue']}"
        return json.loads(ast.literal_eval(value["data"]["text/plain"]))

    def until(self, expression: str, timeout: float = 30) -> Any:
        """Wait until an expression in the kernel is true, and return its value."""
        return until(lambda: self.kernel(expression), f"{expression!r} in the kernel", timeout)

    # -- the page ----------------------------------------------------------------------------

    def theme(self, name: str) -> None:
        """Show JupyterLab in this theme."""
        self.page.evaluate(
            "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        self.page.wait_for_function(
            """(light) => document.body.dataset.jpThemeLight === light
                 && !document.querySelector('.jp-ThemeFetcher')""",
            arg="true" if "Light" in name else "false",
        )

    def screenshot(self, file: str | Path) -> Path:
        """Keep a picture of the page, and say where."""
        target = Path(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=target)
        return target

    @property
    def _root(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def _js(self, body: str, argument: Any = None) -> Any:
        """Call a JavaScript function with the notebook's panel and one argument."""
        return self.page.evaluate(
            f"""([path, argument]) => {{
              const panel = ({FIND_PANEL})(path);
              if (!panel) throw new Error('the notebook is not open: ' + path);
              return ({body})(panel, argument);
            }}""",
            [self.path, argument],
        )

    def _wait_for_kernel(self) -> None:
        self.page.wait_for_function(
            f"""(path) => {{
              const panel = ({FIND_PANEL})(path);
              const kernel = panel && panel.sessionContext.session
                && panel.sessionContext.session.kernel;
              return !!kernel && kernel.status === 'idle' && panel.content.widgets.length > 0;
            }}""",
            arg=self.path,
            timeout=90_000,
        )

    def _shut_down(self) -> None:
        with suppress(Exception):  # the server ends what is left when it stops
            self._js("(panel) => panel.sessionContext.shutdown()")


def main() -> int:
    """Say which browser the tests would drive; fail if none starts."""
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright)
            version = browser.version
            browser.close()
            path = installed_browser() or playwright.chromium.executable_path
    except Exception as error:  # whatever stops a browser from starting is the answer here
        print(error, file=sys.stderr)
        return 1
    print(path)
    print(f"Chromium {version}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
