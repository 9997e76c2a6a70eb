"""S8: C code that writes into a typed state changes no frame, however deep; arrays are told."""

from __future__ import annotations

import collections
import dataclasses
import heapq
from collections.abc import Callable
from typing import Any

import attrs
import numpy
import pandas
import pydantic
import pytest

from lellm_nb import Debugger, GraphBuilder, typed_state
from lellm_nb.state.containers.read_only import freezers


@dataclasses.dataclass
class Inner:
    items: list[int] = dataclasses.field(default_factory=lambda: [5, 7])


@typed_state
@dataclasses.dataclass
class Plain:
    queue: list[int] = dataclasses.field(default_factory=lambda: [5, 7, 9])
    names: dict[str, int] = dataclasses.field(default_factory=lambda: {"a": 1})
    inner: Inner = dataclasses.field(default_factory=Inner)
    inners: list[Inner] = dataclasses.field(default_factory=lambda: [Inner()])
    seen: Any = None
    n: int = 0


@attrs.define
class AttrsInner:
    items: list[int] = attrs.field(factory=lambda: [5, 7])


@typed_state
@attrs.define
class Attrs:
    queue: list[int] = attrs.field(factory=lambda: [5, 7, 9])
    names: dict[str, int] = attrs.field(factory=lambda: {"a": 1})
    inner: AttrsInner = attrs.field(factory=AttrsInner)
    inners: list[AttrsInner] = attrs.field(factory=lambda: [AttrsInner()])
    seen: Any = None
    n: int = 0


class ModelInner(pydantic.BaseModel):
    items: list[int] = [5, 7]


@typed_state
class Model(pydantic.BaseModel):
    queue: list[int] = [5, 7, 9]
    names: dict[str, int] = {"a": 1}
    inner: ModelInner = ModelInner()
    inners: list[ModelInner] = [ModelInner()]
    seen: Any = None
    n: int = 0


KINDS = (Plain, Attrs, Model)

WRITES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "heapq in a field": ("queue", lambda state: heapq.heappop(state.queue)),
    "list.append in a field": ("queue", lambda state: list.append(state.queue, 1)),
    "list.append of objects": ("inners", lambda state: list.append(state.inners, None)),
    "list.append in an object": ("inner.items", lambda state: list.append(state.inner.items, 1)),
    "heapq in an object": ("inner.items", lambda state: heapq.heappop(state.inner.items)),
    "in an object of a list": (
        "inners[0].items",
        lambda state: list.append(state.inners[0].items, 1),
    ),
    "object.__setattr__": ("n", lambda state: object.__setattr__(state, "n", 5)),
    "in an object's attributes": (
        "inner",
        lambda state: object.__setattr__(state.inner, "items", [1]),
    ),
    "dict.update": ("names", lambda state: dict.update(state.names, a=2)),
}
"""What is written past the guard, and the path that is named."""


def stepped_with(cls: Any, write: Callable[[Any], Any]) -> tuple[Debugger, Any]:
    """Return a debugger after a node that wrote, and what frame 1 said before."""
    graph = (
        GraphBuilder("g")
        .node("first", lambda ctx: ctx.put("n", 1))
        .node("writes", lambda ctx: write(ctx.state) and None)
        .node("reads", lambda ctx: ctx.put("seen", repr(ctx.state)))
        .edge("first", "writes")
        .edge("writes", "reads")
        .start("first")
        .end("reads")
        .build()
    )
    dbg = Debugger(graph, cls())
    dbg.step()
    before = repr(dbg.frames[1].state)
    dbg.step()
    return dbg, before


@pytest.mark.parametrize("cls", KINDS)
@pytest.mark.parametrize("write", WRITES)
def test_c_code_changes_no_frame_and_the_commit_names_the_place(cls: Any, write: str) -> None:
    path, act = WRITES[write]
    dbg, before = stepped_with(cls, act)
    assert f"State key {path!r} was changed in place" in str(dbg.frames[2].error)
    assert repr(dbg.frames[1].state) == before
    assert repr(dbg.state) == before
    dbg.patch({"writes": lambda ctx: None})
    dbg.run()
    assert dbg.state.seen == before


@pytest.mark.parametrize("cls", KINDS)
def test_what_eval_adds_by_itself_is_dropped(cls: Any) -> None:
    dbg, before = stepped_with(cls, lambda state: eval("a", state.names))
    assert dbg.frames[2].error is None
    assert repr(dbg.state) == before


@pytest.mark.parametrize("cls", KINDS)
def test_what_looks_on_changes_no_frame_either(cls: Any) -> None:
    dbg, before = stepped_with(cls, lambda state: None)
    for _, write in WRITES.values():
        write(dbg.frames[1].state)
        write(dbg.state)
    assert repr(dbg.frames[1].state) == before
    assert repr(dbg.state) == before


@pytest.mark.parametrize("cls", KINDS)
def test_an_object_that_is_put_back_shares_what_it_holds_with_the_frames_before(cls: Any) -> None:
    def back(ctx: Any) -> None:
        ctx.put("inner", ctx.state.inner)
        ctx.put("inners", ctx.state.inners)

    graph = GraphBuilder("g").node("back", back).start("back").end("back").build()
    dbg = Debugger(graph, cls())
    dbg.run()
    old, new = (frame.position.data.data for frame in (dbg.frames[0], dbg.frames[1]))
    assert new["inner"] == old["inner"]
    assert new["inner"].items is old["inner"].items
    assert new["inners"] is old["inners"]


def test_a_class_that_compares_in_a_way_of_its_own_is_looked_into() -> None:
    """It says of no two objects that they are equal, and of none that it was changed."""

    @dataclasses.dataclass(eq=False)
    class Odd:
        items: list[int] = dataclasses.field(default_factory=lambda: [5, 7])

        def __eq__(self, other: object) -> bool:
            return False

        __hash__ = None  # type: ignore[assignment]

    @typed_state
    @dataclasses.dataclass
    class Holder:
        odd: Odd = dataclasses.field(default_factory=Odd)
        odds: list[Odd] = dataclasses.field(default_factory=lambda: [Odd()])
        n: int = 0

    def reads(ctx: Any) -> None:
        ctx.put("n", len(ctx.state.odd.items) + len(ctx.state.odds[0].items))

    graph = GraphBuilder("g").node("reads", reads).start("reads").end("reads").build()
    assert Debugger(graph, Holder()).run().error is None


def test_what_a_method_caches_in_a_private_container_goes_no_further() -> None:
    class Cached(pydantic.BaseModel):
        n: int = 1
        _cache: list[int] = pydantic.PrivateAttr(default_factory=list)

        def ask(self) -> int:
            self._cache.append(1)
            return len(self._cache)

    @typed_state
    class Holder(pydantic.BaseModel):
        inner: Cached = Cached()
        asked: int = 0

    def ask(ctx: Any) -> None:
        ctx.put("asked", ctx.state.inner.ask())

    graph = GraphBuilder("g").node("a", ask).node("b", ask).edge("a", "b").start("a").end("b")
    dbg = Debugger(graph.build(), Holder())
    for _ in range(2):
        dbg.step()
        assert dbg.state.asked == 1


@dataclasses.dataclass
class Held:
    array: Any


@typed_state
@dataclasses.dataclass
class Tables:
    array: Any = dataclasses.field(default_factory=lambda: numpy.arange(3))
    table: Any = dataclasses.field(default_factory=lambda: pandas.DataFrame({"x": [1]}))
    inner: Held = dataclasses.field(default_factory=lambda: Held(numpy.arange(3)))
    listed: list[Any] = dataclasses.field(default_factory=lambda: [numpy.arange(2)])
    notes: Any = dataclasses.field(default_factory=lambda: collections.UserList([1]))
    client: Any = dataclasses.field(
        default_factory=lambda: Held(numpy.arange(3)), metadata={"transient": True}
    )


IN_PLACE: dict[str, Callable[[Any], Any]] = {
    "array": lambda state: state.array.__setitem__(0, 9),
    "table": lambda state: state.table.__setitem__("x", [2]),
    "inner.array": lambda state: state.inner.array.__setitem__(0, 9),
    "listed[0]": lambda state: state.listed[0].__setitem__(0, 9),
    "notes": lambda state: state.notes.append(2),
}


@pytest.mark.parametrize("key", IN_PLACE)
def test_what_is_held_by_reference_and_changed_in_place_is_told_at_the_commit(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(freezers, numpy.ndarray, raising=False)  # stores have arrays copied
    graph = (
        GraphBuilder("g")
        .node("a", lambda ctx: IN_PLACE[key](ctx.state) and None)
        .start("a")
        .end("a")
        .build()
    )
    stop = Debugger(graph, Tables()).run()
    assert stop.error is not None
    assert f"State key {key!r} was changed in place" in str(stop.error)


def test_what_is_no_state_may_change_in_place() -> None:
    graph = (
        GraphBuilder("g")
        .node("a", lambda ctx: ctx.state.client.array.__setitem__(0, 9))
        .start("a")
        .end("a")
        .build()
    )
    assert Debugger(graph, Tables()).run().error is None
