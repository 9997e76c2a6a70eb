"""The law on runs that were closed and opened again: from every frame of theirs."""

from __future__ import annotations

from collections import Counter

import pytest

from lellm_nb import Debugger, InMemoryStore
from lellm_nb.record.native.parts import named_levels
from tests.adapters.langgraph.case import Case
from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.law import Costs, finish, leaves, state_of
from tests.adapters.langgraph.plain import normal, run_plain

IN_A_FILE = [
    *("chain", "tool_loop_send", "map_reduce", "nested", "handoff", "functional", "agent_hitl"),
    *("send_subgraph_interrupt", "static_both_levels", "stateful_twice", "two_calls", "delta"),
    *("sends_call_graphs", "every_channel", "untracked_asked", "remaining_steps", "overwrite"),
    *("handled", "handler_asks", "pydantic_state", "task_in_task", "loop_over_subgraph"),
]


def kept(case: Case, store: object) -> Costs:
    """Step a case to its end in a store, and let it go; return what its frames cost."""
    dbg = Debugger(case.graph, case.input, store=store, **case.given())
    costs = Costs()
    forget = costs.learn(case, dbg)
    finish(case, dbg, "step")
    forget()
    dbg.close()
    return costs


def _problems(case: Case, again: Debugger, costs: Costs, wanted: object) -> list[str]:
    wrong, history = [], list(again.frames)
    for frame in history:
        again.rewind(frame)
        case.ran.clear()
        finish(case, again, "run")
        left = costs.total - costs.committed(history[: frame.index + 1])
        ran: Counter[str] = leaves(case, case.ran.counts)
        for name in case.once:
            del ran[name], left[name]
        if (state_of(case, again), ran) != (wanted, left):
            wrong.append(f"{frame!r}: {state_of(case, again)}, ran {dict(ran)}, not {dict(left)}")
    return wrong


@pytest.mark.parametrize("name", IN_A_FILE)
def test_every_frame_of_a_reopened_run_leads_to_the_same_end(name, file):
    """A process may end anywhere; what it left is all that the next one has."""
    plain = run_plain(CASES[name]())
    wanted = plain.values if CASES[name]().right is None else CASES[name]().right
    costs = kept(CASES[name](), file)
    case = CASES[name]()  # as in another process: nothing of the first run is left
    again = Debugger.open(file, graph=case.graph, **case.given())

    assert _problems(case, again, costs, wanted) == []
    again.close()


def test_a_store_in_memory_is_one_like_the_others():
    """`InMemoryStore` keeps rows, and not the objects of the run."""
    store = InMemoryStore()
    plain = run_plain(CASES["nested"]())
    costs = kept(CASES["nested"](), store)
    case = CASES["nested"]()
    again = Debugger.open(store, graph=case.graph)

    assert _problems(case, again, costs, plain.values) == []


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_is_read_of_a_frame_is_what_was_kept(name, tmp_path):
    """Positions, levels and what tasks wrote: of every frame, of every graph there is."""
    case = CASES[name]()
    dbg = Debugger(case.graph, case.input, store=tmp_path / "runs.db", **case.given())
    finish(case, dbg, "step")
    live = [_seen(frame) for frame in dbg.frames]
    dbg.close()
    case = CASES[name]()
    again = Debugger.open(tmp_path / "runs.db", graph=case.graph, **case.given())

    for frame, seen in reversed([*zip(again.frames, live, strict=True)]):
        assert frame.position.native.broken == ""
        assert _seen(frame) == seen
    again.close()


def _seen(frame):
    at = frame.position.native
    levels = {
        name: (
            *(level.step, level.visits.counts(level.step), dict(level.checkpoint)),
            *(sorted(level.hidden), [w.task for w in level.written], level.static, level.passed),
            normal(dict(level.data.items())),
        )
        for name, level in at.levels.items()
    }
    places = [
        (place.node, place.step, place.hold, normal(dict(place.data.items())))
        for place in named_levels(frame.position)
    ]
    names = [place.native for place in named_levels(frame.position)][1:]
    wrote = [channel for channel, _ in at.pairs]
    return frame.kind, frame.path, frame.visit, frame.next_node, levels, places, names, wrote
