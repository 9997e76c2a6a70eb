"""S8: what is written comes back as what it was, and is read-only all the same."""

from __future__ import annotations

import array
import collections
import copy
import enum
import pickle
import threading
from types import MappingProxyType
from typing import NamedTuple

import pytest

from lellm_nb import Debugger, Delete, Put, Reduce, Reducer, register_type
from lellm_nb.errors import ReadOnlyStateError, SerializationError, StateError
from lellm_nb.state import fold, freeze, thaw
from tests.strategies import chain


class Attributes(dict):
    """Items that are read and written as attributes."""

    __getattr__ = dict.__getitem__
    __setattr__ = dict.__setitem__


class Itself(dict):
    """The old trick: an instance that is its own namespace."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.__dict__ = self


class Scores(dict):
    """A mapping with a method and a default."""

    def __missing__(self, key):
        return 0

    def best(self):
        return max(self, key=self.get)


class Log(list):
    """A list with a method and an attribute."""

    def __init__(self, items=(), title=""):
        super().__init__(items)
        self.title = title

    def last(self):
        return self[-1]


class Tags(set):
    """A set with a method."""

    def ordered(self):
        return sorted(self)


class Slots(dict):
    """A mapping with an attribute beside its items."""

    __slots__ = ("unit",)


class Point(NamedTuple):
    """A named tuple with something inside that could change."""

    x: int
    notes: list[int]


class Color(str, enum.Enum):  # noqa: UP042  # as code from before 3.11 has it
    """A text that is an enum."""

    RED = "red"


def moved():
    """An ordered mapping whose order is not that of its writes."""
    made = collections.OrderedDict(a=1, b=2)
    made.move_to_end("a")
    return made


def slotted():
    """A mapping with its attribute set."""
    made = Slots(x=1)
    made.unit = "m"
    return made


MADE = {
    "Counter": lambda: collections.Counter("aab"),
    "defaultdict": lambda: collections.defaultdict(list, x=[1]),
    "OrderedDict": moved,
    "deque": lambda: collections.deque([1, [2]], 5),
    "bytearray": lambda: bytearray(b"ab"),
    "array": lambda: array.array("d", [1.0, 2.5]),
    "attributes": lambda: Attributes(a=1, b=[1]),
    "itself": lambda: Itself(a=1),
    "scores": lambda: Scores(a=1, b=3),
    "log": lambda: Log([1, {"a": [2]}], title="t"),
    "tags": lambda: Tags("ba"),
    "slots": slotted,
    "inside": lambda: {"deep": [collections.Counter("aab")]},
    "named tuple": lambda: Point(1, [2]),
    "enum": lambda: Color.RED,
    "frozenset": lambda: frozenset("ab"),
    "set": lambda: {"a", "b"},
    "proxy": lambda: MappingProxyType({"a": [1]}),
}
for _cls in (Attributes, Itself, Scores, Log, Tags, Slots, Point, Color):
    register_type(_cls)

each = pytest.mark.parametrize("make", MADE.values(), ids=MADE.keys())


def in_order(value):
    """The items where they have an order."""
    return sorted(value) if isinstance(value, (set, frozenset)) else list(value)


def write_and_read(make, read):
    """Run a node that writes a value and one that reads it."""

    def write(ctx):
        return {"value": make()}

    dbg = Debugger(chain(write, read))
    stop = dbg.run()
    return dbg, stop


@each
def test_what_is_written_comes_back_as_what_it_was(make):
    """S8: the next node finds an instance of the class, equal to what was written."""
    value = make()

    def read(ctx):
        assert isinstance(ctx.state["value"], type(value))
        assert ctx.state["value"] == value
        assert in_order(ctx.state["value"]) == in_order(value)

    assert write_and_read(make, read)[1].error is None


@each
def test_it_is_the_same_after_saving(make, tmp_path):
    """S7, S8: a file gives it back as what it was."""
    dbg, _ = write_and_read(make, look)
    dbg.save(tmp_path / "run.lellm")
    state = Debugger.load(tmp_path / "run.lellm").state

    assert isinstance(state["value"], type(make()))
    assert state["value"] == dbg.state["value"] == make()
    assert in_order(state["value"]) == in_order(make())


def look(ctx):
    """Read nothing."""


@pytest.mark.parametrize("name", [name for name in MADE if name not in ("proxy", "enum")])
def test_a_copy_is_an_ordinary_instance(name):
    """S8: by `.copy()`, copy, deepcopy and pickle."""
    plain = MADE[name]()

    def read(ctx):
        value = ctx.state["value"]
        copies = [copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))]
        copies += [value.copy()] if hasattr(value, "copy") else []
        for made in copies:
            assert type(made) is type(plain) or type(value) is type(plain)
            assert made == plain
            assert name != "log" or made.title == plain.title
        if hasattr(plain, "clear"):
            copies[1].clear()

    dbg, stop = write_and_read(MADE[name], read)

    assert stop.error is None
    assert dbg.state["value"] == plain


CHANGES = {
    "Counter": lambda v: v.update("a"),
    "defaultdict": lambda v: v["new"].append(1),
    "OrderedDict": lambda v: v.move_to_end("b"),
    "deque": lambda v: v.appendleft(0),
    "bytearray": lambda v: v.extend(b"c"),
    "array": lambda v: v.append(1.0),
    "attributes": lambda v: setattr(v, "a", 2),
    "scores": lambda v: v.setdefault("z", 1),
    "log": lambda v: setattr(v, "title", "new"),
    "tags": lambda v: v.add("z"),
    "slots": lambda v: setattr(v, "unit", "cm"),
    "inside": lambda v: v["deep"][0].subtract("a"),
    "named tuple": lambda v: v.notes.append(1),
    "proxy": lambda v: v["a"].append(1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_its_methods_refuse_to_change_it(name):
    """S1, S8: the error names the key and says what to do."""

    def read(ctx):
        with pytest.raises(ReadOnlyStateError, match=r"'value.*ctx\.(put|append)\("):
            CHANGES[name](ctx.state["value"])

    dbg, stop = write_and_read(MADE[name], read)

    assert stop.error is None
    assert dbg.state["value"] == MADE[name]()


PAST = {
    "Counter": lambda v: dict.update(v, a=9),
    "defaultdict": lambda v: list.append(v["x"], 9),
    "OrderedDict": lambda v: collections.OrderedDict.popitem(v),
    "deque": lambda v: collections.deque.append(v, 9),
    "bytearray": lambda v: bytearray.append(v, 9),
    "array": lambda v: array.array.append(v, 9.0),
    "itself": lambda v: v.__dict__.__init__(a=2),
    "log": lambda v: list.append(v, 9),
    "tags": lambda v: set.clear(v),
    "inside": lambda v: dict.clear(v["deep"][0]),
    "proxy": lambda v: list.append(v["a"], 9),
}


@pytest.mark.parametrize("name", PAST)
def test_c_code_that_writes_into_it_is_refused_by_the_commit(name):
    """S8: no frame changes, and the error names the key."""

    def read(ctx):
        PAST[name](ctx.state["value"])

    dbg, stop = write_and_read(MADE[name], read)

    assert stop.error.__cause__.key.startswith("value")
    assert dbg.state["value"] == MADE[name]()


def test_methods_defaults_and_operators_work_as_they_did():
    """S8: the next node uses it as such, and what operators make is ordinary."""

    def write(ctx):
        return {name.replace(" ", "_"): make() for name, make in MADE.items()}

    def read(ctx):
        s = ctx.state
        assert s["Counter"].most_common(1) == [("a", 2)]
        assert s["Counter"]["never"] == 0
        assert type(s["Counter"] + s["Counter"]) is collections.Counter
        assert s["defaultdict"]["new"] == []
        assert "new" not in s["defaultdict"]
        assert type(s["OrderedDict"] | {"c": 1}) is collections.OrderedDict
        assert s["deque"].maxlen == 5
        assert s["attributes"].b == [1]
        assert s["itself"].a == 1
        assert (s["scores"]["never"], s["scores"].best()) == (0, "b")
        assert (s["log"].last()["a"], s["log"].title) == ([2], "t")
        assert s["tags"].ordered() == ["a", "b"]
        assert s["slots"].unit == "m"

    dbg = Debugger(chain(write, read))

    assert dbg.run().error is None
    assert dbg.frames[1].opaque == []


def test_writes_inside_and_reducers_keep_the_class():
    """S3, S8: a path, a merge, an append and a sum make another of the same kind."""
    start = {"n": collections.Counter("a"), "log": Log([1], title="t"), "q": collections.deque([1])}
    log = [
        Put(("n", "b"), 5),
        Delete(("n", "a")),
        *(fold_of("n", {"c": 1}, Reducer.MERGE_OBJECT), fold_of("log", 2, Reducer.APPEND)),
        *(fold_of("q", 2, Reducer.APPEND), fold_of("n", collections.Counter("c"), Reducer.SUM)),
    ]
    state = fold(start, log)

    assert state["n"] == collections.Counter(b=5, c=2)
    assert (state["log"], state["log"].title) == ([1, 2], "t")
    assert state["q"] == collections.deque([1, 2])
    assert all(isinstance(state[key], type(start[key])) for key in start)


def fold_of(key, value, reducer):
    """A reduce as the fold takes it."""
    return Reduce(key, value, reducer)


@each
def test_what_is_kept_survives_pickling_and_thawing(make):
    """S8: what goes to another process is kept there as it is here."""
    kept = freeze(make(), "value")

    assert pickle.loads(pickle.dumps(kept)) == kept
    assert type(pickle.loads(pickle.dumps(kept))) is type(kept)
    assert type(thaw(kept)) is type(make())
    assert thaw(kept) == make()


def test_a_class_that_nothing_can_stand_in_for_is_refused_at_the_write():
    """S8: in words that say what to write instead."""

    class Final(type):
        def __new__(cls, name, bases, body, **options):
            if bases and bases != (dict,):
                raise TypeError("no subclasses")
            return super().__new__(cls, name, bases, body)

    class Closed(dict, metaclass=Final):
        pass

    with pytest.raises(StateError, match=r"'plan' is a Closed.*Put dict\(value\)"):
        fold({}, [Put("plan", Closed(a=1))])


class Sorted(dict):
    """Keeps its keys a second time, and a method of that at hand."""

    def __init__(self, items=()):
        super().__init__(items)
        self.keys_in_order = collections.UserList(sorted(dict.keys(self)))
        self.note = self.keys_in_order.append

    def __reduce__(self):
        return Sorted, (dict(self),)

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.note(key)

    def __iter__(self):
        return iter(self.keys_in_order)


def test_a_class_with_things_of_its_own_is_copied_as_it_says_itself():
    """S8: each reader has one of its own, and a change of it is refused by the commit."""

    def write(ctx):
        return {"value": Sorted({"b": 1, "a": 2})}

    def read(ctx):
        copied = copy.copy(ctx.state["value"])
        copied["c"] = 3
        return {"order": list(ctx.state["value"]), "copied": copied}

    def change(ctx):
        ctx.state["value"]["z"] = 1

    dbg = Debugger(chain(write, read, change))
    stop = dbg.run()

    assert dbg.state["order"] == ["a", "b"]
    assert list(dbg.state["copied"]) == ["a", "b", "c"]
    assert stop.error.__cause__.key == "value"
    assert list(dbg.state["value"]) == ["a", "b"]
    with pytest.raises(StateError, match="Put a changed copy"):
        fold({"value": Sorted({"a": 1})}, [Put(("value", "b"), 1)])


def test_what_cannot_be_copied_is_refused_at_the_write():
    """S8: in words that say what to write instead."""

    class Locked(Sorted):
        __reduce__ = dict.__reduce__

    locked = Locked()
    locked.note = threading.Lock()

    with pytest.raises(StateError, match=r"'plan' is a Locked .* Put what it holds"):
        fold({}, [Put("plan", locked)])


def test_a_class_that_is_not_registered_is_named_by_an_explicit_save(tmp_path):
    """S7, S8: it is said, not flattened."""

    class Unknown(dict):
        pass

    dbg, _ = write_and_read(lambda: Unknown(a=1), look)

    with pytest.raises(SerializationError, match=r"value.*Unknown"):
        dbg.save(tmp_path / "run.lellm")
    with pytest.raises(SerializationError, match="default_factory"):
        write_and_read(lambda: collections.defaultdict(lambda: 1), look)[0].save(
            tmp_path / "run.lellm"
        )
