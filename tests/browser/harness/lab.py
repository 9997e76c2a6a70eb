"""A real JupyterLab and a real browser for tests: the browser acts, Python is asserted.

    with Lab() as lab, lab.open("notebooks/01_first_run.ipynb") as notebook:
        notebook.run_all()
        notebook.page.get_by_role("button", name="Approve").click()
        assert notebook.kernel("dbg.status") == "completed"

The same server shows Notebook 7: `lab.open(…, front_end=NOTEBOOK)`.
`python -m tests.browser.harness.lab --check` says which browser would be used, and fails if there
is none that starts.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, sync_playwright

from tests.browser.harness.notebook_page import Notebook
from tests.browser.harness.servers import ROOT, Server, installed_browser, launch

LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
LAB, NOTEBOOK = "lab/tree", "notebooks"
"""Where each front end shows a notebook."""

SETTINGS = {
    # Cells that are off-screen stay in the document, and nothing asks the reader anything.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "defer"},
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
}


class Lab(Server):
    """A Jupyter server, with a browser beside it."""

    def __enter__(self) -> Lab:
        self._contexts: dict[float, BrowserContext] = {}
        for name, content in SETTINGS.items():
            file = self.home / "settings" / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(content))
        return super().__enter__()

    def command(self) -> list[str]:
        """JupyterLab, with its commands in reach of the page's scripts."""
        return [
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
            "--JupyterNotebookApp.expose_app_in_browser=True",
        ]

    def surroundings(self) -> dict[str, str]:
        """Every folder that Jupyter and IPython write to."""
        own = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "IPYTHONDIR": "ipython",
        }
        return {name: str(self.home / folder) for name, folder in own.items()}

    def alive(self) -> urllib.request.Request:
        """Its status page, for who has the token."""
        return urllib.request.Request(
            f"{self.url}/api/status", headers={"Authorization": f"token {self.token}"}
        )

    @contextmanager
    def open(
        self,
        notebook: str | Path | list[str],
        *,
        theme: str = LIGHT,
        front_end: str = LAB,
        width: int = 1280,
        height: int = 900,
        scale: float = 1,
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
        page = self._context(scale).new_page()
        try:
            page.set_viewport_size({"width": width, "height": height})
            page.set_default_timeout(30_000)
            opened = Notebook(page, name)
            page.goto(f"{self.url}/{front_end}/{name}?reset&token={self.token}")
            opened.wait_for_kernel()
            opened.theme(theme)
            yield opened
            opened.shut_down()
        finally:
            page.close()

    def _context(self, scale: float) -> BrowserContext:
        """One for all pages: what the front end is made of is fetched and compiled once."""
        if scale not in self._contexts:
            context = self.browser.new_context(device_scale_factor=scale)
            self._stack.callback(context.close)
            self._contexts[scale] = context
        return self._contexts[scale]


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
