"""S9, C9: a typed state is written by its attributes, and is what it was when it is read."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

import pydantic
import pytest
from hypothesis import given

from lellm_nb import Debugger, Put, Redactor, SqliteStore, typed_state
from lellm_nb.errors import SerializationError
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.typed_states import read_typed
from lellm_nb.record.codec.values import Codec
from lellm_nb.state.state import keep, view
from tests.state.structs.kinds import (
    Author,
    Locked,
    Priced,
    row,
)
from tests.state.structs.test_assignment import CASES, STARTS, runs
from tests.state.structs.test_read_only import STATES


def written(data):
    """Kept data after a way through text."""
    codec = Codec()
    writer = PositionWriter(codec)
    text = codec.written(lambda: writer.data(data))[0]
    assert not writer.problems
    return PositionReader(codec).data(codec.parse(text))


@pytest.mark.parametrize("state", STATES, ids=lambda s: type(s).__name__)
def test_a_state_of_every_make_comes_back(state):
    """S9: decode(encode(x)) == x, also for what no dump of the class would show."""
    data = keep(state)
    again = written(data)

    assert again == data
    assert view(again) == state
    assert dict(again.rest) == dict(data.rest)


@given(run=runs)
def test_any_state_that_puts_lead_to_comes_back(run):
    """S9: decode(encode(x)) == x."""
    cls, puts = run
    data = keep(STARTS[cls]()).applied([Put(name, value) for name, value in puts])

    assert view(written(data)) == view(data)
    assert dict(written(data).rest) == dict(data.rest)


@pytest.mark.parametrize(("make", "puts"), CASES)
def test_a_stored_run_opens_with_the_states_it_had(make, puts, tmp_path):
    """S9: every frame, without the user's code; and it can be gone on with."""
    nodes = [lambda ctx, k=k, v=v: ctx.put(k, v) for k, v in puts.items()]
    graph = row(*nodes)
    dbg = Debugger(graph, make(), store=tmp_path / "runs.db")
    dbg.run()
    states = [frame.state for frame in dbg.frames]
    dbg.close()
    again = Debugger.open(tmp_path / "runs.db", graph=graph)

    assert [frame.state for frame in again.frames] == states
    again.rewind(0)
    again.run()
    assert again.state == states[-1]
    again.save(tmp_path / "run.lellm")
    assert Debugger.load(tmp_path / "run.lellm", graph=graph).state == states[-1]


def test_writes_inside_objects_are_folded_without_the_class(tmp_path):
    """C9: a run opens where its classes are not loaded, and loses nothing by it."""

    def forget():
        @dataclasses.dataclass
        class Part:
            name: str = "a"

        @typed_state
        @dataclasses.dataclass
        class Whole:
            part: Part = dataclasses.field(default_factory=Part)
            n: int = 0

        return Whole()

    start = forget()
    graph = row(lambda ctx: ctx.put(("part", "name"), "b"), lambda ctx: ctx.put("n", 2))
    dbg = Debugger(graph, start, store=tmp_path / "runs.db")
    dbg.run()
    dbg.close()
    form = PositionWriter(Codec()).data(dbg.frames[-1].position.data)
    away = {**form, "type": "gone.Whole"}
    shown = read_typed(away, {"n": 2}, Codec())
    again = Debugger.open(tmp_path / "runs.db", graph=graph)

    assert view(shown) == {"n": 2}
    assert PositionWriter(Codec()).data(shown)["type"] == "gone.Whole"
    assert [frame.state.part.name for frame in again.frames] == ["a", "b", "b"]


def test_what_an_object_keeps_to_itself_is_kept_where_it_can_be(tmp_path):
    """S9: a lock gets its default again; it stops no store and no save."""
    start = Locked(n=1)
    start._seen = 7
    graph = row(lambda ctx: ctx.put("n", 2))
    dbg = Debugger(graph, start, store=tmp_path / "runs.db")
    dbg.run()
    dbg.save(tmp_path / "run.lellm")
    dbg.close()
    state = Debugger.open(tmp_path / "runs.db", graph=graph).state

    assert (state.n, state._seen) == (2, 7)
    assert state._lock is not None
    assert state._lock is not start._lock


def test_a_transient_field_gets_its_default_again(tmp_path):
    """S6: where a run is opened; it is in no store."""

    @typed_state
    @dataclasses.dataclass
    class Held:
        n: int = 0
        client: Any = dataclasses.field(default="none", metadata={"transient": True})

    graph = row(lambda ctx: ctx.put("n", 2))
    dbg = Debugger(graph, Held(1, object()))
    dbg.run()
    dbg.save(tmp_path / "run.lellm")

    assert Debugger.load(tmp_path / "run.lellm", graph=graph).state == Held(2, "none")


def test_what_cannot_be_kept_is_named(tmp_path):
    """S7: by its path; a store has a marker there."""
    dbg = Debugger(row(lambda ctx: ctx.put("net", 2.0)), Priced(1.0, client=object()))
    dbg.run()
    with pytest.raises(SerializationError, match=r"client is builtins\.object") as caught:
        dbg.save(tmp_path / "run.lellm")

    assert caught.value.path == "client"


def test_an_object_that_no_state_declares_is_no_part_of_one(tmp_path):
    """C9: a file can't name a class that no typed state leads to."""

    @dataclasses.dataclass
    class Stranger:
        n: int = 0

    dbg = Debugger(row(lambda ctx: ctx.put("client", Stranger())), Priced(1.0))
    dbg.run()

    with pytest.raises(SerializationError, match="Stranger"):
        dbg.save(tmp_path / "run.lellm")
    form = {"$": f"state:{__name__}.Plain", "v": {"n": 1}}
    assert type(Codec().value(form)).__name__ == "Unsaved"


@dataclasses.dataclass
class Plain:
    """A class that is loaded, and belongs to no state."""

    n: int = 0


def test_a_class_that_has_changed_leaves_a_marker():
    """S9: never a run that cannot be opened; what was stored is written again as it was."""
    gone = {"$": f"state:{__package__ or 'tests'}.Gone", "v": {"n": 1}}
    member = {"$": "state:tests.state.structs.kinds.Colour", "v": "GREEN"}
    for form in (gone, member):
        marker = Codec().value(form)
        assert type(marker).__name__ == "Unsaved"
        assert Codec().plain(marker) == form


def test_small_types_of_models_are_kept():
    """S9: addresses and sizes; what a model declares secret is taken out."""

    @typed_state
    class Site(pydantic.BaseModel):
        url: pydantic.HttpUrl = pydantic.HttpUrl("https://example.org/a")
        host: ipaddress.IPv4Address = ipaddress.IPv4Address("127.0.0.1")
        size: pydantic.ByteSize = pydantic.ByteSize(3)
        key: pydantic.SecretStr = pydantic.SecretStr("hunter2")

    text = Codec().dumps(dict(keep(Site()).data))
    again = view(written(keep(Site())))

    assert b"hunter2" not in text
    assert (again.url, again.host, again.size) == (Site().url, Site().host, Site().size)
    assert "redacted" in repr(again.key)


def test_secrets_inside_objects_are_taken_out(tmp_path):
    """S9: an object in a state hides no secret from the redactor."""
    key = "sk-" + "a1" * 16
    graph = row(lambda ctx: ctx.put("lead", Author(key, ["b"])))
    store = SqliteStore(tmp_path / "runs.db", redact=Redactor(paths=["lead.books"]))
    dbg = Debugger(graph, Priced(1.0), store=store)
    dbg.run()
    dbg.close()
    store.close()
    text = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    lead = Debugger.open(tmp_path / "runs.db", graph=graph).state.lead

    assert key.encode() not in text
    assert "redacted" in repr(lead.name)
    assert "redacted" in repr(lead.books)
