"""S8: what is held by reference and changed in place is told at the commit."""

from __future__ import annotations

import collections
import dataclasses

import numpy as np
import pandas as pd
import pydantic
import pytest

from lellm_nb import Debugger
from lellm_nb.errors import ReadOnlyStateError
from lellm_nb.state import register_freeze
from lellm_nb.state.containers import fingerprint as module
from lellm_nb.state.containers import read_only
from lellm_nb.state.containers.fingerprint import fingerprint
from tests.strategies import chain


@pytest.fixture(autouse=True)
def by_reference(monkeypatch):
    """A store that has met an array has all later ones kept as read-only copies."""
    for kind in (np.ndarray, pd.DataFrame, pd.Series):
        monkeypatch.delitem(read_only.freezers, kind, raising=False)


@dataclasses.dataclass
class Task:
    """A value with fields."""

    name: str
    notes: list[str] = dataclasses.field(default_factory=list)


class Order(pydantic.BaseModel):
    """The same of pydantic."""

    lines: list[int] = []


class Client:
    """An object that lives a life of its own."""

    calls = 0


def table():
    """A table with a column of every kind."""
    return pd.DataFrame(
        {
            "n": [1, 2.5, np.nan],
            "text": ["a", None, "c"],
            "any": [[1], {}, None],
            "at": pd.to_datetime(["2026-01-01", "2026-01-02", None]),
            "zone": pd.to_datetime(["2026-01-01", "2026-01-02", None], utc=True),
            "kind": pd.Categorical(["x", "y", None]),
            "whole": pd.array([1, None, 3], dtype="Int64"),
        }
    )


CHANGED = {
    "element": (lambda: np.zeros(3), lambda v: v.__setitem__(1, 9.0)),
    "in place": (lambda: np.zeros((300, 300)), lambda v: v.__iadd__(1)),
    "not contiguous": (lambda: np.zeros((4, 4)).T[::2], lambda v: v.fill(1)),
    "objects": (lambda: np.array([1, "a"], dtype=object), lambda v: v.__setitem__(0, 2)),
    "no dimension": (lambda: np.array(1.0), lambda v: v.fill(2)),
    "table": (table, lambda v: v.__setitem__("new", 1)),
    "cell": (table, lambda v: v.loc.__setitem__((0, "n"), 7.0)),
    "text": (table, lambda v: v.loc.__setitem__((0, "text"), "z")),
    "zone": (table, lambda v: v.loc.__setitem__((0, "zone"), v["zone"][1])),
    "series": (lambda: pd.Series([1, 2]), lambda v: v.iloc.__setitem__(0, 5)),
    "dataclass": (lambda: Task("a"), lambda v: setattr(v, "name", "b")),
    "inside one": (lambda: Task("a", ["x"]), lambda v: v.notes.append("y")),
    "model": (lambda: Order(lines=[1]), lambda v: v.lines.append(2)),
    "UserDict": (lambda: collections.UserDict(a=1), lambda v: v.update(a=2)),
    "UserList": (lambda: collections.UserList([1]), lambda v: v.append(2)),
    "ChainMap": (lambda: collections.ChainMap({}, {"a": 1}), lambda v: v.update(a=2)),
}
changed = pytest.mark.parametrize(("make", "change"), CHANGED.values(), ids=CHANGED.keys())


@changed
def test_a_change_in_place_is_told_at_the_commit(make, change):
    """S8: the step fails, and names the key and what is held there."""

    def node(ctx):
        change(ctx.state["plan"]["data"][0])

    value = make()
    dbg = Debugger(chain(node), {"plan": {"data": [value]}})
    stop = dbg.run()
    error = stop.error.__cause__

    assert isinstance(error, ReadOnlyStateError)
    assert error.key == "plan.data[0]"
    assert type(value).__name__ in str(error)
    assert "copy" in str(error)


@changed
def test_looking_is_no_change(make, change):
    """S8: two looks at the same content are the same."""

    def node(ctx):
        repr(ctx.state["value"])

    value = make()

    assert Debugger(chain(node), {"value": value}).run().error is None
    assert fingerprint(value) == fingerprint(value)


def test_a_copy_may_be_changed_and_written():
    """S8: what the message says works."""

    def node(ctx):
        copy = ctx.state["value"].copy()
        copy[0] = 9
        return {"value": copy}

    dbg = Debugger(chain(node), {"value": np.zeros(2)})

    assert dbg.run().error is None
    assert dbg.frames[0].state["value"].tolist() == [0, 0]
    assert dbg.frames[1].state["value"].tolist() == [9, 0]


def test_an_object_that_is_no_data_may_live_its_life():
    """S1: a client is held by reference, and its frames are marked."""

    def node(ctx):
        ctx.state["client"].calls += 1

    dbg = Debugger(chain(node), {"client": Client()})

    assert dbg.run().error is None
    assert dbg.frames[0].opaque == [("client",)]
    assert fingerprint(Client()) is None


def test_a_type_may_be_declared_to_be_no_part_of_the_state():
    """S1, S8: as the message says."""

    @dataclasses.dataclass
    class Meter:
        ticks: int = 0

    def node(ctx):
        ctx.state["meter"].ticks += 1

    assert Debugger(chain(node), {"meter": Meter()}).run().error is not None
    register_freeze(Meter)
    assert Debugger(chain(node), {"meter": Meter()}).run().error is None


def test_a_large_array_is_looked_at_in_places_only(monkeypatch):
    """S8: a fingerprint is cheap whatever the size, and finds what changes a whole array."""
    taken = []
    monkeypatch.setattr(module, "hash", lambda data: taken.append(len(data)) or data, raising=False)
    value = np.zeros(10 * module.ELEMENTS, dtype="int8")
    before = fingerprint(value)
    value += 1

    assert fingerprint(value) != before
    assert max(taken) <= 2 * module.ELEMENTS


def test_a_large_object_is_looked_at_up_to_a_number_of_values():
    """S8: the rest is not read."""
    read = []

    class Many(collections.UserList):
        pass

    class Item(collections.UserDict):
        def __init__(self):
            super().__init__()
            read.append(0)

        @property
        def __dict__(self):
            read.append(1)
            return {}

    value = Many(Item() for _ in range(3 * module.ITEMS))
    read.clear()
    fingerprint(value)

    assert len(read) <= 2 * module.ITEMS
    assert fingerprint(value) == fingerprint(value)


def test_an_object_that_cannot_be_looked_at_is_left_alone():
    """S8: a foreign class may raise anything."""

    @dataclasses.dataclass
    class Broken:
        n: int = 0

        def __getattribute__(self, name):
            raise RuntimeError("no")

    def node(ctx):
        ctx.put("n", len(ctx.state))
        ctx.state["broken"]

    assert fingerprint(Broken()) is None or fingerprint(Broken())
    assert Debugger(chain(node), {"broken": Broken()}).run().error is None
