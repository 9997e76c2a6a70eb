"""What lellm_nb is to reach: one line per number."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["TARGETS", "Target", "targets_of"]


class Target(NamedTuple):
    """A limit for one value of some figures of a workload.

    Attributes:
        subject: The subject's name, or the beginning of several.
        case: How the case begins; empty means every case.
    """

    workload: str
    subject: str
    case: str
    value: str
    limit: float


SESSION = "lellm_nb session"
DEBUGGER = "lellm_nb Debugger"
STOPS = "lellm_nb Debugger, stops set"
TEN_STOPS = "lellm_nb Debugger, ten stops"
BOTH = "lellm_nb"
MILLION = "1,000,000"
READS = "node reads its state"
ASKS = "node reads, an edge asks"
AGENT = "as an agent writes it"
ON_LANGGRAPH = "Debugger on LangGraph"

TARGETS = (
    Target("W1", SESSION, "", "x", 18),
    Target("W1", SESSION, "", "bytes", 650),
    Target("W1", SESSION, ASKS, "x", 22),
    Target("W1", DEBUGGER, ASKS, "x", 24),
    Target("W1", SESSION, READS, "x", 22),
    Target("W1", SESSION, READS, "bytes", 800),
    Target("W1", STOPS, "", "x", 22),
    Target("W1", TEN_STOPS, "", "x", 60),
    Target("W1 long", BOTH, MILLION, "growth", 2.0),
    Target("W1 long", BOTH, "line", "growth", 1.15),
    Target("W2", BOTH, "10 MB", "of_w1", 1.1),
    Target("W2", BOTH, "10 MB", "bytes_of_w1", 1.0),
    Target("W3", SESSION, "", "x", 40),
    Target("W3", BOTH, "", "growth", 1.1),
    Target("W3", BOTH, "", "total", 2.5e6),
    Target("W3", BOTH, AGENT, "total", 2.2e6),
    Target("W3", BOTH, f"{AGENT}, 1", "x", 80),
    Target("W3", BOTH, f"{AGENT}, 1", "longer", 2.0),
    Target("rebuilt", DEBUGGER, "", "disk", 1e6),
    Target("rebuilt", DEBUGGER, "", "memory", 2e6),
    Target("W4", BOTH, "10,000", "list", 300),
    Target("W4", BOTH, "10,000", "keys", 4000),
    *(
        Target("W4", BOTH, size, value, limit)
        for size in ("10,000", MILLION)
        for value, limit in (("fetch", 1.0), ("state", 1.0), ("key", 5.0), ("rewind", 50.0))
    ),
    *(Target("W4", SESSION, size, "fork", 12.0) for size in ("10,000", MILLION)),
    *(Target("W4", DEBUGGER, size, "fork", 30.0) for size in ("10,000", MILLION)),
    Target("W5", SESSION, "100 branches", "us", 15.0),
    Target("W5", SESSION, "1,000 branches", "growth", 2.0),
    Target("map", BOTH, "10,000 items", "us", 20),
    Target("W6", DEBUGGER, "W1, NORMAL", "us", 22.0),
    Target("W6", DEBUGGER, "W3, NORMAL", "us", 30.0),
    Target("W6", DEBUGGER, "W1", "bytes", 150),
    Target("W6", DEBUGGER, "W3", "bytes", 800),
    Target("W6 reopening", DEBUGGER, "100,000", "shown", 1_000_000),
    Target("W6 reopening", DEBUGGER, "", "fetch", 1000),
    Target("asking", DEBUGGER, "100,000", "who", 50_000),
    Target("asking", DEBUGGER, "100,000", "history", 50_000),
    Target("asking", DEBUGGER, "100,000", "back", 100_000),
    Target("asking", DEBUGGER, "two runs", "compare", 500_000),
    Target("lines", DEBUGGER, "10,000", "page", 5_000_000),
    Target("drawing", DEBUGGER, "nested", "us", 1_000_000),
    Target("import", SESSION, "", "us", 60_000),
    Target("LangGraph", ON_LANGGRAPH, "run", "x", 1.3),
    Target("LangGraph", ON_LANGGRAPH, "step by step", "us", 1000),
    Target("LangGraph", ON_LANGGRAPH, "messages", "x", 1.0),
    Target("LangGraph", ON_LANGGRAPH, "memory", "bytes", 2000),
    Target("LangGraph", ON_LANGGRAPH, "panel", "us", 50_000),
    # a call at most 0.1 ms and 1 us a kB, a chunk 0.5 us, 100 kB served in 1 ms (CALLS.md)
    Target("calls", DEBUGGER, "1 kB", "extra", 101),
    Target("calls", DEBUGGER, "100 kB", "extra", 200),
    Target("calls", DEBUGGER, "a chunk", "extra", 0.5),
    Target("calls", DEBUGGER, "100 kB", "served", 1_000),
    Target("calls", DEBUGGER, "100 calls", "read", 100_000),
    Target("calls", DEBUGGER, "a chat", "disk", 250_000),
)


def targets_of(workload: str, subject: str, case: str) -> dict[str, float]:
    """Return the limits of one figure; of two for one value, the one that names the case."""
    found: dict[str, float] = {}
    for target in TARGETS:
        exact = target.subject in (BOTH, subject)
        if target.workload == workload and exact and subject.startswith(target.subject):
            if target.case and case.startswith(target.case):
                found[target.value] = target.limit
            elif not target.case:
                found.setdefault(target.value, target.limit)
    return found
