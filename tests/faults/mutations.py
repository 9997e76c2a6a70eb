"""What becomes of data when parts of it are exchanged, dropped or doubled."""

from __future__ import annotations

import copy
import json
from typing import NamedTuple

from lellm_nb import register_type

ODD = [
    *(None, True, -1, 0, 2**31, 2**63, 10**400, -(10**18), 1e308, 0.5, "", "\ud83d", "x" * 9999),
    *([], {}, [[]], {"$": "?"}, {"$": "&", "v": 1}, {"$": "&", "v": 2, "n": 10**12}),
    *({"$": "int", "v": "0x" + "f" * 50_000}, {"$": "Decimal", "v": "1e999999999"}),
    *({"$": "range", "v": [0, 10**18, 1]}, {"$": "set", "v": {"$": "range", "v": [0, 10**9, 1]}}),
    *({"$": "tuple", "v": {"$": "range", "v": [0, 10**9, 1]}}, {"$": "timedelta", "v": [10**9]}),
    *({"$": "ndarray", "v": {"dtype": "<f8", "shape": [10**9, 10**9], "raw": ""}},),
    *({"$": "ndarray", "v": {"dtype": "O", "shape": [10**9], "items": [1]}},),
    *({"$": "ndarray", "v": {"dtype": "<U99999999", "shape": [9], "items": ["x"]}},),
    *({"$": "bytes", "v": "A" * 10_000}, {"$": "Fraction", "v": [1, 0]}, {"$": "dict", "v": 7}),
    *({"$": "Index", "v": {"range": [0, 10**12, 1], "name": None}},),
    *({"$": "DataFrame", "v": {"names": {}, "columns": [], "index": {"range": [0, 10**12, 1]}}},),
    *({"$": "ZoneInfo", "v": "../../etc/passwd"}, {"$": "os.system", "v": "true"}),
    *({"$": "datetime", "v": ["2020-01-01T00:00:00", "/etc/passwd", 0]},),
]
"""What a mutation puts in place of a part: wrong types, huge claims, and traps."""


@register_type
class Pair(NamedTuple):
    """A user's own type that is written as a list."""

    left: int
    right: int


_RANGE = {"$": "range", "v": [0, 10**9, 1]}
GROWING = [
    *({"$": name, "v": _RANGE} for name in ("tuple", "set", "complex", "range", "timedelta")),
    *({"$": name, "v": _RANGE} for name in ("datetime", "time", "PurePath", "Fraction", "dict")),
    *({"$": name, "v": _RANGE} for name in ("ndarray", "numpy", "Timestamp", "text", "bytes")),
    {"$": "ndarray", "v": {"dtype": "<f8", "shape": _RANGE, "raw": ""}},
    {"$": "ndarray", "v": {"dtype": "O", "shape": [10**9], "items": _RANGE}},
    {"$": "Index", "v": {"range": _RANGE, "name": None}},
    {"$": "Index", "v": {"column": {"dtype": "object", "items": _RANGE}, "name": None}},
    {"$": "DataFrame", "v": {"names": {}, "columns": _RANGE, "index": {"range": [0, 1, 1]}}},
    {"$": "tests.faults.mutations.Pair", "v": _RANGE},
]
"""A range of some bytes where a list belongs, whose items would be gigabytes."""


def mutated(form, chance):
    """Return JSON data with one to three parts exchanged, dropped or doubled."""
    form = copy.deepcopy(form)
    for _ in range(chance.choice([1, 1, 2, 3])):
        trail = []
        at = form
        while isinstance(at, (list, dict)) and at and (not trail or chance.random() < 0.8):
            key = chance.choice(list(at)) if isinstance(at, dict) else chance.randrange(len(at))
            trail.append((at, key))
            at = at[key]
        if not trail:
            return copy.deepcopy(chance.choice(ODD))
        parent, key = trail[-1]
        act = chance.random()
        if act < 0.6:
            parent[key] = copy.deepcopy(chance.choice(ODD))
        elif act < 0.7 and isinstance(at, int):
            parent[key] = at + chance.choice([-1, 1, 1000])
        elif act < 0.8:
            del parent[key]
        elif act < 0.9 and isinstance(parent, list):
            parent.insert(key, at)
        else:
            deep: list[object] = []
            for _ in range(chance.choice([10, 500, 5_000])):
                deep = [deep]
            parent[key] = deep
    return form


def text(form):
    """JSON text, also of what nests deeper than the standard module likes."""
    try:
        return json.dumps(form)
    except RecursionError:
        return "[" * 10_000 + "]" * 10_000
