"""Another engine stands behind the debugger: what it gives is enough, what it lacks is named."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, StopReason
from lellm_nb.debug.core.verb_table import BUTTONS
from lellm_nb.errors import DebuggerError, NodeExecutionError
from lellm_nb.notebook.model.updates import Updates
from tests.session.toy_engine import Conveyor

R = StopReason


def belt(**more):
    return Conveyor(
        "belt",
        {
            "cut": lambda s: {"n": s["n"] + 1},
            "sew": more.get("sew", lambda s: {"n": s["n"] * 10}),
            "pack": lambda s: {"packed": True},
        },
        {"n": 1},
    )


def test_it_steps_and_runs():
    """A verb that moves comes back with a stop; each commit is a frame."""
    dbg = Debugger(belt())

    assert repr(dbg) == "<Debugger of 'belt': ready · frame 0 of 0 · main>"
    assert dbg.stack == ["cut"]
    assert dbg.step().reason is R.STEP
    assert dbg.run().reason is R.COMPLETED
    assert [f.path for f in dbg.frames] == ["", "cut", "sew", "pack"]
    assert dbg.state == {"n": 20, "packed": True}


def test_it_stops_before_a_node_and_where_a_value_changes():
    """Gates and watches are plain callables over moves and frames."""
    dbg = Debugger(belt())
    point = dbg.break_at("sew", when=lambda s: s["n"] == 2)
    dbg.watch("packed")
    first, second = dbg.run(), dbg.run()

    assert (first.reason, first.breakpoint, first.frame.path) == (R.BREAKPOINT, point, "cut")
    assert (second.reason, second.new) == (R.COMPLETED, True)
    assert dbg.run_back().reason is R.WATCH
    assert dbg.run(until="pack").reason is R.STEP


def test_it_rewinds_and_forks():
    """The history is a tree of frames, whoever made them."""
    dbg = Debugger(belt())
    dbg.run()
    fork = dbg.fork(at=1, put={"n": 7})
    fork.run()
    dbg.rewind(("cut", 1))

    assert (dbg.state, fork.state) == ({"n": 2}, {"n": 70, "packed": True})
    assert fork.compare("main").diff.keys == ["n", "packed"]
    assert dbg.who("n")[0].frame.path == "cut"
    assert dbg.branch("fork 1") is fork
    assert list(dbg.history("n")["new"]) == [2, 20]
    assert dbg.loops().empty
    assert sorted(fork.timing()["path"]) == ["cut", "pack", "sew"]


def test_it_is_written_into():
    """At the head, as one frame."""
    dbg = Debugger(belt())
    dbg.step()

    dbg.steer(put={"steered": 1}, delete=["not there"])

    assert (dbg.frames[-1].kind, dbg.state["steered"]) == ("edit", 1)
    assert dbg.run(more=1).reason.name == "LIMIT"


def test_a_station_that_raises_can_be_mended_and_tried_again():
    """A failed step leaves the position where it was."""
    broken = [True]

    def sew(state):
        if broken:
            raise ValueError("the needle broke")
        return {"n": 0}

    dbg = Debugger(belt(sew=sew))
    stop = dbg.run()
    broken.clear()

    assert stop.reason is R.FAILED
    assert isinstance(stop.error, NodeExecutionError)
    assert dbg.status_line == "failed at sew · frame 2 of 2 · main"
    assert dbg.retry().reason is R.STEP
    assert dbg.run().reason is R.COMPLETED


@pytest.mark.parametrize(
    ("verb", "missing"),
    [
        (lambda dbg: dbg.over(), "step_inside"),
        (lambda dbg: dbg.patch({"cut": lambda s: {}}), "patch"),
        (lambda dbg: dbg.approve(), "decide"),
        (lambda dbg: dbg.mode("cut", "recorded"), "recorded"),
        (lambda dbg: dbg.mock("cut", {"n": 1}), "recorded"),
        (lambda dbg: dbg.skip(), "recorded"),
        (lambda dbg: dbg.send({"n": 1}), "turns"),
        (lambda dbg: dbg.without(1), "refold"),
        (lambda dbg: dbg.why(1), "routes"),
        (lambda dbg: dbg.to_cell(1), "code"),
        (lambda dbg: dbg.save("run.lellm"), "store"),
        (lambda dbg: Debugger(belt(), store="runs.db"), "store"),
    ],
    ids=[
        "over",
        "patch",
        "approve",
        "mode",
        "mock",
        "skip",
        "send",
        "without",
        "why",
        "to_cell",
        "save",
        "store",
    ],
)
def test_a_verb_that_needs_what_is_missing_says_so_by_name(verb, missing):
    """As with an adapter of the Debug Adapter Protocol: it fails loudly, and changes nothing."""
    dbg = Debugger(belt())
    dbg.step()

    with pytest.raises(DebuggerError, match=rf"Conveyor does not give '{missing}'"):
        verb(dbg)
    assert (dbg.busy, len(dbg.frames)) == (False, 2)


def test_a_state_beside_a_session_is_refused():
    """It has its own; what was meant would be lost."""
    with pytest.raises(DebuggerError, match="Conveyor has its state already"):
        Debugger(belt(), {"n": 2})


def test_its_panel_shows_the_run_and_draws_no_button_that_cannot_be():
    """The view asks the debugger, and never the engine."""
    dbg = Debugger(belt())
    feed = Updates(dbg)
    dbg.run()
    told = feed.snapshot()

    head = told["head"]
    buttons = {verb.name: head.get(f"button:{verb.name}") for verb in BUTTONS}
    assert head["line_text"] == "completed · frame 3 of 3 · main"
    assert [node.path for node in feed.outline.nodes] == ["cut", "sew", "pack"]
    assert {name for name, row in buttons.items() if row is None} == {"over", "into", "out"}
    assert buttons["back"] == [True, "Move the head back to frame 2"]
