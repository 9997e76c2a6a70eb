"""C9, C12: data that is no record is refused by one error, and nothing of it is run."""

from __future__ import annotations

import copy
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lellm_nb import from_json, to_json
from lellm_nb.errors import CorruptedCheckpointError
from tests.records.samples import samples

FORGED = [
    *(None, 3, "text", b"{}", 1.5, object(), (1,), {1}),
    *({"$": "os.system", "v": "true"}, {"$": "lellm_nb.Debugger"}, {"$": 3}, {"$": None}),
    *({"$": "lellm_nb.Put"}, {"$": "lellm_nb.Put", "key": 3, "value": 1}),
    *({"$": "lellm_nb.Pending", "id": 1}, {"$": "lellm_nb.Approve", "by": "me"}),
    *({"$": "lellm_nb.Frame", "kind": "x"}, {"$": "lellm_nb.FrameStack", "frames": [3]}),
    *(
        {"$": "lellm_nb.TriggerPolicy", "v": "never"},
        {"$": "lellm_nb.State", "keys": {"a": {"$": "&", "v": 1}}},
    ),
    *({"$": "lellm_nb.error", "type": "builtins.exec", "text": {"$": "lellm_nb.error"}},),
    *({"$": "lellm_nb.Stopper", "stop": {"node": 3}}, {"$": "lellm_nb.Checkpoint", "state": 1}),
    {
        "$": "lellm_nb.FrameStack",
        "frames": [],
        "shared": {"values": [[1, {"$": "&", "v": 1}]], "items": 3},
    },
]


@pytest.mark.parametrize("form", FORGED, ids=range(len(FORGED)))
def test_what_is_no_record_is_refused(form):
    """C12: by one error, whatever it is."""
    with pytest.raises(CorruptedCheckpointError):
        from_json(form)


def test_reading_imports_nothing():
    """C9, C12: a name in the data is looked up in a list, and in nothing else."""
    code = (
        "import sys, lellm_nb\n"
        "lellm_nb.from_json(lellm_nb.to_json(lellm_nb.Approve()))\n"
        "before = set(sys.modules)\n"
        "form = {'$': 'lellm_nb.Put', 'key': 'k', 'value': {'$': 'antigravity.Thing', 'v': 1}}\n"
        "error = {'$': 'lellm_nb.error', 'type': 'this.Error', 'text': 'x'}\n"
        "print(lellm_nb.from_json(form), type(lellm_nb.from_json(error)).__name__)\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
    assert "SavedError" in done.stdout


FORMS = [to_json(record) for record in samples()]
ODD = st.sampled_from(
    [
        None,
        -1,
        10**30,
        1.5,
        "x",
        "",
        [],
        {},
        [[]],
        True,
        {"$": "lellm_nb.Approve"},
        {"$": "&", "v": 1},
    ]
)


def places(form, at=()):
    """Every place in JSON data."""
    yield at
    inside = form.items() if isinstance(form, dict) else enumerate(form)
    for key, value in inside:
        if isinstance(value, (dict, list)):
            yield from places(value, (*at, key))
        else:
            yield (*at, key)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_whatever_is_changed_in_the_data_it_is_a_record_or_refused(data):
    """C12: one value exchanged, taken away or added anywhere in the data of any record."""
    form = copy.deepcopy(data.draw(st.sampled_from(FORMS)))
    where = data.draw(st.sampled_from([at for at in places(form) if at]))
    inside = form
    for part in where[:-1]:
        inside = inside[part]
    match data.draw(st.sampled_from(["put", "drop", "add"])):
        case "put":
            inside[where[-1]] = data.draw(ODD)
        case "drop":
            del inside[where[-1]]
        case "add" if isinstance(inside, dict):
            inside[data.draw(st.sampled_from(["by", "$", "shared", "level"]))] = data.draw(ODD)

    try:
        found = from_json(form)
    except CorruptedCheckpointError:
        return
    repr(found)
    json.dumps(to_json(found))


def test_a_deep_form_is_refused():
    """C12: whether its values or its records nest."""
    deep: object = 1
    for _ in range(50_000):
        deep = [deep]
    record: object = {"$": "lellm_nb.Approve"}
    for _ in range(5_000):
        record = {"$": "lellm_nb.ToolFinished", "call_id": "1", "name": "t", "result": record}
    error: object = {"$": "lellm_nb.error", "type": "x", "text": "y"}
    for _ in range(5_000):
        error = {"type": "x", "text": "y", "why": error}

    for form in ({"$": "lellm_nb.Put", "key": "k", "value": deep}, record, [deep]):
        with pytest.raises(CorruptedCheckpointError):
            from_json(form)
    assert from_json({"$": "lellm_nb.error", "type": "x", "text": "y", "why": error}) is not None
