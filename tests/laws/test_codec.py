"""decode(encode(x)) == x, for whatever a state may hold."""

from __future__ import annotations

import datetime
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb.errors import CorruptedCheckpointError
from lellm_nb.record.codec.values import Codec, Limits
from lellm_nb.state import freeze

CODEC = Codec()

texts = st.text(st.characters(), max_size=5)
atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**2000), 2**2000),
    st.floats(allow_nan=False),
    texts,
    st.binary(max_size=5),
    st.dates(),
    st.datetimes(timezones=st.none() | st.timezones() | st.just(datetime.UTC)),
    st.times(),
    st.timedeltas(),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.uuids(),
    st.complex_numbers(allow_nan=False),
    st.builds(range, st.integers(-9, 9), st.integers(-9, 9)),
)
hashable = st.recursive(atoms, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
anything = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.sets(hashable, max_size=3),
        st.dictionaries(texts | st.just("$"), inner, max_size=3),
        st.dictionaries(hashable, inner, max_size=3),
    ),
    max_leaves=8,
)

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["$", "v", "n", "type", "repr", "a"]),
            inner
            | st.sampled_from(
                _names := [
                    *("tuple", "set", "dict", "bytes", "datetime", "int", "float", "text", "range"),
                    *("Path", "UUID", "Decimal", "Fraction", "timezone", "ZoneInfo", "ndarray"),
                    *("numpy", "DataFrame", "Series", "Index", "Timestamp", "?", "&", "no such"),
                ]
            ),
            max_size=4,
        ),
    ),
    max_leaves=12,
)


def types_of(value):
    """The shape of a value with its types, which `==` does not compare (1, 1.0 and True)."""
    if isinstance(value, dict):
        return {repr(k): types_of(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [types_of(v) for v in value]
    return type(value).__name__


@given(anything)
def test_what_is_written_is_read(value):
    """Equal, and of the same types all the way down."""
    frozen = freeze(value)
    text = CODEC.dumps(frozen, strict=True)
    back = CODEC.loads(text)

    assert back == frozen
    assert types_of(back) == types_of(frozen)


@given(anything)
def test_the_text_is_plain_json(value):
    """Any JSON library reads it; there is no NaN, and no broken text in it."""
    json.loads(CODEC.dumps(freeze(value)).decode(), parse_constant=pytest.fail)


def test_numbers_that_json_lacks_come_back():
    """NaN and the infinities are tagged."""
    back = CODEC.loads(CODEC.dumps([math.nan, math.inf, -math.inf]))

    assert math.isnan(back[0])
    assert back[1:] == [math.inf, -math.inf]


@given(json_data)
def test_odd_data_is_read_or_refused_by_name(form):
    """Reading anything gives a value or a `CorruptedCheckpointError`, and nothing else."""
    try:
        Codec(Limits(seconds=1.0)).loads(json.dumps(form))
    except CorruptedCheckpointError:
        return
