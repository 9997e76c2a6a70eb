"""wide_dict, of LangGraph's suite: 15 keys of nested dicts, looped until there are enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from benchmarks.figures import Figure
from benchmarks.shapes import Chain, Node
from benchmarks.workloads import suite

KEY = "wide_dict"
TITLE = (
    "LangGraph's suite, wide_dict: 15 keys, each message i x j dicts of 25-element lists,"
    " looped until there are more than n messages"
)
HOW = (
    suite.HOW + "; nodes three and four run side by side in lellm_nb and LangGraph,"
    " one after another elsewhere"
)
COLUMNS = suite.COLUMNS

LISTS = {
    *("messages", "trigger_events", "categorizations", "responses", "memory_docs"),
    "relevant_rules",
}
DICTS = {
    *("user_info", "crm_info", "slack_participants", "notified_assignees"),
    *("autoresponse", "issue"),
}
APPEND = frozenset({"messages", "trigger_events", "categorizations", "responses"})
MERGE = frozenset({"slack_participants", "notified_assignees"})
NODES = {
    "one": ("messages", "trigger_events primary_issue_medium"),
    "two": ("trigger_events", "autoresponse issue"),
    "three": ("autoresponse", "relevant_rules"),
    "four": ("trigger_events", "categorizations responses memory_docs"),
    "five": (
        "categorizations",
        "user_info crm_info email_thread_id slack_participants bot_id notified_assignees",
    ),
    "six": ("responses", "messages"),
}


def _node(
    read: str, write: str, letters: int, pick: Random
) -> Callable[[Any], Awaitable[dict[str, Any]]]:
    keys = write.split()

    async def read_write(state: Any) -> dict[str, Any]:
        found = state[read]
        single = found[-1] if isinstance(found, list) else found
        many = list(found) if isinstance(found, list) else [found]
        return {
            key: many
            if key in LISTS
            else single
            if key in DICTS
            else "".join(pick.choices("abcdefghijklmnopqrstuvwxyz", k=letters))
            for key in keys
        }

    return read_write


def chain(enough: int, i: int, j: int) -> Chain:
    """Return the workload."""
    pick = Random(15)
    leaf = ["hi?" * 10, True, 1, 6327816386138, None] * 5
    message = {str(a) * 10: {str(b) * 10: list(leaf) for b in range(j)} for a in range(i)}
    state: dict[str, Any] = {key: [] for key in LISTS}
    state |= dict.fromkeys([*DICTS, "primary_issue_medium", "email_thread_id", "bot_id"])
    state |= {key: {} for key in MERGE}
    state["messages"] = [message]
    nodes = tuple(
        Node(name, _node(read, write, enough, pick)) for name, (read, write) in NODES.items()
    )
    return Chain(
        nodes,
        state,
        10**9,
        append=APPEND,
        merge=MERGE,
        beside=("three", "four"),
        done=lambda state: len(state["messages"]) > enough,
    )


def figures(short: bool) -> list[Figure]:
    """The suite's three sizes."""
    cases = {
        "300, 5x5": {"enough": 300, "i": 5, "j": 5},
        "600, 3x5": {"enough": 600, "i": 3, "j": 5},
        "1,200, 3x3": {"enough": 1200, "i": 3, "j": 3},
    }
    return suite.figures(KEY, cases, short)


def measure(subject: str, enough: int, i: int, j: int, runs: int) -> dict[str, float]:
    """Time whole runs."""
    work = chain(enough, i, j)
    return suite.time_and_weigh(subject, lambda module, **how: module.prepare(work, **how), runs)
