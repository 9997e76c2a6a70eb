"""C12: a small file becomes no large array."""

from __future__ import annotations

import json
from typing import Any

import numpy
import pytest

from lellm_nb.errors import CorruptedCheckpointError, SerializationError
from lellm_nb.record.codec.values import Codec


@pytest.mark.parametrize("dtype", ["<U260000", "<U3000", "|S1000000"])
def test_a_width_that_no_item_needs_is_refused(dtype: str) -> None:
    form = {"$": "ndarray", "v": {"dtype": dtype, "shape": [1000], "items": [""] * 1000}}
    with pytest.raises(CorruptedCheckpointError, match="padding"):
        Codec().loads(json.dumps(form))


def test_what_would_be_refused_is_not_written() -> None:
    padded = numpy.array(["x" * 10_000, *["y"] * 1000])
    with pytest.raises(SerializationError, match="dtype=object"):
        Codec().dumps(padded, strict=True)


@pytest.mark.parametrize(
    "value",
    [
        numpy.array(["a" * 30, *["word"] * 500]),
        numpy.array(["one", "x" * 400]),
        numpy.array([b"raw", b"bytes" * 9]),
        numpy.array(["x" * 10_000, *["y"] * 1000], dtype=object),
        numpy.array([], dtype="<U900"),
    ],
)
def test_arrays_of_texts_come_back(value: Any) -> None:
    again = Codec().loads(Codec().dumps(value, strict=True))
    assert again.dtype == value.dtype
    assert (again == value).all()
