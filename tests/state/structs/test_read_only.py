"""S1, S6: what a node reads of a typed state refuses to be changed, and is else as it was."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from lellm_nb import Debugger
from lellm_nb.errors import NodeExecutionError, ReadOnlyStateError
from lellm_nb.state.state import keep, view
from tests.state.structs.kinds import (
    Attrs,
    Author,
    Box,
    Chat,
    Crate,
    Guarded,
    Numbers,
    Open,
    Priced,
    Sealed,
    Watchful,
    row,
)

STATES = [
    Priced(1.0, authors=[Author("A")], tags={"t"}),
    Sealed(n=1, lead=Author("A")),
    Guarded(1),
    Attrs(1, Author("A"), ["t"]),
    Box(3),
    Chat(userId=1, tags={"t"}, authors=[Author("A")]),
    Watchful(n=1, tags=["t"]),
    Open(n=1, more=2),
    Numbers([1, 2]),
    Crate[int](content=1),
]


def read(state):
    """A state as a node reads it."""
    return view(keep(state))


@pytest.mark.parametrize("state", STATES, ids=lambda s: type(s).__name__)
def test_it_is_what_it_was_to_everybody_who_asks(state):
    """S9: class, equality both ways, text; nothing of the class's own was run to make it."""
    seen = read(state)

    assert isinstance(seen, type(state))
    assert seen.__class__ is type(state)
    assert seen == state
    assert state == seen
    assert str(seen).replace("FrozenSet(", "").replace(")", "") == str(state).replace(")", "")
    if hasattr(state, "model_dump"):
        assert seen.model_dump() == state.model_dump()
        assert seen.model_dump_json() == state.model_dump_json()
        assert seen.model_fields_set == state.model_fields_set


@pytest.mark.parametrize("state", STATES, ids=lambda s: type(s).__name__)
def test_a_copy_is_the_user_s_own(state):
    """S9: what is copied, pickled or rebuilt is an ordinary object again."""
    seen = read(state)
    for mine in (copy.copy(seen), copy.deepcopy(seen), pickle.loads(pickle.dumps(seen))):
        assert type(mine) is type(state)
        assert mine == state


def test_a_deep_copy_can_be_changed_all_the_way_down():
    """S9: and what was read stays."""
    seen = read(Priced(1.0, authors=[Author("A", ["b"])]))
    mine = copy.deepcopy(seen)
    mine.net = 2.0
    mine.authors[0].books.append("c")

    assert seen.authors == [Author("A", ["b"])]
    assert seen.net == 1.0


def test_a_replacement_is_made_by_the_class():
    """S9: as of any object of it."""
    changed = dataclasses.replace(read(Sealed(n=1)), n=2)
    copied = read(Watchful(n=1)).model_copy(update={"n": 4})
    copied.tags = ["mine"]

    assert changed == Sealed(n=2)
    assert (copied.n, copied.tags) == (4, ["mine"])


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda s: setattr(s, "net", 2.0), "net"),
        (lambda s: delattr(s, "net"), "net"),
        (lambda s: setattr(s, "new", 2.0), "new"),
        (lambda s: s.tags.add("x"), "tags"),
        (lambda s: setattr(s.authors[0], "name", "B"), "authors[0].name"),
        (lambda s: s.authors[0].books.append("x"), "authors[0].books"),
        (lambda s: setattr(s.lead, "name", "B"), "lead.name"),
    ],
)
def test_a_refusal_names_the_place(change, key):
    """S1: at every depth, with the call to use instead."""
    state = Priced(1.0, authors=[Author("A")], lead=Author("L"))
    with pytest.raises(NodeExecutionError) as caught:
        row(lambda ctx: change(ctx.state)).run(state)

    cause = caught.value.__cause__
    assert isinstance(cause, ReadOnlyStateError)
    assert cause.key == key
    assert "ctx." in str(cause)


def test_a_way_around_the_refusal_changes_no_frame():
    """S1, S8: what is written past the class is in that object, and the commit refuses it."""

    def node(ctx):
        object.__setattr__(ctx.state, "net", 9.0)
        ctx.state.__dict__["gross"] = 9.0
        ctx.put("client", 1)

    dbg = Debugger(row(node), Priced(1.0))

    assert "State key 'net' was changed in place" in str(dbg.run().error)
    assert (dbg.state.net, dbg.state.gross) == (1.0, 1.2)


def test_a_class_that_lists_its_subclasses_hears_of_none():
    """S9: a hook for new subclasses is for those that the user writes."""
    heard = []

    @dataclasses.dataclass
    class Part:
        n: int = 0

        def __init_subclass__(cls, **_):
            heard.append(cls)

    seen = read(Box(Part(1)))
    inner = read(Priced(1.0, authors=[Part(2)])).authors[0]

    assert (seen.content, inner, heard) == (Part(1), Part(2), [])
