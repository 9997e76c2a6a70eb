"""Many variants from one frame, tabulated: one row per run, each row a line of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, NamedTuple

from lellm_nb.debug.breakpoints.triggers import Until
from lellm_nb.debug.verbs.branch import Changing, checked
from lellm_nb.debug.verbs.sweep_remote import Given, Went, check_sendable, run_alone, said
from lellm_nb.errors import DebuggerError
from lellm_nb.record.frame import Frame
from lellm_nb.session.recording import Recording
from lellm_nb.state.state import content_of

if TYPE_CHECKING:
    import pandas

    from lellm_nb.debug.debugger import Debugger

__all__ = ["Sweeping", "grid"]


def grid(**values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return every combination of values, as variants for `sweep`.

    Raises:
        DebuggerError: What is given for a key is no list of values.

    Example:
        >>> grid(model=["small", "big"], temperature=[0, 1])[1]
        {'model': 'small', 'temperature': 1}
    """
    given: dict[str, Any] = dict(values)
    for key, each in given.items():
        if not isinstance(each, Iterable) or isinstance(each, str | bytes | Mapping):
            raise DebuggerError(f"grid() takes a list of values for {key!r}, not {each!r:.60}.")
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
            executor: Runs the variants there, side by side, past breakpoints; without it they
                run one after the other.
            progress: Whether to show a bar.

        Returns:
            Columns ``variant``, ``repeat``, ``put_<key>`` per key put, ``line`` (open it with
            ``branch``), ``reason``, ``frames``, ``duration`` (seconds), ``error``, and one
            column per key in which any run's last state differs from the state at `at`.

        Raises:
            DebuggerError: There is no variant, or something cannot be sent to the executor;
                nothing has run then.
            StateError: What a variant puts does not fit; nothing has run.
            NoSuchFrameError: There is no such frame.
        """
        frame, runs = self._planned(at, variants, n)
        if executor is not None:
            return self._sweep_elsewhere(frame, runs, until, executor, progress)
        return self._call("sweep", lambda: self._do_sweep(frame, runs, until, progress))

    def _planned(self, at: Any, variants: Any, n: int) -> tuple[Frame, list[Variant]]:
        """Look at everything before the first line is made."""
        frame, runs = self._frame(at), _runs(variants, n)
        for run in runs[::n]:
            self._session.check_edit(frame, run.put)
        return frame, runs

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
        frame, runs = self._planned(at, variants, n)
        return await self._handle("sweep", lambda: self._do_sweep(frame, runs, until, progress))

    async def _do_sweep(
        self, frame: Frame, runs: list[Variant], until: Until, progress: bool
    ) -> pandas.DataFrame:
        self._aim(until)
        children: list[Debugger] = []
        went: list[Went] = []
        for run in _bar(runs, progress):
            if self._token is not None and self._token.is_cancelled:
                break
            child = self._variant(frame, run)
            child._token = self._token
            stop = await child._do_run(until)
            children.append(child)
            error = said(stop.error or child._session.head.error)
            went.append(Went(stop.reason.name, error, []))
        return _table(frame, runs, children, went)

    def _variant(self, frame: Frame, run: Variant) -> Debugger:
        line = self._session.line_through(frame)
        session = self._session.fork(frame, put=run.put)
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
        if not callable(getattr(executor, "submit", None)):
            raise DebuggerError(f"{executor!r:.60} is no executor of concurrent.futures.")
        if until is not None and not callable(until):
            raise DebuggerError("With an executor, until is a predicate of a frame.")
        self._refuse_while_busy("sweep")
        check_sendable(executor, self.graph, until, frame.position, [run.put for run in runs])
        line = self._session.line_through(frame)
        modes = self.modes
        modes |= {path: "locked" for path in modes if path not in self._modes}
        looked_up = {path for path, mode in modes.items() if mode in ("recorded", "locked")}
        recording = Recording(self._session.history, line)
        known = recording.outcomes_of(looked_up) if looked_up else {}
        given = Given(until, self.max_steps, modes, known)
        children = [self._variant(frame, run) for run in runs]
        futures: list[Future[Went]] = []
        went: list[Went] = []
        try:
            for child in children:
                futures.append(executor.submit(run_alone, self.graph, child.position, given))
            for child, future in _bar(list(zip(children, futures, strict=True)), progress):
                went.append(_result(future))
                for made in went[-1].frames:
                    child._session._emit(made)
        finally:
            for future in futures:
                future.cancel()
        return _table(frame, runs, children, went)


def _result(future: Future[Went]) -> Went:
    try:
        return future.result()
    except Exception as error:  # of the executor, or of sending frames back: no step's own
        return Went("FAILED", f"what it made could not be sent back: {said(error)}", [])


def _runs(variants: Any, n: int) -> list[Variant]:
    times: Any = n
    if not isinstance(times, int) or isinstance(times, bool) or times < 1:
        raise DebuggerError(f"n is how often each variant is run, from 1, not {n!r}.")
    if not isinstance(variants, Mapping | Sequence) or isinstance(variants, str):
        raise DebuggerError(
            f"variants is a list of mappings, or a mapping of names to them, not {variants!r:.60}."
        )
    if isinstance(variants, Mapping):
        named = [(str(name), put) for name, put in variants.items()]
    else:
        named = [(str(i), put) for i, put in enumerate(variants)]
    if not named:
        raise DebuggerError("sweep() needs at least one variant: a mapping of keys to put.")
    for name, put in named:
        if not isinstance(put, Mapping):
            raise DebuggerError(f"Variant {name} is {put!r:.60}; a variant is a mapping of keys.")
    plain = [(name, checked(put)) for name, put in named]
    return [Variant(name, i, put) for name, put in plain for i in range(n)]


def _bar(items: Sequence[Any], shown: bool) -> Iterator[Any]:
    if not shown or len(items) < 2:
        yield from items
        return
    from tqdm.auto import tqdm

    yield from tqdm(items, desc="sweep", unit="run", leave=False)


def _table(
    start: Frame, runs: list[Variant], children: Sequence[Debugger], went: list[Went]
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
    taken = {"variant", "repeat", "line", "reason", "frames", "duration", "error"}
    taken |= {_column(key) for run in runs for key in run.put}
    rows = []
    for run, child, end, content in zip(runs, children, went, after, strict=False):
        frames = child.frames[start.index + 1 :]
        row: dict[str, Any] = {"variant": run.name, "repeat": run.repeat}
        row |= {_column(key): value for key, value in run.put.items()}
        row |= {
            "line": child.line,
            "reason": end.reason,
            "frames": len(frames),
            "duration": sum(frame.duration for frame in frames),
            "error": end.error,
        }
        row |= {f"state_{k}" if k in taken else k: content.get(k) for k in changed}
        rows.append(row)
    return pandas.DataFrame(rows)


def _column(key: Any) -> str:
    return f"put_{'_'.join(map(str, key)) if isinstance(key, tuple) else key}"
