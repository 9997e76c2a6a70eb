"""The law: from every frame a run ends as plain LangGraph does, and nothing committed runs again.

    debug a case to its end -> for each frame: rewind, go on -> the same end

What a function does again by LangGraph's own rules (`Case.again`) is left out of the count. Below
1.2.16 whatever is in an open super-step of a subgraph runs again, which is said to the person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal

from lellm_nb import Debugger, StopReason
from lellm_nb.adapters.langgraph.checks import resumes_siblings
from lellm_nb.record.frame import Frame
from tests.adapters.langgraph.case import Case
from tests.adapters.langgraph.plain import first_asked, normal, run_plain

__all__ = ["Costs", "check_law", "debugger", "finish", "leaves", "state_of"]

Way = Literal["step", "run"]
R = StopReason
MOST = 400  # verbs until the end, so that a run that never ends fails its test
GOES_ON = {R.STEP, R.LIMIT, R.PAUSED}


def debugger(case: Case) -> Debugger:
    """Return a debugger of a case, before its first step."""
    return Debugger(case.graph, case.input, **case.given())


def state_of(case: Case, dbg: Debugger) -> Any:
    """Return the root state in the form of `Ended.values`: of an entrypoint what it returned."""
    found = normal(dbg.state)
    return found["__end__"] if isinstance(case.graph.stream_channels, str) else found


def answer_next(case: Case, dbg: Debugger) -> None:
    """Answer the first of `answers` that waits; a static interrupt is let go on."""
    asked = [(one.id, one.value) for one in dbg.pending if one.value is not None]
    if asked:
        id, answer = first_asked(case, asked)
        dbg.answer(answer, id)
    else:
        dbg.approve(dbg.pending[0].id)


def finish(case: Case, dbg: Debugger, way: Way, after: Callable[[], object] | None = None) -> None:
    """Go on to the end by one verb; where nothing moves without a decision, answer.

    Args:
        after: Called after every verb.
    """
    for _ in range(MOST):
        before = dbg.head
        stop = dbg.step() if way == "step" else dbg.run()
        if after is not None:
            after()
        if stop.reason is R.COMPLETED:
            return
        if stop.reason is R.FAILED:
            assert stop.error is not None
            raise stop.error
        assert stop.reason is R.BARRIER or stop.reason in GOES_ON, stop
        if dbg.pending and (way == "run" or dbg.head == before):
            answer_next(case, dbg)
    raise AssertionError(f"no end after {MOST} verbs: {dbg.status_line}")


def leaves(case: Case, counts: Counter[str]) -> Counter[str]:
    """Return the counts of what runs once for each commit."""
    return Counter({name: n for name, n in counts.items() if n and name not in case.again})


class Costs:
    """What ran for each frame of a run that was stepped, by path, visit and kind."""

    def __init__(self) -> None:
        self._costs: dict[tuple[str, int, str], Counter[str]] = {}
        self.total: Counter[str] = Counter()

    def learn(self, case: Case, dbg: Debugger) -> Callable[[], None]:
        """Learn what runs for each frame from now on, as it is made; returns what ends that."""
        seen = len(dbg.frames)

        def made() -> None:
            nonlocal seen
            new, seen = list(dbg.frames)[seen:], max(seen, len(dbg.frames))
            for frame in new:  # one at a time: the first has what ran since the one before
                ran = leaves(case, case.ran.counts)
                self._costs[_run_of(frame)] = ran - self.total
                self.total = ran

        return dbg.subscribe(made)

    def committed(self, frames: list[Frame]) -> Counter[str]:
        """Return how often each function ran for these frames."""
        return sum((self._costs.get(_run_of(frame), Counter()) for frame in frames), Counter())


def _run_of(frame: Frame) -> tuple[str, int, str]:
    return frame.path, frame.visit, frame.kind


def check_law(make: Callable[[], Case], *, long: bool = False) -> int:
    """Check the law of one case, and say how many rewinds that took.

    Args:
        long: Whether every frame is gone on from by step as well.
    """
    plain_case = make()
    plain = run_plain(plain_case)
    assert plain.error is None, plain.error
    wanted = plain.values if plain_case.right is None else plain_case.right
    costs, rewinds, wrong = Costs(), 0, []
    ways: tuple[Way, ...] = ("step", "run")
    for first in ways:
        case = make()
        dbg = debugger(case)
        forget = costs.learn(case, dbg) if first == "step" else lambda: None
        finish(case, dbg, first)
        forget()
        ran = leaves(case, case.ran.counts)
        assert (first, state_of(case, dbg)) == (first, wanted)
        if case.right is None:
            assert _as_often(ran, leaves(case, plain.ran), dbg.frames), (first, ran, plain.ran)
        history = list(dbg.frames)
        for way in ways if long else ("run",):
            for frame in history:
                rewinds += 1
                problem = _problem(case, dbg, frame, way, history, costs, wanted)
                if problem:
                    wrong.append(f"{first}, {frame!r}, then {way}: {problem}")
    assert not wrong, f"{len(wrong)} of {rewinds} rewinds are wrong:\n" + "\n".join(wrong[:12])
    return rewinds


def _problem(
    case: Case,
    dbg: Debugger,
    frame: Frame,
    way: Way,
    history: list[Frame],
    costs: Costs,
    wanted: Any,
) -> str:
    """Rewind to a frame, go on, and say what is wrong with the end; nothing where all is well."""
    dbg.rewind(frame)
    case.ran.clear()
    try:
        finish(case, dbg, way)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if (found := state_of(case, dbg)) != wanted:
        return f"ended with {found}, not {wanted}"
    ran = leaves(case, case.ran.counts)
    left = costs.total - costs.committed(history[: frame.index + 1])
    for name in case.once:
        del ran[name], left[name]
    if not _as_often(ran, left, history):
        return f"ran {dict(ran)}, not {dict(left)}"
    return ""


def _as_often(ran: Counter[str], wanted: Counter[str], frames: Sequence[Frame]) -> bool:
    if ran == wanted or resumes_siblings():
        return ran == wanted
    return (+wanted).keys() <= ran.keys() and any("/" in frame.path for frame in frames)
