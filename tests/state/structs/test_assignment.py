"""S9: what is put is set as plain code sets it; what was put changes, and nothing else."""

from __future__ import annotations

import copy
import dataclasses
import datetime

import numpy as np
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import Debugger, Put, Reducer, typed_state
from lellm_nb.errors import NodeExecutionError, StateTypeError
from lellm_nb.record.codec.values import Codec
from lellm_nb.state.state import keep, view
from tests.state.structs.kinds import (
    Attrs,
    Author,
    Box,
    Cat,
    Chat,
    Checked,
    Colour,
    Crate,
    Guarded,
    Locked,
    Numbers,
    Open,
    Point,
    Priced,
    Right,
    Sealed,
    Shouting,
    Tabby,
    Translator,
    Watchful,
    row,
)


def put(state, **puts):
    """The state after one commit."""
    return row(lambda ctx: puts).run(state).state


NOON = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)

CASES = [
    (lambda: Priced(10.0), {"net": 20.0, "at": Point(1, 2), "colour": Colour.BLUE}),
    (lambda: Priced(10.0), {"rights": Right.READ | Right.WRITE, "authors": [Translator("T")]}),
    (lambda: Guarded(1), {"n": 5, "log": ["mine"]}),
    (lambda: Attrs(1), {"n": "7", "lead": Author("A"), "tags": ["t"]}),
    (lambda: Box(1), {"content": [1, 2], "n": 3}),
    (lambda: Chat(userId=3), {"user_id": 5, "pet": Tabby(stripes=3), "key": "k", "at": NOON}),
    (lambda: Chat(userId=3, key="k"), {"turns": 2, "authors": [Author("A", ["b"])]}),
    (lambda: Watchful(n=1), {"n": "7"}),
    (lambda: Watchful(n=1), {"tags": ["a"]}),
    (lambda: Shouting(), {"n": 2}),
    (lambda: Shouting(), {"word": "b"}),
    (lambda: Numbers([1]), {"root": [1, 2]}),
    (lambda: Crate[int](content=1), {"content": 2, "n": 3}),
]


@pytest.mark.parametrize(("make", "puts"), CASES)
def test_a_put_does_what_an_assignment_does(make, puts):
    """S9: aliases, strictness, validators, converters, init=False: as the class has it."""
    plain = make()
    for name, value in puts.items():
        setattr(plain, name, copy.deepcopy(value))

    assert put(make(), **puts) == plain


@pytest.mark.parametrize(
    ("state", "puts", "expected"),
    [
        (Sealed(n=1), {"n": 2, "lead": Author("A")}, Sealed(n=2, lead=Author("A"))),
        (Open(n=1, more=2), {"n": 3, "more": 4, "new": 5}, Open(n=3, more=4, new=5)),
    ],
)
def test_a_frozen_class_takes_a_put_as_well(state, puts, expected):
    """S9: the state after it is another object, as a step's always is."""
    assert put(state, **puts) == expected


def test_a_node_reads_what_was_given_under_its_own_name():
    """S9: an alias is how a model is made, and not how it is read."""
    seen = []

    def first(ctx):
        seen.append(ctx.state.user_id)
        ctx.put("user_id", 5)

    dbg = Debugger(row(first, lambda ctx: seen.append(ctx.state.user_id)), Chat(userId=3))
    dbg.run()

    assert seen == [3, 5]
    assert dbg.state.user_id == 5


def test_what_a_class_does_when_it_is_made_is_done_once():
    """S9: a put of one field computes no other again."""
    state = put(Priced(10.0), net=20.0)

    assert (state.net, state.gross, state._made) == (20.0, 12.0, ["once"])
    assert put(Shouting(word="a"), n=1).word == "a!"


def test_a_value_that_is_no_json_is_the_very_object():
    """S9: an open client is held by reference, by every frame."""
    client = object()
    dbg = Debugger(row(lambda ctx: {"net": 2.0}), Priced(1.0, client=client))
    dbg.run()

    assert all(frame.state.client is client for frame in dbg.frames)
    assert dbg.fork(put={"net": 3.0}).state.client is client


@pytest.mark.parametrize("make", [Priced, Checked])
def test_an_array_is_frozen_when_it_is_put_and_shared_from_then_on(make):
    """S1, S9: all later frames have the very same one, also where the class validates."""
    Codec().dumps(np.arange(1))  # from then on a way to freeze arrays is known
    array = np.arange(3)
    second, third = (lambda ctx: {"net": 2.0}), (lambda ctx: ctx.record(_Halve()))
    dbg = Debugger(row(lambda ctx: {"client": array}, second, third), make(net=1.0))
    dbg.run()
    kept = [frame.state.client for frame in dbg.frames[1:]]
    array[0] = 9

    assert list(kept[0]) == [0, 1, 2]
    assert kept[0] is kept[1] is kept[2] is dbg.frames[1].mutations[0].value
    assert dbg.state.net == 1.0


class _Halve:
    def apply(self, state):
        state.net /= 2


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (lambda: Priced(1.0, authors=[Author("A")], tags={"t"}), "net", 2.0),
        (lambda: Chat(userId=1, authors=[Author("A")], pet=Cat()), "turns", 2),
        (lambda: Watchful(tags=["a"]), "n", 4),
        (lambda: Guarded(1, ["a"]), "log", ["b"]),
        (lambda: Attrs(1, Author("A"), ["t"]), "n", 2),
    ],
)
def test_other_fields_stay_the_very_objects(make, name, value):
    """S9: two frames share what did not change, also where the class validated."""
    before = keep(make())
    after = before.applied([Put(name, value)])
    same = [key for key, kept in after.data.items() if kept is before.data[key]]

    assert {*before.data} - {*same} <= {name, "double"}


def test_an_item_that_did_not_change_is_shared_after_an_own_mutation():
    """S6, S9: `apply` gets a private copy, and what it leaves alone stays what it was."""

    class Rename:
        def apply(self, state):
            state.authors[1].name = "B2"
            state.lead = Author("C")

    start = keep(Priced(1.0, authors=[Author("A"), Author("B")]))
    after = start.applied([Rename()])

    assert view(after).authors == [Author("A"), Author("B2")]
    assert after.data["authors"][0] is start.data["authors"][0]
    assert view(start).authors[1] == Author("B")


def test_what_is_put_is_frozen_when_it_is_put():
    """S1: what becomes of the object afterwards is in no frame, and in no mutation."""

    def node(ctx):
        author = Author("A")
        ctx.put("lead", author)
        ctx.append("authors", author)
        author.name = "changed"

    dbg = Debugger(row(node), Priced(1.0))
    dbg.run()

    assert (dbg.state.lead, dbg.state.authors) == (Author("A"), [Author("A")])
    assert dbg.frames[1].mutations[0] == Put("lead", Author("A"))


@pytest.mark.parametrize(
    ("key", "value", "got"),
    [
        (("lead", "name"), "B", lambda s: s.lead.name),
        (("lead", "books", 0), "c", lambda s: s.lead.books[0]),
        (("authors", 0, "name"), "B", lambda s: s.authors[0].name),
    ],
)
def test_a_path_leads_into_objects(key, value, got):
    """S3, S9: by the names of attributes; the object is another, of the same class."""

    def node(ctx):
        ctx.put(key, value)

    start = Priced(1.0, lead=Author("A", ["b"]), authors=[Translator("A", language="de")])
    state = row(node).run(start).state

    assert got(state) == value
    assert state.authors[0].language == "de"


def _wrong_path(ctx):
    ctx.put(("lead", "nam"), 1)


@pytest.mark.parametrize(
    ("make", "good", "write", "says"),
    [
        (lambda: Priced(1.0), ("net", 3.0), lambda ctx: ctx.put("nett", 2), "Did you mean 'net'"),
        (lambda: Priced(1.0), ("net", 3.0), lambda ctx: ctx.delete("net"), "no default"),
        (lambda: Priced(1.0), ("lead", Author("A")), _wrong_path, "'nam'"),
        (lambda: Chat(userId=1), ("turns", 1), lambda ctx: ctx.put("turns", -1), "greater than"),
        (lambda: Chat(userId=1), ("turns", 1), lambda ctx: ctx.put("user_id", "7"), "user_id"),
        (lambda: Chat(userId=1), ("turns", 1), lambda ctx: ctx.put("more", 1), "no field 'more'"),
        (lambda: Watchful(), ("tags", ["a"]), lambda ctx: ctx.put("n", "x"), "invalid literal"),
        (lambda: Guarded(), ("log", ["a"]), lambda ctx: ctx.put("n", -1), "never negative"),
        (lambda: Attrs(), ("tags", ["a"]), lambda ctx: ctx.put("n", -1), "must be >= 0"),
    ],
)
def test_what_the_class_refuses_is_a_failure_of_the_node(make, good, write, says):
    """R3, S9: nothing of the batch is committed."""

    def node(ctx):
        ctx.put(*good)
        write(ctx)

    with pytest.raises(NodeExecutionError, match=says) as caught:
        row(node).run(make())
    assert caught.value.state == make()


def test_a_frozen_field_of_a_model_is_refused():
    """S9: as an assignment to it is."""
    model = pydantic.create_model("M", n=(int, pydantic.Field(default=1, frozen=True)))
    with pytest.raises(NodeExecutionError, match="frozen"):
        put(typed_state(model)(), n=2)


def test_a_delete_goes_back_to_the_default():
    """S3, S9: and a model knows that the field was not set."""
    start = Chat(userId=1, turns=3, tags={"a"})
    state = row(lambda ctx: (ctx.delete("turns"), ctx.delete("tags"), None)[2]).run(start).state

    assert (state.turns, state.tags) == (0, set())
    assert state.model_fields_set == {"user_id"}
    assert row(lambda ctx: ctx.delete("more")).run(Open(more=1)).state == Open()


def test_a_private_attribute_is_kept_and_can_be_put():
    """S9: it is read as it is by every node."""
    start = Locked()
    start._seen = 4
    seen = []

    def node(ctx):
        seen.append((ctx.state._seen, ctx.state._lock is start._lock))
        ctx.put("_seen", 5)

    state = row(node).run(start).state

    assert seen == [(4, True)]
    assert (state._seen, start._seen) == (5, 4)


def test_a_cached_property_is_computed_of_what_is_there():
    """S9: what was cached for an earlier state says nothing of a later one."""
    start = Priced(1.0)
    assert start.double == 2.0

    assert put(start, net=5.0).double == 10.0


def test_reducers_work_on_fields():
    """S4, S9: a list that grows stays compact in every kind of class."""

    for start in (Attrs(), Watchful()):
        dbg = Debugger(row(_grow), start)
        dbg.run()
        assert (len(dbg.state.tags), dbg.state.n) == (40, 40)
        assert dbg.state.tags[:2] == ["0", "1"]


def _grow(ctx):
    ctx.append("tags", str(len(ctx.state.tags)))
    ctx.reduce("n", 1, Reducer.SUM)
    if ctx.visit < 40:
        ctx.goto(ctx.node)


# -- the law ----------------------------------------------------------------------------------

words = st.text(max_size=3)
authors = st.builds(Author, words, st.lists(words, max_size=2)) | st.builds(Translator, words)
VALUES = {
    Priced: {
        "net": st.floats(allow_nan=False),
        "gross": st.floats(allow_nan=False),
        "authors": st.lists(authors, max_size=3),
        "lead": st.none() | authors,
        "colour": st.sampled_from(Colour),
        "rights": st.sampled_from([Right.READ, Right.READ | Right.WRITE]),
        "tags": st.sets(words, max_size=3),
    },
    Chat: {
        "user_id": st.integers(),
        "turns": st.integers(min_value=0),
        "pet": st.builds(Cat, lives=st.integers()) | st.builds(Tabby, stripes=st.integers()),
        "key": words,
        "authors": st.lists(authors, max_size=3),
        "tags": st.sets(words, max_size=3),
    },
    Watchful: {
        "n": st.integers(),
        "double": st.integers(),
        "tags": st.lists(words, max_size=3),
    },
    Guarded: {"n": st.integers(min_value=0), "log": st.lists(words, max_size=2)},
    Attrs: {"n": st.integers(min_value=0), "lead": authors, "tags": st.lists(words, max_size=3)},
}
STARTS = {
    Priced: lambda: Priced(10.0, authors=[Author("A")]),
    Chat: lambda: Chat(userId=1),
    Watchful: Watchful,
    Guarded: Guarded,
    Attrs: Attrs,
}
runs = st.sampled_from(list(VALUES)).flatmap(
    lambda cls: st.tuples(
        st.just(cls),
        st.lists(
            st.sampled_from(sorted(VALUES[cls])).flatmap(
                lambda name: st.tuples(st.just(name), VALUES[cls][name])
            ),
            max_size=8,
        ),
    )
)


@given(run=runs)
def test_any_puts_equal_the_assignments_of_plain_code(run):
    """S9: in any order, one by one or in one batch."""
    cls, puts = run
    plain = STARTS[cls]()
    data = keep(STARTS[cls]())
    for name, value in puts:
        setattr(plain, name, copy.deepcopy(value))
        data = data.applied([Put(name, value)])
    at_once = keep(STARTS[cls]()).applied([Put(name, value) for name, value in puts])

    assert view(data) == plain
    assert view(at_once) == plain
    if isinstance(plain, pydantic.BaseModel):
        assert view(data).model_fields_set == plain.model_fields_set
        assert view(data).model_dump() == plain.model_dump()
    elif dataclasses.is_dataclass(plain):
        assert view(data).__dict__ == plain.__dict__


def test_a_class_says_what_it_lacks():
    """S9: with the field and the class as facts."""
    with pytest.raises(StateTypeError) as caught:
        keep(Sealed(n=1)).applied([Put("m", 1)])
    assert (caught.value.key, caught.value.expected) == ("m", "a field")
