"""C9, S8: the containers of the standard library in a file, sound or damaged."""

from __future__ import annotations

import array
import collections
import json

import pytest

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.record.codec.values import Codec
from lellm_nb.state import freeze, thaw

VALUES = [
    collections.Counter({"a": 2, ("k", 1): 1}),
    collections.OrderedDict([("b", 1), ("a", collections.deque([1]))]),
    collections.defaultdict(list, {"x": [1]}),
    collections.defaultdict(None, {"x": 1}),
    collections.defaultdict(collections.Counter, {"x": collections.Counter("a")}),
    collections.deque([1, {"a": 2}], 3),
    array.array("d", [1.5, float("inf")]),
    bytearray(b"\x00a"),
    frozenset({1, 2}),
    {1, 2},
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_is_read_is_what_was_written(value):
    """S8: decode(encode(x)) == x, and of the same class, as kept as before."""
    kept = freeze(value)
    again = Codec().loads(Codec().dumps(kept, strict=True))

    assert type(again) is type(kept)
    assert thaw(again) == value
    assert Codec().dumps(again) == Codec().dumps(kept)


DAMAGED = [
    {"$": "Counter", "v": [1]},
    {"$": "defaultdict", "v": ["eval", {}]},
    {"$": "defaultdict", "v": ["list"]},
    {"$": "deque", "v": [[1], -1]},
    {"$": "deque", "v": [{"$": "range", "v": [0, 1000000000, 1]}, None]},
    {"$": "array", "v": ["z", []]},
    {"$": "array", "v": ["b", [1000]]},
    {"$": "mappingproxy", "v": 1},
]


@pytest.mark.parametrize("form", DAMAGED, ids=json.dumps)
def test_a_damaged_one_is_refused(form):
    """C9: a file makes only what it may, and says what is wrong."""
    with pytest.raises(CorruptedCheckpointError, match="A damaged"):
        Codec().loads(json.dumps(form))
