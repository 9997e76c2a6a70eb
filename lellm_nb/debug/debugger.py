"""The debugger: one method per button, all usable without a notebook."""

from __future__ import annotations

import sys
from os import PathLike
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

from lellm_nb.debug.breakpoints.triggers import Until
from lellm_nb.debug.core.commands import Handle
from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.persist.storage import Keeping
from lellm_nb.engine.run import Run
from lellm_nb.errors import DebuggerError
from lellm_nb.graph.graph import Graph
from lellm_nb.session.session import ExecutionSession

if TYPE_CHECKING:
    from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["Debugger"]


class Debugger(Keeping):
    """Runs a graph in small steps, keeps every one, and goes anywhere in time.

    As the last expression of a cell it shows the panel.

    Args:
        graph: What `GraphBuilder.build` returned.
        state: A mapping of text keys to values.
        store: Where the run is kept: a path (SQLite), or a store; nowhere by default. It
            always starts a new run; `open` goes on with one.
        max_steps: How many steps one `run` may take before it holds with `LIMIT`.
        name: For people; the graph's name by default.
        redact: What is secret in whatever is shown or exported: the store's `redact` by
            default, else API keys in the common formats.

    Raises:
        DebuggerError: `graph` is no graph.
        StateTypeError: The state is not a mapping, or has keys that are not text.
        CheckpointStoreError: The store does not take the run.

    Example:
        >>> from lellm_nb import GraphBuilder
        >>> g = GraphBuilder("count")
        >>> @g.task
        ... def add(ctx):
        ...     return {"n": ctx.state["n"] + 1}
        >>> g = g.barrier("check").node("done", lambda ctx: None).edge("add", "check")
        >>> g = g.edge_if("check", "add", lambda s: s["n"] < 2).edge("check", "done")
        >>> g = g.start("add").end("done")
        >>> dbg = Debugger(g.build(), {"n": 0})
        >>> dbg.run()
        Stop(BARRIER, frame 2 check, pending=check#0)
        >>> dbg.approve().reason.name, dbg.run().reason.name, dbg.state["n"]
        ('STEP', 'BARRIER', 2)
        >>> dbg.rewind(1).frame.state["n"]
        1
    """

    def __init__(
        self,
        graph: Graph,
        state: Any = None,
        *,
        store: Any = None,
        max_steps: int = 1000,
        name: str | None = None,
        redact: Redactor | None = None,
    ) -> None:
        given: Any = graph
        if not isinstance(given, Graph):
            hint = " Did you forget .build()?" if hasattr(given, "build") else ""
            raise DebuggerError(f"A Debugger needs a Graph, not {type(given).__name__}.{hint}")
        super().__init__(ExecutionSession(state, graph), name or graph.name, max_steps)
        self._redact = redact
        self._keep_in(store)

    def start(self, until: Until = None, *, through_barriers: bool = False) -> Handle[Stop]:
        """Begin to run and return at once; the handle can be awaited.

        Args:
            until: As for `run`.
            through_barriers: Whether to wait at barriers for a click, and go on after it.

        Raises:
            BusyError: A run is going on.
            DebuggerError: `through_barriers`, and this kernel cannot hear a click while a
                cell waits.
        """
        if through_barriers and "IPython" in sys.modules:
            from lellm_nb.notebook.widget.kernel import check_clicks, in_notebook

            if in_notebook():
                # the panel stands in an earlier cell: a front end with subshells has made one
                check_clicks(waited=60.0)
        return super().start(until, through_barriers=through_barriers)

    def _prepare(self, run: Run) -> None:
        super()._prepare(run)
        if "IPython" in sys.modules:
            from lellm_nb.notebook.widget.display_capture import catch_displays

            catch_displays()

    # -- showing ---------------------------------------------------------------

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        from lellm_nb.notebook import display_debugger

        return display_debugger(self, include, exclude)

    def _display_(self) -> Any:
        """What marimo shows: the panel itself, for it knows anywidgets."""
        from lellm_nb.notebook import shown_panel

        return shown_panel(self)

    def dock(self) -> None:
        """Show the panel beside the notebook: one panel, however often it is called.

        Raises:
            DebuggerError: The package that makes the place is not installed.
        """
        from lellm_nb.notebook import dock

        dock(self)

    def export_html(self, path: str | PathLike[str]) -> Path:
        """Write one file that shows the whole history, scrubbable without a kernel or network.

        Graph, frames of every line, states, any diff, writers, decisions, outputs and what
        `compare` says of the lines are in it, without secrets (`redact`); long values are cut,
        and the file says so. A hundred thousand frames are some megabytes.

        Returns:
            Where it was written.
        """
        from lellm_nb.notebook import export_html

        written: Path = export_html(self, path)
        return written

    def __repr__(self) -> str:
        return f"<Debugger of {self.name!r}: {self.status_line}>"


for _kind in Debugger.__mro__[1:-1]:
    for _name, _verb in vars(_kind).items():
        if isinstance(_verb, FunctionType) and not _name.startswith("_"):
            # a call with wrong arguments names the class that people know
            _verb.__qualname__ = f"{Debugger.__name__}.{_name}"
