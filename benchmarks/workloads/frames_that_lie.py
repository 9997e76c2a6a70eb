"""A list grows by one item a step, five times: the five frames must show 1 2 3 4 5."""

from __future__ import annotations

from benchmarks.figures import Column, Figure
from benchmarks.subjects import PEERS, SUBJECTS

KEY = "lies"
TITLE = "Frames that lie: a list grows by one a step, five times; right is 1 2 3 4 5"
HOW = (
    "in place: the node appends to the list in the state; own list: the node keeps a list,"
    " returns it each time and appends to it later. lellm_nb refuses the first and names"
    " `ctx.append`, with which the node goes on"
)
COLUMNS = (
    Column("in_place", "in place", "text"),
    Column("own_list", "own list", "text"),
    Column("right", "right", "text"),
    Column("note", "what it said", "text"),
)


def figures(short: bool) -> list[Figure]:
    """One per library; the bare loop keeps shallow copies."""
    names = ["bare loop", "bare loop, deep copies kept", "lellm_nb session", *PEERS]
    cases = {"bare loop": "shallow copies kept", "lellm_nb session": "lellm_nb"}
    return [Figure(KEY, name, cases.get(name, ""), {}, processes=1) for name in names]


def measure(subject: str) -> dict[str, str]:
    """Look at five frames."""
    chosen = SUBJECTS[subject]
    shown = chosen.load().lies(**chosen.options)
    right = shown.in_place == shown.own_list == "1 2 3 4 5"
    return {
        "in_place": shown.in_place,
        "own_list": shown.own_list,
        "right": "yes" if right else "no",
        "note": shown.note,
    }
