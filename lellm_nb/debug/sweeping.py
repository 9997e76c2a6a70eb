"""Many variants from one frame, tabulated: one row per run, each row a line of its own."""

from __future__ import annotations

import asyncio
import itertools
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, NamedTuple

from lellm_nb.debug.changing import Changing, checked
from lellm_nb.debug.code import tasks
from lellm_nb.debug.stopping import Until
from lellm_nb.engine.context import Outcome
from lellm_nb.engine.loop import HOLD, Run
from lellm_nb.engine.scope import Scope
from lellm_nb.engine.taking import LIVE
from lellm_nb.errors import DebuggerError, RunError
from lellm_nb.graph.graph import Graph
from lellm_nb.record.frame import Frame
from lellm_nb.record.position import Position
from lellm_nb.session.replay import Recording
from lellm_nb.state.state import content_of

if TYPE_CHECKING:
    import pandas

    from lellm_nb.debug.debugger import Debugger

__all__ = ["Sweeping", "grid"]


def grid(**values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return every combination of values, as variants for `sweep`.

    Example:
        >>> grid(model=["small", "big"], temperature=[0, 1])[1]
        {'model': 'small', 'temperature': 1}
    """
    return [
        dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())
    ]


class Variant(NamedTuple):
    """One run of a sweep."""

    name: str
    repeat: int
    put: Mapping[Any, Any]


class Sweeping(Changing):
    """``sweep``."""

    def sweep(
        self,
        at: Any,
        variants: Sequence[Mapping[Any, Any]] | Mapping[str, Mapping[Any, Any]],
        n: int = 1,
        until: Until = None,
        executor: Executor | None = None,
        *,
        progress: bool = True,
    ) -> pandas.DataFrame:
        """Fork from a frame once per variant, run each, and return one row per run.

        Args:
            at: An index, a `Frame` or ``(node, visit)``.
            variants: Mappings of keys to put there, in a list or by name; `grid` makes the
                product of several keys.
            n: How often each variant is run.
            until: Where a run stops, as for `run`. With an executor: a predicate only.
            executor: Runs the variants there, side by side; without it one after the other.
            progress: Whether to show a bar.

        Returns:
            Columns ``variant``, ``repeat``, ``put_<key>`` per key put, ``line`` (open it with
            ``branch``), ``reason``, ``frames``, ``duration`` (seconds), ``error``, and one
            column per key in which any run's last state differs from the state at `at`.

        Raises:
            DebuggerError: There is no variant, or something cannot be sent to the executor;
                nothing has run then.
            NoSuchFrameError: There is no such frame.
        """
        frame = self._frame(at)
        runs = _runs(variants, n)
        if executor is not None:
            return self._sweep_elsewhere(frame, runs, until, executor, progress)
        return self._call("sweep", lambda: self._do_sweep(frame, runs, until, progress))

    async def asweep(
        self,
        at: Any,
        variants: Sequence[Mapping[Any, Any]] | Mapping[str, Mapping[Any, Any]],
        n: int = 1,
        until: Until = None,
        *,
        progress: bool = True,
    ) -> pandas.DataFrame:
        """Do what `sweep` does without an executor, with await."""
        frame, runs = self._frame(at), _runs(variants, n)
        return await self._handle("sweep", lambda: self._do_sweep(frame, runs, until, progress))

    async def _do_sweep(
        self, frame: Frame, runs: list[Variant], until: Until, progress: bool
    ) -> pandas.DataFrame:
        self._aim(until)
        children: list[Debugger] = []
        reasons: list[str] = []
        for run in _bar(runs, progress):
            if self._token is not None and self._token.is_cancelled:
                break
            child = self._variant(frame, run)
            child._token = self._token
            stop = await child._do_run(until)
            children.append(child)
            reasons.append(stop.reason.name)
        return _table(frame, runs, children, reasons)

    def _variant(self, frame: Frame, run: Variant) -> Debugger:
        line = self._session.line_through(frame)
        session = self._session.fork(frame, put=checked(run.put))
        session.use(self.graph)
        child = self._on(session)
        child._recording = Recording(session.history, line)  # side effects stay as they were
        return child

    def _sweep_elsewhere(
        self,
        frame: Frame,
        runs: list[Variant],
        until: Until,
        executor: Executor,
        progress: bool,
    ) -> pandas.DataFrame:
        if until is not None and not callable(until):
            raise DebuggerError("With an executor, until is a predicate of a frame.")
        self._refuse_while_busy("sweep")
        if not type(executor).__name__.startswith("Thread"):
            _check_sendable(self.graph, until)
        line = self._session.line_through(frame)
        locked = {path for path, task in tasks(self.graph) if task.side_effects}
        known = Recording(self._session.history, line).outcomes_of(locked) if locked else {}
        children = [self._variant(frame, run) for run in runs]
        futures: list[Future[Any]] = [
            executor.submit(_run_alone, self.graph, child.position, until, self.max_steps, known)
            for child in children
        ]
        reasons: list[str] = []
        for child, future in _bar(list(zip(children, futures, strict=True)), progress):
            reason, frames = future.result()
            for made in frames:
                child._session._emit(made)
            reasons.append(reason)
        return _table(frame, runs, children, reasons)


def _run_alone(
    graph: Graph,
    position: Position,
    until: Callable[[Frame], Any] | None,
    max_steps: int,
    known: Mapping[tuple[str, int], Outcome],
) -> tuple[str, list[Frame]]:
    """Run a position on with a history of its own; in another thread or process.

    Args:
        known: Outcomes by path and visit that are used instead of running the node.
    """
    frames: list[Frame] = []
    limit = position.step + max_steps
    run = Run(Scope(graph), position, emit=frames.append, barrier=HOLD, limit=limit)
    if known:
        run.recorded = lambda scope, site, level: known.get(
            (site.place.path, level.visits.count(site.name, level.step) + 1), LIVE
        )
    if until is not None:
        run.watch = lambda frame: True if until(frame) else None
    try:
        halt = asyncio.run(run.go())
    except RunError:
        return "FAILED", frames
    reason = {"ENDED": "COMPLETED", "HELD": "BARRIER", "STOPPED": "STEP"}.get(halt.name, halt.name)
    return reason, frames


def _check_sendable(graph: Graph, until: Any) -> None:
    """Look whether everything can go to another process, before anything starts.

    Raises:
        DebuggerError: Something cannot; names each.
    """
    parts: list[tuple[str, Any]] = [(f"node {path}", task.fn) for path, task in tasks(graph)]
    parts += [(f"edge {edge.label}", edge.predicate) for edge in graph.edges if edge.predicate]
    parts += [(f"reducer of {key}", reducer) for key, reducer in graph.reducers.items()]
    parts.append(("until", until))
    stuck = [name for name, part in parts if not _can_pickle(part)]
    if not stuck and not _can_pickle(graph):
        stuck = ["the graph"]
    if stuck:
        raise DebuggerError(
            f"These cannot be sent to another process: {', '.join(stuck)}. Define them with def"
            " at the top of a module, or use a ThreadPoolExecutor."
        )


def _can_pickle(part: Any) -> bool:
    try:
        pickle.dumps(part)
    except Exception:  # pickle raises many kinds, and so may a __reduce__
        return False
    return True


def _runs(variants: Any, n: int) -> list[Variant]:
    times: Any = n
    if not isinstance(times, int) or times < 1:
        raise DebuggerError(f"n is how often each variant is run, from 1, not {n!r}.")
    if isinstance(variants, Mapping):
        named = [(str(name), put) for name, put in variants.items()]
    else:
        named = [(str(i), put) for i, put in enumerate(variants)]
    if not named:
        raise DebuggerError("sweep() needs at least one variant: a mapping of keys to put.")
    for name, put in named:
        if not isinstance(put, Mapping):
            raise DebuggerError(f"Variant {name} is {put!r:.60}; a variant is a mapping of keys.")
    return [Variant(name, i, put) for name, put in named for i in range(n)]


def _bar(items: Sequence[Any], shown: bool) -> Iterator[Any]:
    if not shown or len(items) < 2:
        yield from items
        return
    from tqdm.auto import tqdm

    yield from tqdm(items, desc="sweep", unit="run", leave=False)


def _table(
    start: Frame, runs: list[Variant], children: Sequence[Debugger], reasons: list[str]
) -> pandas.DataFrame:
    import pandas

    before = content_of(start.position.data)
    after = [content_of(child.position.data) for child in children]
    changed = dict.fromkeys(
        key
        for content in after
        for key, value in content.items()
        if key not in before or before[key] is not value
    )
    rows = []
    for run, child, reason, content in zip(runs, children, reasons, after, strict=False):
        frames = child.frames[start.index + 1 :]
        error = child._session.head.error
        row: dict[str, Any] = {"variant": run.name, "repeat": run.repeat}
        row |= {f"put_{key}": value for key, value in run.put.items()}
        row |= {
            "line": child.line,
            "reason": reason,
            "frames": len(frames),
            "duration": sum(frame.duration for frame in frames),
            "error": None if error is None else f"{type(error).__name__}: {error}",
        }
        row |= {key: content.get(key) for key in changed if key not in row}
        rows.append(row)
    return pandas.DataFrame(rows)
