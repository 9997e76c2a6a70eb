"""S6, S9: objects of plain data, as the hints say."""

from __future__ import annotations

import pytest

from lellm_nb.state.structs.rebuilding import built, restored
from tests.state.structs.kinds import Author, Cat, Chat, Colour, Dog, Priced


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (Author, {"name": "A"}, Author("A")),
        (Author | None, {"name": "A"}, Author("A")),
        (Author | None, None, None),
        (list[Author], [{"name": "A"}], [Author("A")]),
        (dict[str, Author], {"a": {"name": "A"}}, {"a": Author("A")}),
        (tuple[int, Author], [1, {"name": "A"}], (1, Author("A"))),
        (set[str], ["a"], {"a"}),
        (Colour, "b", Colour.BLUE),
        (Cat, {"lives": 3}, Cat(lives=3)),
        (Dog, {"barks": "2"}, Dog(barks=2)),
        (int, 3, 3),
        (str, {"a": 1}, {"a": 1}),
    ],
)
def test_plain_data_stands_for_what_the_hint_says(hint, value, expected):
    """S9: where a class declares an object, what a person types is made one."""
    assert built(hint, value) == expected


def test_a_snapshot_is_not_made_a_second_time():
    """S9: what the class computed when it was made stays."""
    start = Priced(10.0, 0.5, authors=[Author("A")])
    start.gross = 99.0
    snapshot = {"net": 10.0, "gross": 99.0, "authors": [{"name": "A", "books": []}]}
    again = restored(Priced, snapshot)

    assert (again.gross, again.authors, again.tags) == (99.0, [Author("A")], set())


def test_a_strict_aliased_model_comes_back_from_its_snapshot():
    """S6: `restore(snapshot())`, whatever the class is strict about."""
    start = Chat(userId=3, turns=2, tags={"a"})

    assert Chat.restore(start.snapshot()) == start
