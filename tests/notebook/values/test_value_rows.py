"""Values as rows: short, typed, opened on demand."""

from __future__ import annotations

import pytest

from lellm_nb.notebook.values.value_rows import PAGE, SHORT, children, inside, short_text, value_row


class Rude:
    def __repr__(self):
        raise RuntimeError("no")


BIG = {
    "text": "x" * 10**6,
    "list": list(range(10**6)),
    "dict": {"k": "v" * 10**6},
    "deep": [[[[[1]]]]],
    "bytes": b"0" * 10**6,
    "none": None,
    "rude": Rude(),
}


@pytest.mark.parametrize("value", BIG.values(), ids=BIG.keys())
def test_a_row_is_small_however_big_the_value(value):
    """Ten megabytes in the state cost no more on the wire than ten bytes."""
    assert len(short_text(value)) <= SHORT
    assert len(str(value_row(value))) < 400


def test_a_repr_that_raises_is_told_and_not_raised():
    """A value of the user's cannot break the view."""
    assert short_text(Rude()) == "<Rude: repr raised RuntimeError>"


def test_an_opened_branch_comes_in_pages():
    """A long list is fetched as far as it is looked at."""
    first = children(list(range(1000)))
    second = children(list(range(1000)), PAGE)

    assert (len(first["rows"]), first["total"]) == (PAGE, 1000)
    assert second["rows"][0]["key"] == str(PAGE)


def test_children_are_reached_by_their_place():
    """A key need not survive the way to the browser and back."""
    state = {("odd", 1): {"x": [10, 20]}, "y": 2}

    assert inside(state, [0, 0, 1]) == 20
    with pytest.raises(LookupError, match="no child 7"):
        inside(state, [7])
    with pytest.raises(LookupError, match="nothing inside"):
        inside(state, [1, 0])


def test_a_long_text_opens_to_itself():
    """What a line cut off is there when it is asked for."""
    text = "line\n" * 100

    assert value_row(text)["opens"]
    assert children(text) == {"full": text, "next": 20_000, "cut": 0}
