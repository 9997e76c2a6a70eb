"""Tasks of one node side by side, each with a graph inside: who is asked about is who answers."""

from __future__ import annotations

import asyncio
import operator
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt

from lellm_nb import Answer, Approve, Debugger, Modify, Reject, StopReason
from lellm_nb.errors import NoSuchFrameError

PRICES = {"Lisbon": 110, "Porto": 90}


class Search(TypedDict):
    town: str
    price: int


class Trip(TypedDict):
    offers: Annotated[list[int], operator.add]
    booked: bool


def search() -> Any:
    """Ask for a price and add what the season costs; the first town is the slower one."""

    async def slowly(state: Search) -> None:
        for _ in range(200 if state["town"] == "Lisbon" else 0):
            await asyncio.sleep(0)

    async def hotel(state: Search) -> dict[str, Any]:
        await slowly(state)
        return {"price": PRICES[state["town"]]}

    async def season(state: Search) -> dict[str, Any]:
        await slowly(state)
        return {"price": state["price"] + (28 if state["town"] == "Lisbon" else 0)}

    inner = StateGraph(Search).add_node("hotel", hotel).add_node("season", season)
    return inner.add_edge(START, "hotel").add_edge("hotel", "season").compile()


def trip() -> Any:
    """Two towns at once, by a function that calls a graph; then a question."""
    inner = search()

    async def town(state: Search) -> dict[str, Any]:
        return {"offers": [(await inner.ainvoke(state))["price"]]}

    async def choose(state: Trip) -> Command[Any]:
        return Command(goto="book")

    def book(state: Trip) -> dict[str, Any]:
        return {"booked": interrupt("book?") == "yes"}

    graph: Any = StateGraph(Trip).add_node("town", town)
    graph.add_node("choose", choose, destinations=("book",)).add_node("book", book)
    sends = [Send("town", {"town": town}) for town in PRICES]
    graph.add_conditional_edges(START, lambda state: sends, ["town"])
    return graph.add_edge("town", "choose").add_edge("book", END).compile()


@pytest.fixture
def dbg() -> Debugger:
    """A run in which the second task was quicker than the first."""
    made = Debugger(trip(), {"offers": []})
    made.run()
    made.answer("yes")
    made.run()
    inside = [f.path for f in made.frames if "/" in f.path]
    assert inside == ["town#2/hotel", "town#2/season", "town/hotel", "town/season"]
    return made


def test_a_whole_path_means_its_own_task(dbg):
    """DESIGN ``(node, visit)``: of two tasks the one that is named, whichever was quicker."""
    assert dbg.at("town/season").path == "town/season"
    assert dbg.at("town#2/season").path == "town#2/season"
    assert dbg.at("season").path == "town#2/season"  # a name alone: the first that ran
    fork = dbg.fork(at=("town/season", 1), put={"price": 1})
    assert fork.frames[-1].path == "town/season"


@pytest.mark.parametrize(
    ("which", "says"),
    [
        (("town/season", 2), r"2 times: \('town#2/season', 1\), \('town/season', 1\)\."),
        (("town#2", 1), r"'town#2' was visited once: \('town#2', 2\)\."),
    ],
)
def test_a_visit_that_is_not_there_says_which_there_are(dbg, which, says):
    """Bad input: what is named can be typed as it is."""
    with pytest.raises(NoSuchFrameError, match=says):
        dbg.at(*which)


def test_a_watch_inside_compares_a_task_with_itself():
    """A value of another task is no change: the season adds nothing in Porto. What was in flight
    at a stop commits, and hits on its own: going on ignores the one just reported alone (P5)."""
    made = Debugger(trip(), {"offers": []})
    made.watch("town:price")
    changes = []
    while (stop := made.run()).reason is StopReason.WATCH:
        changes.append((stop.frame.path, stop.old, stop.new))

    assert changes == [
        ("town#2/hotel", None, 90),
        ("town/hotel", None, 110),
        ("town/season", 110, 138),
    ]


def test_what_was_written_inside_of_a_task_is_shown_below_it():
    """The lines of `who` follow the exit that brought them out; the list is newest first."""
    made = Debugger(trip(), {"offers": []})
    stop = made.watch("town:price")
    made.run()
    made.breakpoints.remove(stop)
    made.run()
    inside = [f.path for f in made.frames if "/" in f.path]
    assert inside == ["town#2/hotel", "town/hotel", "town#2/season", "town/season"]  # in turn

    lines = [line.split(" (")[0].split()[2] for line in repr(made.who("offers")).splitlines()]

    assert lines == [
        *("town", "town", "town/season", "town/hotel"),  # the join is called town + town
        *("town#2", "town#2/season", "town#2/hotel"),
    ]
    indexes = [write.frame.index for write in made.who("offers")]
    assert indexes == sorted(indexes, reverse=True)


def test_a_stop_before_one_of_several_tasks_says_which():
    """Two stops at one breakpoint are told apart."""
    made = Debugger(trip(), {"offers": []})
    made.break_at("town/season")

    stops = [made.run(), made.run()]

    assert [stop.before for stop in stops] == ["town#2/season", "town/season"]
    assert [stop.hit_text for stop in stops] == [
        "before town/season (at town#2/season)",
        "before town/season",
    ]


def test_a_preview_tells_what_the_node_that_asked_would_be_given():
    """Nothing is written by an answer itself: what it does is known when the node has run."""
    made = Debugger(trip(), {"offers": []})
    made.run()

    said = [repr(made.preview(decision)) for decision in (Answer("yes"), Approve(), Reject("no"))]

    assert said == [
        "then book runs again, and is given 'yes'",
        "then book runs again, and is given True",
        "then book runs again, and is given {'rejected': 'no'}",
    ]
    assert repr(made.preview(Modify("booked", True))).startswith("+ booked: True")
    assert made.status == "waiting"


def test_why_tells_a_command_from_a_function_and_an_answer_from_a_way(dbg):
    """Destinations are the node's own saying; a node that was answered goes nowhere yet."""
    assert "what it returned says so, a Command" in dbg.why(dbg.at("choose")).said
    assert dbg.why(dbg.at("choose")).winner.kind == "goto"
    decided = next(frame for frame in dbg.frames if frame.kind == "decision")
    assert dbg.why(decided).said == "book has its answer, and runs with it: answer 'yes'"
    assert len(dbg.why(decided)) == 0
