"""Many variants from one frame, tabulated: one row per run, each row a line of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import flag, refusal, speaking, whole
from lellm_nb.debug.breakpoints.condition_hint import note_absent
from lellm_nb.debug.breakpoints.triggers import Until, aim
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.node_modes import locked
from lellm_nb.debug.core.seed import SeededLookUp, seed_of_repeat
from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.names.new_keys import note_new_keys
from lellm_nb.debug.names.node_name import refuse_function_at_node
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.debug.verbs.backward import frame_of
from lellm_nb.debug.verbs.branch import warn_of_run
from lellm_nb.debug.verbs.forward import run
from lellm_nb.debug.verbs.sweep_remote import Ended, check_sendable, plan, result_of, said
from lellm_nb.debug.verbs.variant import SweepRun, runs_of
from lellm_nb.errors import DebuggerError, listed
from lellm_nb.record.frame import Frame
from lellm_nb.sending import is_here
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
    target, asked = aim(context.session.graph, until)
    if target is not None:
        raise DebuggerError(
            "With an executor, until is an expression, or a predicate of a frame: not a node."
        )
    note_absent(asked, context.session)
    context.refresh_code()
    session, modes = context.session, context.modes
    codes = {f"{each.name}: node {at}": fn for each in runs for at, fn in each.nodes.items()}
    puts, mocks = [each.put for each in runs], context.modes.mocks
    codes |= {f"the mock of {path}": each for path, each in mocks.functions.items()}
    check_sendable(executor, session.graph, asked, frame.position, puts, codes)
    recorded = session.recorded(session.line_through(frame))
    how = plan(asked, context.max_steps, modes.chosen, modes.all, recorded, mocks)
    children = [_variant(context, frame, each) for each in runs]
    futures: list[Future[Went]] = []
    ends: list[Ended] = []
    try:
        for child in children:
            asked_there = how
            if child.seed is not None and not is_here(executor):  # threads share the generators
                asked_there = how._replace(look_up=SeededLookUp(child.seed, how.look_up))
            futures.append(executor.submit(child.session.alone(asked_there)))
        for child, future in _bar(list(zip(children, futures, strict=True)), progress):
            end, frames = result_of(future)
            ends.append(end)
            child.session.adopt(frames)
    finally:
        for future in futures:
            future.cancel()
    return _table(frame, runs, children, ends)


def _planned(context: DebugContext, at: Any, variants: Any, n: int) -> tuple[Frame, list[SweepRun]]:
    """Look at everything before the first line is made."""
    n = whole(n, "n", DebuggerError, least=1)
    frame, runs = frame_of(context, at), runs_of(context.session.graph, variants, n)
    swept = {path: code for each in runs for path, code in each.nodes.items()}
    if swept:
        context.may("patch")
        _warn(context, frame, swept)
    for each in runs[::n]:
        refuse_function_at_node(context.session.graph, frame, each.put, "Variant(nodes={{{}: …}})")
        context.session.check_edit(frame, each.put)
        note_new_keys(context.session.graph, frame.level.data, each.put)
        if each.nodes:
            context.session.graph.patched(each.nodes)
    return frame, runs


def _warn(context: DebugContext, frame: Frame, swept: Mapping[str, Any]) -> None:
    """Tell where functions of variants would never run."""
    warn_of_run(context, frame, swept, f"sweep({frame.index - 1}, …)")
    looked_up = sorted(locked(context.session.graph) & swept.keys() - context.modes.chosen.keys())
    if looked_up:
        caution(
            f"{listed(looked_up)} declared side effects, so what is recorded is used in place of"
            f" the variants' functions; dbg.mode({looked_up[0]!r}, 'live') has them run."
        )


def _variant(context: DebugContext, frame: Frame, variant: SweepRun) -> DebugContext:
    line = context.session.line_through(frame)
    child = context.for_line(context.session.fork(frame, put=variant.put))
    child.modes.left(line)  # side effects stay as they were
    context.family.add(child)
    child.seed = seed_of_repeat(context.seed, variant.repeat)
    if child.seed != context.seed:
        child.changed("seed")
    if variant.nodes:
        child.use_code(variant.nodes)
    return child


def _bar(items: Sequence[Any], shown: bool) -> Iterator[Any]:
    if not shown or len(items) < 2:
        yield from items
        return
    from tqdm.auto import tqdm

    yield from tqdm(items, desc="sweep", unit="run", leave=False)


def _table(
    start: Frame, runs: list[SweepRun], children: Sequence[DebugContext], ends: list[Ended]
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
    taken |= {column for each in runs for column in each.columns}
    rows = []
    for each, child, end, content in zip(runs, children, ends, after, strict=False):
        frames = child.session.line[start.index + 1 :]
        row: dict[str, Any] = {"variant": each.name, "repeat": each.repeat}
        row |= each.columns
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
