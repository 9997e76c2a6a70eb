"""A notebook that is open in JupyterLab or Notebook 7, driven as its own commands do."""

from __future__ import annotations

import ast
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.harness.servers import complaints_of
from tests.waiting import until

# The notebook by its path: once a side panel is open it is no longer the current widget.
FIND_PANEL = """(path) => {
  const lab = window.jupyterapp;
  if (!lab || !lab.shell) return null;
  for (const widget of lab.shell.widgets('main')) {
    if (widget.context && widget.context.path === path && widget.sessionContext) return widget;
  }
  return null;
}"""


class Notebook:
    """A notebook that is open in the browser, and its kernel."""

    def __init__(self, page: Page, path: str) -> None:
        self.page = page
        self.path = path
        self.complaints = complaints_of(page)
        """What the page reported as an error, in order."""

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

    def wait_for_kernel(self) -> None:
        """Wait until the notebook is open and its kernel idle."""
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

    def new_view(self, index: int) -> None:
        """Show the cell's output once more, beside the notebook."""
        self._js(
            """(panel, index) => {
              panel.content.activeCellIndex = index;
              window.jupyterapp.commands.execute('notebook:create-output-view');
            }""",
            index,
        )

    def restart(self) -> None:
        """Restart the kernel: what it held is gone."""
        self._js("(panel) => panel.sessionContext.session.kernel.restart()")
        self.wait_for_kernel()

    def shut_down(self) -> None:
        """End the kernel."""
        with suppress(Exception):  # the server ends what is left when it stops
            self._js("(panel) => panel.sessionContext.shutdown()")
