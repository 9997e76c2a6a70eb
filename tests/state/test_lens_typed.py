"""N1, N3, S9: lenses into typed states, out of them, and between them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pydantic
import pytest

from lellm_nb import Debugger, GraphBuilder, KeyLens, Put, typed_state
from lellm_nb.errors import NodeExecutionError, StateTypeError


@dataclasses.dataclass
class Plan:
    """A part that nobody marked."""

    steps: list[str] = dataclasses.field(default_factory=list)
    n: int = 0


class Memo(pydantic.BaseModel):
    """A part that is a model, with what a model keeps to itself."""

    steps: list[str] = []
    n: int = pydantic.Field(default=0, alias="count", ge=0)
    _seen: int = pydantic.PrivateAttr(3)


@typed_state
@dataclasses.dataclass
class Run:
    """Holds parts of every kind."""

    plan: Plan = dataclasses.field(default_factory=Plan)
    memo: Memo = dataclasses.field(default_factory=Memo)
    bag: dict[str, Any] = dataclasses.field(default_factory=dict)
    none: Plan | None = None
    n: int = 0


@typed_state
class Session(pydantic.BaseModel):
    """The same as a model that validates what is assigned."""

    model_config = pydantic.ConfigDict(validate_assignment=True)

    plan: Plan = Plan()
    memo: Memo = Memo()
    bag: dict[str, Any] = {}
    n: int = 0


class Attribute:
    """A lens to an attribute, by the class's own ways."""

    def __init__(self, name):
        self.name = name

    def get(self, outer):
        """Read it."""
        return getattr(outer, self.name)

    def set(self, outer, inner):
        """Replace it."""
        if isinstance(outer, pydantic.BaseModel):
            return outer.model_copy(update={self.name: inner})
        return dataclasses.replace(outer, **{self.name: inner})


class Item:
    """A lens to an item of a mapping."""

    def get(self, outer):
        """Read it."""
        return outer["plan"]

    def set(self, outer, inner):
        """Replace it."""
        return {**outer, "plan": inner}


def grow(ctx):
    """Write a field and grow a list."""
    state = ctx.state
    n = state.get("n", 0) if isinstance(state, dict) else state.n
    ctx.put("n", n + 1)
    ctx.append("steps", f"step {n}")


def graph(lens, *functions):
    """A graph whose one node is a graph on a part of its state."""
    inner = GraphBuilder("inner").node("grow", grow).node("last", *(functions or [grow]))
    inner = inner.edge("grow", "last").start("grow").end("last").build()
    g = GraphBuilder("outer").subgraph("sub", inner, lens=lens).node("after", lambda ctx: None)
    return g.edge("sub", "after").start("sub").end("after").build()


CASES = [
    *((lens, outer) for outer in (Run, Session) for lens in ("plan", "memo", "bag")),
    *((Attribute(key), outer) for outer in (Run, Session) for key in ("plan", "memo", "bag")),
    *((lens, lambda: {"plan": Run().plan, "n": 0}) for lens in ("plan", Item())),
]


@pytest.mark.parametrize(("lens", "start"), CASES)
def test_a_graph_works_on_a_part_of_any_kind(lens, start, tmp_path):
    """N1, S9: in memory, in a store, opened and rewound alike; the other fields are untouched."""
    key = lens if isinstance(lens, str) else getattr(lens, "name", "plan")
    made, first = graph(lens), start()
    dbg = Debugger(made, first, store=tmp_path / "runs.db")
    dbg.run()
    state, states = dbg.state, [frame.state for frame in dbg.frames]
    part = state[key] if isinstance(state, dict) else getattr(state, key)
    held = part if isinstance(part, dict) else {"n": part.n, "steps": part.steps}
    dbg.close()

    assert held == {"n": 2, "steps": ["step 0", "step 1"]}
    others = state if isinstance(state, dict) else {"n": state.n}
    assert others["n"] == 0
    assert first == start()
    again = Debugger.open(tmp_path / "runs.db", graph=made)
    assert [frame.state for frame in again.frames] == states
    again.rewind(1)
    again.run()
    assert again.state == state


def test_a_part_keeps_its_class_and_what_it_keeps_to_itself():
    """S9: inside it is an object of the part's class, and outside it is one again."""
    seen = []

    def look(ctx):
        seen.append((type(ctx.state).__name__, ctx.state._seen))

    state = graph("memo", look).run(Run()).state

    assert seen == [("Memo", 3)]
    assert isinstance(state.memo, Memo)
    assert state.memo._seen == 3


def test_writes_are_lifted_by_their_path():
    """N3: the outer frame says which fields of the part were written."""
    dbg = Debugger(graph("plan"), Run())
    dbg.run()
    (leave,) = [frame for frame in dbg.frames if frame.kind == "exit"]

    assert leave.mutations[0] == Put(("plan", "n"), 1)
    assert dbg.who(("plan", "n"))[0].frame is leave


def test_a_mutation_of_the_part_s_own_is_lifted_as_the_whole_part():
    """N3, S6: it has no path that could be lifted."""

    class Double:
        def apply(self, plan):
            plan.n *= 2
            plan.steps.append("doubled")

    dbg = Debugger(graph("plan", lambda ctx: ctx.record(Double())), Run())
    dbg.run()

    assert dbg.state.plan == Plan(["step 0", "doubled"], 2)
    (leave,) = [frame for frame in dbg.frames if frame.kind == "exit"]
    assert leave.mutations == (Put("plan", Plan(["step 0", "doubled"], 2)),)


@pytest.mark.parametrize(("key", "says"), [("paln", "Did you mean 'plan'"), ("none", "NoneType")])
def test_a_key_that_leads_to_nothing_is_refused_before_anything_runs(key, says):
    """N1: by the class's fields."""
    ran = []
    with pytest.raises(NodeExecutionError, match=says) as caught:
        graph(KeyLens(key), lambda ctx: ran.append(1)).run(Run())

    assert isinstance(caught.value.__cause__, StateTypeError)
    assert not ran


def test_what_a_part_refuses_fails_its_node():
    """R3, S9: inside as at the root."""
    with pytest.raises(NodeExecutionError, match="greater than or equal to 0") as caught:
        graph("memo", lambda ctx: ctx.put("n", -1)).run(Run())

    assert caught.value.path == "sub/last"
