"""The debugger: one method per button, all usable without a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lellm_nb.adapters.recognize import NOT_CALLED, foreign_session, is_foreign
from lellm_nb.arguments import chosen, flag, path_of, plain_function, refusal, speaking, text, whole
from lellm_nb.debug.breakpoints.triggers import Until
from lellm_nb.debug.calls.function_graph import RESULT, function_graph
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.handle import Handle
from lellm_nb.debug.core.post import post
from lellm_nb.debug.core.seed import check_seed
from lellm_nb.debug.core.stop import Stop
from lellm_nb.debug.faces.ask import AskFace
from lellm_nb.debug.faces.backward import BackwardFace
from lellm_nb.debug.faces.barriers import BarriersFace
from lellm_nb.debug.faces.branches import BranchesFace
from lellm_nb.debug.faces.calls import CallsFace
from lellm_nb.debug.faces.forward import ForwardFace
from lellm_nb.debug.faces.keep import KeepFace
from lellm_nb.debug.faces.look import LookFace
from lellm_nb.debug.faces.open import OpenFace
from lellm_nb.debug.faces.stops import StopsFace
from lellm_nb.debug.faces.turns import TurnsFace
from lellm_nb.debug.persist.kept_stops import KEEP, keep_stops
from lellm_nb.debug.persist.storage import Storage
from lellm_nb.engine.output_capture import caught
from lellm_nb.errors import DebuggerError, listed
from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.graph.graph import Graph, built_graph
from lellm_nb.graph.node_options import check_executor
from lellm_nb.session.protocol import Capability, Session
from lellm_nb.session.session import ExecutionSession
from lellm_nb.state.frozen import thaw

if TYPE_CHECKING:
    from lellm_nb.record.policy import CheckpointPolicy, RetentionPolicy, TriggerPolicy
    from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["Debugger"]


class Debugger(
    LookFace,
    AskFace,
    StopsFace,
    ForwardFace,
    TurnsFace,
    BackwardFace,
    BarriersFace,
    BranchesFace,
    CallsFace,
    OpenFace,
    KeepFace,
):
    """Runs a graph in small steps, keeps every one, and goes anywhere in time.

    As the last expression of a cell it shows the panel.

    Args:
        graph: What `GraphBuilder.build` returned; a compiled graph of LangGraph; or a session.
        state: A mapping of text keys to values; of a LangGraph graph its input.
        store: Where the run is kept: the path of a file (SQLite) or of a folder (JSON lines; it
            ends with a separator, or is there), or a store. It always starts a new run.
        max_steps: How many steps one `run` may take before it holds with `LIMIT`.
        name: For people; the graph's name by default.
        redact: What is secret in whatever is shown, exported or written: the store's `redact` by
            default, else API keys in the common formats.
        seed: With it Python's and numpy's generators are set before each step from the seed, the
            node's path and its visit, so that a step that is run again draws the same numbers
            (SEMANTICS R13). Branches that run side by side share the generators.
        policy: Which commits a store of checkpoints keeps: every one by default; see `pin`, which
            keeps a frame whatever the policy says. A store of whole runs (a path, `SqliteStore`,
            `InMemoryStore`) keeps every commit all the same, as rewinding needs them; there the
            checkpoints that a policy or a retention asks for are kept beside the run.
        retention: Which of these checkpoints are dropped again; all are kept by default. Barriers,
            pinned frames and fork points never are.
        calls: Whether what nodes ask of models and tools over HTTP is taken down; see `rerun`.
        executor: Where plain functions in branches are performed that name none of their own: any
            of `concurrent.futures`, or a Dask cluster's (SEMANTICS P7).
        stops: ``"keep"`` begins with the breakpoints and watches of the last debugger on a graph of
            this name in this process, as of a cell that is run again; the first `Stop` says so, and
            what is not in this graph is off. ``"none"`` begins without. ``"keep"`` is the default
            in IPython and notebooks; elsewhere nothing is remembered unless one of them is given.
        config, context: What a graph of LangGraph is called with, as for its `invoke`. Its saver
            and its thread are left alone.
        stream: Whether models in a graph of LangGraph stream what they write.

    Raises:
        DebuggerError: `graph` is no graph, or another argument does not fit; names it.
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

    native = ExecutionSession

    def __init__(
        self,
        graph: Graph | Session,
        state: Any = None,
        *,
        store: Any = None,
        max_steps: int = 1000,
        name: str | None = None,
        redact: Redactor | None = None,
        seed: int | str | None = None,
        policy: TriggerPolicy | CheckpointPolicy | None = None,
        retention: RetentionPolicy | None = None,
        calls: bool = True,
        executor: Executor | None = None,
        stops: str = KEEP,
        config: Any = None,
        context: Any = None,
        stream: bool = True,
    ) -> None:
        check_seed(seed)
        if policy is not None or retention is not None:
            from lellm_nb.debug.persist.keeping import check_policies_given

            check_policies_given(policy, retention, "store=" if store is None else "")
        max_steps = whole(max_steps, "max_steps", DebuggerError)
        stops = chosen(stops, "stops", DebuggerError, ("keep", "none"))
        if name is not None:
            text(name, "name", DebuggerError)
        if redact is not None:
            speaking(redact, "redact", DebuggerError, "apply", "a Redactor")
        session = _session_of(graph, state, config=config, context=context, stream=stream)
        called = name or session.graph.name
        storage = Storage(session.history.trace_id)
        calls = flag(calls, "calls", DebuggerError) and Capability.CALLS in session.capabilities
        context = DebugContext(session, called, max_steps, self._family(), storage)
        context.call_settings.on = calls
        context.redact, context.seed = redact, seed
        context.executor = check_executor(executor, DebuggerError)
        self._stand_on(context)
        if store is not None:
            from lellm_nb.debug.persist.begin import begin_in

            begin_in(context, storage, store, policy, retention)
        if type(stops) is str or _in_shell():
            keep_stops(context, find=stops == "keep")

    @classmethod
    def of(cls, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Debugger:
        """Debug a function without a graph: its calls are the steps of a person (K9).

        So the run of any agent is stepped call by call, stopped, asked again and rerun from a
        call, without a port; what it returns is `result`.

        Args:
            function: Any function, async ones too; it is not called yet.
            args, kwargs: What it is called with.

        Raises:
            DebuggerError: It is no function.

        Example:
            >>> dbg = Debugger.of(sorted, [3, 1, 2])
            >>> dbg.run().reason.name, dbg.result
            ('COMPLETED', [1, 2, 3])
        """
        if not callable(function):
            raise refusal(function, "function", "a function", DebuggerError)
        return cls(function_graph(function, args, kwargs), {})

    @property
    def result(self) -> Any:
        """What the function of `of` returned; `None` as long as it did not."""
        state = self.state
        return thaw(state.get(RESULT)) if isinstance(state, Mapping) else None

    def start(
        self, until: Until = None, *, more: int | None = None, through_barriers: bool = False
    ) -> Handle[Stop]:
        if through_barriers and "IPython" in sys.modules:
            from lellm_nb.notebook.widget.kernel import check_clicks, in_notebook

            if in_notebook():
                # the panel stands in an earlier cell: a front end with subshells has made one
                check_clicks(waited=60.0)
        return super().start(until, more=more, through_barriers=through_barriers)

    start.__doc__ = ForwardFace.start.__doc__

    def post(
        self,
        verb: str,
        *args: Any,
        on_error: Callable[[BaseException], None] | None = None,
        **options: Any,
    ) -> Future[Any]:
        """Start a verb by name and return at once, from any thread; what buttons do.

        Args:
            verb: ``"step"``, ``"approve"``, …
            on_error: Called with what the verb raised, a `BusyError` included.

        Returns:
            A future of what the verb returns.

        Raises:
            DebuggerError: `on_error` cannot be called with an error.
        """
        if on_error is not None:
            plain_function(on_error, "on_error", DebuggerError, "error")
        return post(self, self._context, verb, args, options, on_error)

    @staticmethod
    def _before_run() -> None:
        if "IPython" in sys.modules:
            from lellm_nb.notebook.widget.display_capture import catch_displays

            catch_displays(caught)

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

        Raises:
            DebuggerError: It is no path.
        """
        from lellm_nb.notebook import export_html

        path = path_of(path, "path", DebuggerError)
        written: Path = export_html(self, path)
        return written

    def __repr__(self) -> str:
        kept = self._context.breakpoints.news
        more = f"; stops kept: {listed(kept)}" if kept else ""
        return without_keys(f"<Debugger of {self.name!r}: {self.status_line}{more}>")


def _in_shell() -> bool:
    """Tell whether cells are run."""
    if "IPython" not in sys.modules:
        return False
    from lellm_nb.notebook.widget.kernel import shell

    return shell() is not None


def _session_of(graph: Any, state: Any, **called: Any) -> Session:
    """Return the session of a graph, of ours or of LangGraph; another engine's is one already.

    Raises:
        DebuggerError: It is neither, or what else it is called with is not for it.
    """
    if is_foreign(graph):
        return foreign_session(graph, state, **called)
    given = [name for name, default in NOT_CALLED.items() if called[name] is not default]
    if given:
        raise DebuggerError(f"{listed(given)}: only a graph of LangGraph is called with that.")
    if not isinstance(graph, Graph) and _is_session(graph):
        if state is not None:
            raise DebuggerError(f"{type(graph).__name__} has its state already; leave state out.")
        session: Session = graph
        return session
    return ExecutionSession(state, built_graph(graph, DebuggerError))


def _is_session(given: Any) -> bool:
    try:
        able = getattr(given, "capabilities", None)
        return isinstance(able, frozenset) and hasattr(given, "advance")
    except Exception:  # __getattr__ may raise anything
        return False
