"""C13: of every kind of value, no way out has the secret that stands in it.

``python -m tests.record.redaction.matrix`` prints the table.
"""

from __future__ import annotations

import pytest

from tests.record.redaction.matrix.rows import ROWS
from tests.record.redaction.matrix.story import KEY, SHORT, Story
from tests.record.redaction.matrix.values import _story
from tests.record.redaction.matrix.ways import WAYS, found


@pytest.mark.parametrize("row", ROWS)
def test_no_way_out_has_the_secret(row: str) -> None:
    """C13: not in plain, in pieces, in hex, in base64, nor as letters of two or four bytes."""
    story = ROWS[row]
    told = found(story)

    assert {way: forms for way, forms in told.items() if forms and way not in story.known} == {}
    assert sum(forms is not None for forms in told.values()) >= len(WAYS) - 6


def test_the_table_sees_what_is_not_hidden() -> None:
    """A redactor that hides nothing leaves the secret in every way that leads a value out."""
    story = Story(ROWS["text"].graph, secret="the otter", paths=("nowhere",))
    plain = _story("the otter")
    told = found(Story(plain.graph, secret=story.secret, paths=story.paths))

    without = {way for way, forms in told.items() if forms == []}
    assert without <= {"raised", "stream", "notebook", "logged", "warned"}


def test_traces_are_those_of_the_secret() -> None:
    """Base64 at any of three places in a text, hex and wide letters are all found."""
    import base64

    story = ROWS["bytes"]
    for before in (b"", b"x", b"xy", b"xyz"):
        assert story.leaks(base64.b64encode(before + KEY.encode() + b"tail"))
    assert story.leaks(KEY.encode().hex().encode())
    assert story.leaks(KEY.encode("utf-32-le"))
    assert ROWS["path: key"].leaks(f"an {SHORT}".encode())
