"""Show a debugger in a cell: the live panel, and a still form for the file."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from lellm_nb.debug.core.family import latest
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.export.still import static_html
from lellm_nb.notebook.widget.kernel import in_notebook, publish
from lellm_nb.notebook.widget.kernel import shell as shell_now
from lellm_nb.notebook.widget.panel import Panel, panel_for

QUIET = 1.5
"""Seconds without a change after which the still form is brought up to date."""

PLAIN = "lellm_nb.Debugger (live view)"
"""Constant, so that a notebook run again gives the same text."""


def display_debugger(debugger: DebuggerLike, include: Any = None, exclude: Any = None) -> Any:
    """Return what a cell shows for `debugger`.

    In a notebook that is the live panel; beside it goes a still form as an
    output of its own, which the panel hides while it is alive and which a
    saved notebook shows without a kernel. Elsewhere it is a line of text.
    """
    del include, exclude  # one form each: there is nothing to leave out
    remember(debugger)
    if not in_notebook():
        return {"text/plain": repr(debugger)}
    panel = panel_for(debugger)
    _still_for(panel).publish()
    bundle = panel._repr_mimebundle_()
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    return {**(data or {}), "text/plain": PLAIN}, metadata


def shown_panel(debugger: DebuggerLike) -> Panel:
    """Return the panel of `debugger` for a front end that shows widgets by itself."""
    remember(debugger)
    return panel_for(debugger)


class Still:
    """The still form of one panel, wherever it is shown."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._id = f"lellm-nb-{uuid.uuid4().hex[:12]}"
        self._shown = ""
        self._timer: threading.Timer | None = None
        panel.on_quiet = self._later

    def publish(self) -> None:
        """Show the still form in the cell that is running now."""
        self._shown = self._html()
        publish(_Html(self._shown), self._id)

    def refresh(self) -> None:
        """Bring the still form up to date."""
        html = self._html()
        if html != self._shown:
            self._shown = html
            publish(_Html(html), self._id, again=True)

    def do(self, task: Callable[[], None]) -> None:
        """Have `task` run on the writer's thread."""
        self._panel.do(task)

    def settle(self) -> None:
        """Bring up to date all that a saved notebook keeps."""
        self.refresh()
        self._panel.rest()

    def _html(self) -> str:
        updates, picture = self._panel.updates, self._panel.picture
        if picture is None:
            from lellm_nb.graph.drawing.layered import layered, visible

            opened = updates.outline.composites()
            picture = layered(visible(updates.outline, opened))
        return static_html(updates.debugger, updates.outline, picture, updates.statuses())

    def _later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._panel.debugger.status == "running":
            return
        self._timer = threading.Timer(QUIET, lambda: self._panel.do(self.refresh))
        self._timer.daemon = True
        self._timer.start()


class _Html:
    """HTML as a display object whose text form does not change."""

    def __init__(self, html: str) -> None:
        self._html = html

    def _repr_mimebundle_(self, **_wanted: Any) -> dict[str, str]:
        return {"text/html": self._html, "text/plain": PLAIN}


_stills: WeakKeyDictionary[Panel, Still] = WeakKeyDictionary()
_last: list[tuple[DebuggerLike, Any]] = []


def _still_for(panel: Panel) -> Still:
    still = _stills.get(panel)
    if still is None:
        if not _stills:
            _refresh_after_cells()
        still = _stills[panel] = Still(panel)
    return still


def _refresh_after_cells() -> None:
    """Bring every still form up to date before a cell counts as run.

    A notebook executed from end to end has no quiet moments of its own.
    """
    shell = shell_now()
    if shell is None:
        return

    def refresh(*_result: Any) -> None:
        done = []
        for still in list(_stills.values()):
            event = threading.Event()

            def work(still: Still = still, event: threading.Event = event) -> None:
                try:
                    still.settle()
                finally:
                    event.set()

            still.do(work)
            done.append(event)
        for event in done:
            event.wait(2.0)

    shell.events.register("post_run_cell", refresh)


def remember(debugger: DebuggerLike) -> None:
    """Make `debugger` the one that ``%lellm`` acts on."""
    _last[:] = [(debugger, latest())]


def last_debugger() -> Any:
    """Return the debugger that was shown or made last, or None."""
    made = latest()
    if not _last or _last[0][1] is not made:
        return made
    return _last[0][0]
