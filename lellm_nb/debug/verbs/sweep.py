"""Many variants from one frame, tabulated: one row per run, each row a line of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, NamedTuple

from lellm_nb.arguments import flag, refusal, speaking, whole
from lellm_nb.debug.breakpoints.triggers import Until, aim
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.verbs.backward import frame_of
from lellm_nb.debug.verbs.branch import checked
from lellm_nb.debug.verbs.forward import run
from lellm_nb.debug.verbs.sweep_remote import Ended, check_sendable, plan, result_of, said
from lellm_nb.errors import DebuggerError
from lellm_nb.record.frame import Frame
from lellm_nb.session.protocol import Capability, Went
from lellm_nb.state.compact import MISSING, real

if TYPE_CHECKING:
    import pandas

__all__ = ["grid", "sweep", "sweep_elsewhere"]


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
            raise refusal(each, f"grid({key}=…)", "a list of values", DebuggerError)
    return [
        dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())
    ]


class Variant(NamedTuple):
    """One run of a sweep."""

    name: str
    repeat: int
    put: Mapping[Any, Any]


async def sweep(
    context: DebugContext, at: Any, variants: Any, n: int, until: Until, progress: bool
) -> pandas.DataFrame:
    """Fork from a frame once per variant, run each after the other; one row per run."""
    progress = flag(progress, "progress", DebuggerError)
    frame, runs = _planned(context, at, variants, n)
    aim(context.session.graph, until)
    children: list[DebugContext] = []
    ends: list[Ended] = []
    claim = context.commands.claim
    for each in _bar(runs, progress):
        if claim is not None and claim.token.is_cancelled:
            break
        child = _variant(context, frame, each)
        child.commands.claim = claim  # what pauses or stops the sweep reaches the variant
        stop = await run(child, until)
        child.commands.claim = None
        children.append(child)
        ends.append(Ended(stop.reason.name, said(stop.error or child.session.head.error)))
    return _table(frame, runs, children, ends)


def sweep_elsewhere(
    context: DebugContext,
    at: Any,
    variants: Any,
    n: int,
    until: Until,
    executor: Executor,
    progress: bool,
) -> pandas.DataFrame:
    """Run the variants on an executor, side by side, past breakpoints; one row per run."""
    context.need(Capability.SEND, "sweep(executor=…)")
    progress = flag(progress, "progress", DebuggerError)
    frame, runs = _planned(context, at, variants, n)
    what = "an executor of concurrent.futures"
    speaking(executor, "executor", DebuggerError, "submit", what)
    if until is not None and not callable(until):
        raise DebuggerError("With an executor, until is a predicate of a frame.")
    aim(context.session.graph, until)
    context.refresh_code()
    session, modes = context.session, context.modes
    puts, mocks = [each.put for each in runs], context.modes.mocks
    check_sendable(executor, session.graph, until, frame.position, puts, mocks)
    recorded = session.recorded(session.line_through(frame))
    how = plan(until, context.max_steps, modes.chosen, modes.all, recorded, mocks)
    children = [_variant(context, frame, each) for each in runs]
    futures: list[Future[Went]] = []
    ends: list[Ended] = []
    try:
        for child in children:
            futures.append(executor.submit(child.session.alone(how)))
        for child, future in _bar(list(zip(children, futures, strict=True)), progress):
            end, frames = result_of(future)
            ends.append(end)
            child.session.adopt(frames)
    finally:
        for future in futures:
            future.cancel()
    return _table(frame, runs, children, ends)


def _planned(context: DebugContext, at: Any, variants: Any, n: int) -> tuple[Frame, list[Variant]]:
    """Look at everything before the first line is made."""
    n = whole(n, "n", DebuggerError, least=1)
    frame, runs = frame_of(context, at), _runs(variants, n)
    for each in runs[::n]:
        context.session.check_edit(frame, each.put)
    return frame, runs


def _variant(context: DebugContext, frame: Frame, variant: Variant) -> DebugContext:
    line = context.session.line_through(frame)
    child = context.for_line(context.session.fork(frame, put=variant.put))
    child.modes.left(line)  # side effects stay as they were
    context.family.add(child)
    return child


def _runs(variants: Any, n: int) -> list[Variant]:
    if not isinstance(variants, Mapping | Sequence) or isinstance(variants, str):
        wanted = "a list of mappings, or a mapping of names to them"
        raise refusal(variants, "variants", wanted, DebuggerError)
    if isinstance(variants, Mapping):
        named = [(str(name), put) for name, put in variants.items()]
    else:
        named = [(str(i), put) for i, put in enumerate(variants)]
    if not named:
        raise DebuggerError("sweep() needs at least one variant: a mapping of keys to put.")
    for name, put in named:
        if not isinstance(put, Mapping):
            raise refusal(put, f"Variant {name}", "a mapping of keys", DebuggerError)
    plain = [(name, checked(put)) for name, put in named]
    return [Variant(name, i, put) for name, put in plain for i in range(n)]


def _bar(items: Sequence[Any], shown: bool) -> Iterator[Any]:
    if not shown or len(items) < 2:
        yield from items
        return
    from tqdm.auto import tqdm

    yield from tqdm(items, desc="sweep", unit="run", leave=False)


def _table(
    start: Frame, runs: list[Variant], children: Sequence[DebugContext], ends: list[Ended]
) -> pandas.DataFrame:
    import pandas

    before = kept_items(start.position.data)
    after = [kept_items(child.session.position.data) for child in children]
    changed = dict.fromkeys(
        key
        for content in after
        for key, value in content.items()
        if before.get(key, MISSING) is not value
    )
    taken = {"variant", "repeat", "line", "reason", "frames", "duration", "error"}
    taken |= {_column(key) for each in runs for key in each.put}
    rows = []
    for each, child, end, content in zip(runs, children, ends, after, strict=False):
        frames = child.session.line[start.index + 1 :]
        row: dict[str, Any] = {"variant": each.name, "repeat": each.repeat}
        row |= {_column(key): value for key, value in each.put.items()}
        row |= {
            "line": child.session.line.name,
            "reason": end.reason,
            "frames": len(frames),
            "duration": sum(frame.duration for frame in frames),
            "error": end.error,
        }
        row |= {f"state_{k}" if k in taken else k: real(content.get(k), k) for k in changed}
        rows.append(row)
    return pandas.DataFrame(rows)


def _column(key: Any) -> str:
    return f"put_{'_'.join(map(str, key)) if isinstance(key, tuple) else key}"
