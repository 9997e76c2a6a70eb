"""What the tabs say of a frame in the middle of a super-step."""

from __future__ import annotations

import json

from lellm_nb.notebook.export.offline_history import book_of
from lellm_nb.notebook.tabs.mutations import mutation_rows
from lellm_nb.notebook.tabs.state import upcoming
from lellm_nb.notebook.values.value_rows import clean_rows
from tests.session.superstep_plans import finished


def test_what_comes_next_is_every_open_task():
    """By their paths; one that is entered is told by what is next inside."""
    frames = finished().frames

    assert list(upcoming(frames[1].position, "")) == ["sub", "side", "w", "w#2", "ok"]
    assert list(upcoming(frames[2].position, "")) == ["sub/y", "side", "w", "w#2", "ok"]
    assert list(upcoming(frames[15].position, "")) == []
    assert list(upcoming(frames[16].position, "")) == ["w"]


def test_an_update_is_a_row_with_its_values_and_its_rule():
    """All values of a write at once, as the channel was given them."""
    dbg = finished()
    [row] = mutation_rows(dbg, dbg.frames[4])["rows"]

    assert (row["what"], row["path"], row["reducer"]) == ("ChannelUpdate", "log", "gather")
    assert row["value"]["text"] == '[["x"], ["y"]]'


def test_the_page_without_a_kernel_has_every_level():
    """Each frame says which level it is of, and the join is one of its own."""
    book = json.dumps(clean_rows(book_of(finished(), None)))

    assert all(f'"{word}"' in book for word in ("w#5", "w#2/q", "sub/x + y", "ChannelUpdate"))
