"""A plan that has everything: tasks side by side, several of one job, graphs inside, a question."""

from __future__ import annotations

from lellm_nb import Debugger
from tests.session.superstep_toy import GATHER, Plan, Together, ask

__all__ = ["everything", "finished", "said", "started"]


def said(word):
    """A job that puts a word into the log."""
    return lambda state: {"log": [word]}


def count(state):
    """A job that counts one further."""
    return {"n": state.get("n", 0) + 1}


def everything():
    """Return the plan: what is asked in its first super-step waits until it is approved."""
    sub = Plan(
        "sub",
        {"x": said("x"), "y": said("y"), "z": lambda s: {"n": 5}},
        *("x y", "z"),
        log=GATHER,
    )
    work = Plan("work", {"p": said("p"), "q": count}, "p", "q", log=GATHER)
    jobs = {
        "a": said("a"),
        "sub": sub,
        "side": lambda s: {"side": 1},
        "w": work,
        "ok": ask,
        "end": said("end"),
    }
    return Plan("plan", jobs, "a", "sub side w w ok", "w", "w w", "end", log=GATHER)


def started(plan=None):
    """Return a debugger of a plan that has not moved."""
    return Debugger(Together(plan or everything(), {"log": [], "n": 0}))


def finished(plan=None):
    """Return a debugger of a plan that has been run to its end, everything approved."""
    dbg = started(plan)
    dbg.run()
    while dbg.pending:
        dbg.approve()
        dbg.run()
    return dbg
