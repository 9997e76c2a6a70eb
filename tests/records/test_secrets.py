"""What is secret stays out of records as JSON data (SEMANTICS C13)."""

from __future__ import annotations

import datetime
import json

import pytest

import lellm_nb
from lellm_nb import (
    Checkpoint,
    Debugger,
    GraphBuilder,
    InMemoryMutationLog,
    Modify,
    MutationLogEntry,
    Put,
    Redactor,
    Reduce,
    Reducer,
    State,
    to_json,
)
from lellm_nb.errors import SerializationError
from lellm_nb.record.frame import Frame
from tests.records.test_json_form import again

SECRET = "sk-" + "a1" * 16


def _holders():
    now = datetime.datetime.now(datetime.UTC)
    error = lellm_nb.errors.NodeExecutionError(
        "a", ValueError(f"bad {SECRET}"), state={"k": SECRET}
    )
    return [
        *(Put("k", SECRET), Put(SECRET, 1), Modify("k", [SECRET]), State({"k": {SECRET: SECRET}})),
        *(Frame("g", "a", {"k": (SECRET,)}, 1), lellm_nb.TextDelta(f"use {SECRET}"), error),
        *(Checkpoint("b", "a", {"k": SECRET.encode()}, 0), lellm_nb.Reject(f"not {SECRET}")),
        *(MutationLogEntry("t", 1, "a", None, 0, Put("k", SECRET), now), ValueError(SECRET)),
        *(lellm_nb.GraphFailed(error, State({"k": SECRET})), [Put("k", {SECRET})]),
        *(lellm_nb.StateDelta("k", "put", SECRET, "me"), Put("k", type("C", (), {"a": SECRET})())),
    ]


@pytest.mark.parametrize("record", _holders(), ids=lambda r: type(r).__name__)
def test_no_key_is_in_the_data(record):
    """C13: what leaves the process has no API key in it, unless somebody says otherwise."""
    assert SECRET not in json.dumps(to_json(record))
    assert again(record) is not None


def test_what_is_secret_can_be_said():
    """C13: by path, in states, mutations, decisions and logs; and nothing is, by an empty one."""
    hide = Redactor(paths=["user.pin"])
    now = datetime.datetime.now(datetime.UTC)
    put = Put(("user", "pin"), 4711)
    log = InMemoryMutationLog()
    log.append(MutationLogEntry("t", 1, "a", None, 0, put, now))
    for record in (
        *(State({"user": {"pin": 4711}}), put, Modify(("user", "pin"), 4711), log.replay("t")),
        Frame("g", "a", {"user": {"pin": 4711}}, 1),
    ):
        assert "4711" not in json.dumps(to_json(record, redact=hide)), record
        assert "4711" in json.dumps(to_json(record))
    assert SECRET in json.dumps(to_json(Put("k", SECRET), redact=Redactor(patterns={})))


class _Client:
    def __repr__(self):
        return "_Client(pin=4711)"


_USER = {"pin": 4711}
_JOINING = {
    "append": Reduce("users", _USER, Reducer.APPEND),
    "by the graph": Reduce("users", _USER),
    "tuple": Put("users", (_USER,)),
    "tag": Put("users", [{"$": "tuple", **_USER}]),
    "index": Put(("users", 0, "pin"), 4711),
    "repr": Put("users", [_Client()]),
}


@pytest.mark.parametrize("mutation", _JOINING.values(), ids=_JOINING)
def test_what_a_log_keeps_is_as_secret_as_in_the_state(mutation):
    """C13: an entry's value is looked at, not its form: joined to a list, tagged, or a repr."""
    hide = Redactor(paths=["users[*].pin"])
    entry = MutationLogEntry("t", 1, "a", None, 0, mutation, datetime.datetime.now(datetime.UTC))
    assert "4711" in json.dumps(to_json(entry))
    assert "4711" not in json.dumps(to_json(entry, redact=hide))
    assert again(entry) == entry


@pytest.mark.parametrize("value", [_USER, [_USER]], ids=["joined", "put"])
def test_a_delta_may_be_joined_to_a_list(value):
    """C13: a StateDelta goes through the key's reducer, which it does not name."""
    delta = lellm_nb.StateDelta("users", "put", value)
    assert "4711" in json.dumps(to_json(delta))
    assert "4711" not in json.dumps(to_json(delta, redact=Redactor(paths=["users[*].pin"])))


def test_a_damaged_form_of_a_mutation_is_refused_by_name():
    """C9: what is no form of a mutation cannot be looked at, and is not written."""
    form = {"Put": ["k", {"$": "datetime", "v": "junk"}]}
    entry = MutationLogEntry("t", 1, "a", None, 0, form, datetime.datetime.now(datetime.UTC))
    with pytest.raises(SerializationError, match=r"mutation_json.*damaged datetime"):
        to_json(entry)


@pytest.mark.parametrize("pin", ["a long word that is no key", 4711])
def test_a_path_is_secret_inside_of_a_lens_as_well(pin):
    """C13: a record does not say where its level stands, so the end of a path is enough."""
    inner = GraphBuilder("i").node("x", lambda ctx: ctx.put("pin", ctx.state["pin"]))
    g = GraphBuilder("g").subgraph(
        "job", inner.node("y", len).edge("x", "y").start("x").end("y").build(), lens="job"
    )
    dbg = Debugger(g.start("job").end("job").build(), {"job": {"pin": pin}, "seen": 1})
    dbg.step()
    hide = Redactor(paths=["job.pin"])

    for record in (dbg.frames[1], dbg.frames, dbg.position, dbg.session.checkpoint(), dbg.stack):
        assert str(pin) in json.dumps(to_json(record))
        assert str(pin) not in json.dumps(to_json(record, redact=hide))
    assert again(dbg.frames[1], redact=hide).root_state["seen"] == 1
