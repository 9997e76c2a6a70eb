"""The way of a press on Approve, counted: ``python -m benchmarks.hops``.

A hop is a call of a function in one module of the package, made (directly, or by way of code
outside the package) from another module of it. Counted is what lies between the panel hearing
the press and the delta being sent, on whatever thread; the press decides and stays.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from types import FrameType
from typing import Any

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.notebook.widget.panel import Panel

Hop = tuple[str, str]


class HopCounter:
    """Counts the hops on this thread and on all that start after it was made, while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.hops: Counter[Hop] = Counter()
        threading.setprofile(self)
        sys.setprofile(self)

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        there = frame.f_globals.get("__name__", "")
        if not self.on or event != "call" or not there.startswith("lellm_nb"):
            return
        caller = frame.f_back
        while caller and not caller.f_globals.get("__name__", "").startswith("lellm_nb"):
            caller = caller.f_back
        here = caller.f_globals["__name__"] if caller else ""
        if here != there:
            self.hops[here, there] += 1


def a_run_that_waits() -> Debugger:
    """Three nodes in a row; the second is a barrier, at which the run waits."""
    g = GraphBuilder("hops").node("draft", lambda ctx: {"text": "hello"}).barrier("gate")
    g.node("publish", lambda ctx: {"done": True}).edge("draft", "gate").edge("gate", "publish")
    return Debugger(g.start("draft").end("publish").build(), {"n": 1})


def way_of_approve(counter: HopCounter, stay: bool = True) -> Counter[Hop]:
    """Return the hops from a press on Approve to the delta that tells of it."""
    sent, rested = threading.Event(), threading.Event()

    class Watched(Panel):
        def send(self, content: Any, buffers: Any = None) -> None:
            super().send(content, buffers)
            if content["kind"] == "delta":
                counter.on = False
                sent.set()

    debugger = a_run_that_waits()
    panel = Watched(debugger)
    debugger.run()
    panel.on_quiet = rested.set
    debugger.pin(0)
    rested.wait(10)
    order = {"do": "approve", "id": debugger.pending[0].id, "stay": stay}
    sent.clear()
    counter.hops.clear()
    counter.on = True
    panel._heard(panel, order, [])
    sent.wait(10)
    counter.on = False
    return Counter(counter.hops)


def shortest_way(counter: HopCounter, stay: bool = True) -> Counter[Hop]:
    """Return the least of some tries: the writer may look up once more before the run is over."""
    return min((way_of_approve(counter, stay) for _ in range(7)), key=Counter.total)


def main() -> None:
    counter = HopCounter()
    for stay, name in ((True, "approve and stay"), (False, "approve and run on")):
        hops = shortest_way(counter, stay)
        print(f"{name}: {hops.total()} hops, {len({there for _, there in hops})} modules")
        if "-v" in sys.argv:
            for (here, there), count in hops.most_common():
                print(f"  {count:3} {here or '(a thread)'} -> {there}")


if __name__ == "__main__":
    main()
