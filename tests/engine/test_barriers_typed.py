"""B8: a barrier in a typed state is decided properly, whether the class has its keys or not."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import attrs
import pydantic
import pytest

from lellm_nb import (
    Approve,
    Debugger,
    DefaultAction,
    GraphBuilder,
    Modify,
    NoopBarrierSink,
    Put,
    Reject,
    Reroute,
    StopReason,
    TimedOut,
    typed_state,
)
from lellm_nb.errors import StateError


@typed_state
@dataclasses.dataclass
class Letter:
    """Without a field for what a decision writes."""

    text: str = ""
    sent: bool = False


@typed_state
class Model(pydantic.BaseModel):
    """The same as a model that takes nothing more."""

    model_config = pydantic.ConfigDict(validate_assignment=True, extra="forbid")

    text: str = ""
    sent: bool = False


@typed_state
class Roomy(pydantic.BaseModel):
    """The same as a model that takes anything more."""

    model_config = pydantic.ConfigDict(extra="allow")

    text: str = ""
    sent: bool = False


@typed_state
@dataclasses.dataclass(frozen=True, slots=True)
class Sealed:
    """The same, frozen."""

    text: str = ""
    sent: bool = False


@typed_state
@attrs.define
class Attrs:
    """The same, of attrs."""

    text: str = ""
    sent: bool = False


class Handmade:
    """The same, which takes itself apart."""

    def __init__(self, text="", sent=False):
        self.text = text
        self.sent = sent

    def snapshot(self):
        """Two values."""
        return {"text": self.text, "sent": self.sent}

    @classmethod
    def restore(cls, snapshot):
        """Take these two, and no others."""
        return cls(**snapshot)

    def __eq__(self, other):
        return isinstance(other, Handmade) and self.snapshot() == other.snapshot()

    __hash__ = None


@typed_state
@dataclasses.dataclass
class Asked:
    """With fields for both keys, and no default to go back to."""

    ok: bool
    why: str
    text: str = ""


def inner(**keys):
    """A graph that writes, asks, and sends."""
    g = GraphBuilder("letter").node("write", lambda ctx: {"text": "dear"}).barrier("ask", **keys)
    g.node("send", lambda ctx: {"sent": True}).node("drop", lambda ctx: None)
    g.edge("write", "ask").edge("ask", "send").edge_fallback("drop", "send")
    return g.start("write").end("send").build()


class Attribute:
    """A lens to an attribute."""

    def get(self, outer):
        """Read it."""
        return outer.part

    def set(self, outer, part):
        """Replace it."""
        if isinstance(outer, pydantic.BaseModel):
            return outer.model_copy(update={"part": part})
        return dataclasses.replace(outer, part=part)


@typed_state
@dataclasses.dataclass
class Outer:
    """Has a part of any kind."""

    part: Any = None


@typed_state
class OuterModel(pydantic.BaseModel):
    """The same as a model."""

    part: Any = None


def inside(lens):
    """The graph on a part of another state."""
    g = GraphBuilder("outer").subgraph("sub", inner(), lens=lens)
    return g.start("sub").end("sub").build()


def beside():
    """The graph in a branch."""
    g = GraphBuilder("outer").parallel("par", {"one": inner(), "two": lambda ctx: None})
    return g.start("par").end("par").build()


KINDS = [Letter, Model, Roomy, Sealed, Attrs, Handmade]
PLACES = [(kind.__name__, inner, kind) for kind in KINDS]
PLACES += [(f"{kind.__name__} in a branch", beside, kind) for kind in KINDS]
for _kind in KINDS[:-1]:
    for _outer in (Outer, OuterModel):
        for _lens in ("part", Attribute()):
            PLACES.append(
                (
                    f"{_kind.__name__} in {_outer.__name__}, {type(_lens).__name__}",
                    lambda lens=_lens: inside(lens),
                    lambda outer=_outer, kind=_kind: outer(part=kind()),
                )
            )
    PLACES.append(
        (
            f"{_kind.__name__} in a mapping",
            lambda: inside("part"),
            lambda kind=_kind: {"part": kind()},
        )
    )
PLACES.append(("a mapping in Outer", lambda: inside("part"), lambda: Outer({"text": ""})))


class Late:
    """A sink that lets the time be up."""

    async def wait_decision(self, barrier_id, timeout):
        """Say so."""
        return TimedOut()


DECISIONS = [Approve(), Reject("no"), Modify("text", "sir"), Reroute("drop")]


@pytest.mark.parametrize(("graph", "start"), [p[1:] for p in PLACES], ids=[p[0] for p in PLACES])
@pytest.mark.parametrize("decision", DECISIONS, ids=lambda d: d.word)
def test_every_decision_is_taken_everywhere(graph, start, decision, tmp_path):
    """B3, B8: previewed, decided, kept in its frame, stored, and run on from."""
    store = None if "Handmade" in type(start()).__name__ else tmp_path / "runs.db"
    made = graph()
    dbg = Debugger(made, start(), store=store)
    assert dbg.run().reason is StopReason.BARRIER
    if store is not None:
        dbg.close()
        dbg = Debugger.open(store, graph=made)
    shown = dbg.preview(decision)
    verbs = {"approve": dbg.approve, "modify": dbg.modify, "reroute": dbg.reroute}
    args = {"modify": ("text", "sir"), "reroute": ("drop",), "reject": ("no",)}
    stop = verbs.get(decision.word, dbg.reject)(*args.get(decision.word, ()))
    frame = dbg.frames[-1]

    assert (frame.kind, frame.decision.decision, shown.error) == ("decision", decision, None)
    assert stop.error is None
    assert dbg.run().reason is StopReason.COMPLETED
    text = "sir" if decision.word == "modify" else "dear"
    level = dbg.frames[-1].state if dbg.frames[-1].kind == "commit" else dbg.frames[-2].state
    got = level if isinstance(level, dict) else vars_of(level)
    assert (got["text"], got["sent"]) == (text, True)
    if store is not None:
        state = dbg.state
        dbg.close()
        again = Debugger.open(store, graph=made)
        assert again.state == state
        assert [f.decision.decision for f in again.frames if f.decision] == [decision]


def vars_of(state):
    """The two values of a state of any kind."""
    return {"text": state.text, "sent": state.sent}


def test_a_class_that_takes_anything_gets_what_a_decision_writes():
    """B8: there is a place for it."""
    dbg = Debugger(inner(), Roomy())
    dbg.run()
    dbg.reject("no")

    assert dbg.state.model_extra == {"ask.reject_reason": "no"}


def test_a_field_without_a_default_says_no():
    """B3, B8: a rejection after an approval leaves no approval behind."""

    def again(ctx):
        return {"text": f"{ctx.state.ok} {ctx.state.why}"}

    g = GraphBuilder("g").barrier("ask", approve_key="ok", reject_key="why").node("again", again)
    g.edge("ask", "again").edge("again", "ask").node("end", lambda ctx: None)
    dbg = Debugger(g.start("ask").end("end").build(), Asked(False, "not yet"))
    dbg.run()
    dbg.approve(then_run=True)
    approved = dbg.state
    dbg.reject("no", then_run=True)

    assert approved == Asked(True, "", "True ")
    assert dbg.state == Asked(False, "no", "False no")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Roomy])
def test_what_a_person_modifies_is_never_left_out(kind):
    """B8: a field that is not there is refused by its name, and the barrier goes on waiting."""
    dbg = Debugger(inner(), kind())
    dbg.run()
    with pytest.raises((StateError, TypeError), match="txet"):
        dbg.modify("txet", "sir")

    assert [waits.id for waits in dbg.pending] == ["ask#0"]
    assert dbg.approve().error is None


@pytest.mark.parametrize("action", DefaultAction)
@pytest.mark.parametrize("kind", KINDS)
def test_the_time_may_be_up(kind, action):
    """B4: what is applied then is left out in the same way."""
    graph = inner(timeout=5, default_action=action)
    state = graph.run(kind(), barrier=Late()).state

    assert vars_of(state) == {"text": "dear", "sent": True}


@pytest.mark.parametrize("kind", KINDS)
def test_a_barrier_approved_by_a_sink_or_by_none_goes_on(kind):
    """B6: at every kind of state."""
    assert inner().run(kind(), barrier=NoopBarrierSink()).state.sent
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert inner().run(kind()).state.sent


def test_a_pause_of_a_node_is_decided_too():
    """B2, B8: its keys are named by the pause."""

    def node(ctx):
        ctx.put("text", "dear")
        ctx.pause("sure")

    g = GraphBuilder("g").node("a", node).start("a").end("a")
    dbg = Debugger(g.build(), Letter())
    dbg.run()

    assert dbg.approve().reason is StopReason.COMPLETED
    assert dbg.state == Letter("dear")


def test_an_error_route_of_a_state_without_a_field_for_the_error_is_taken():
    """R9: the error stands in the frame."""

    def fail(ctx):
        raise ValueError("no ink")

    g = GraphBuilder("g").node("write", fail).node("mend", lambda ctx: {"text": "mended"})
    dbg = Debugger(g.on_error("write", "mend").start("write").end("mend").build(), Letter())

    assert dbg.run().reason is StopReason.COMPLETED
    assert dbg.state == Letter("mended")
    assert "no ink" in str(dbg.frames[1].error)


def test_a_write_of_a_decision_stands_in_its_frame_as_far_as_it_was_made():
    """B7, B8: the mutations are those that changed the state; the decision is whole."""
    dbg = Debugger(inner(), Letter())
    dbg.run()
    dbg.modify("text", "sir")
    frame = dbg.frames[-1]

    assert frame.mutations == (Put("text", "sir"),)
    assert (frame.decision.proposed, frame.decision.effective) == ("dear", "sir")
