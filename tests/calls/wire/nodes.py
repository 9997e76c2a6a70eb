"""Functions that stand for nodes: run with a tape, and run again over what it took down."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, NamedTuple

from lellm_nb.calls.call import Call
from lellm_nb.calls.call_stop import CallStop
from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.matching import key_maker
from lellm_nb.calls.tape import Serving, Tape
from lellm_nb.calls.wire.install import install, uninstall

KEY = "sk-live-nobody-keeps-0123456789abcdef"
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather in a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
NODE: ContextVar[Tape | None] = ContextVar("node of a test", default=None)


@contextmanager
def recording() -> Iterator[None]:
    """Have the wrappers in their places."""
    install(lambda node: node, NODE.get)
    try:
        yield
    finally:
        uninstall()


class Ran(NamedTuple):
    """What came of a node: its tape, what it returned, and what left it."""

    tape: Tape
    value: Any
    stop: BaseException | None

    @property
    def exchanges(self) -> list[Exchange]:
        """All of its exchanges."""
        return [one for call in self.tape.calls for one in call.exchanges]


def new_tape(**options: Any) -> Tape:
    """Return a tape for a node."""
    return Tape("node", key=key_maker(), **options)


def run(node: Callable[[], Any], tape: Tape | None = None, **options: Any) -> Ran:
    """Run a node with a tape, to its end."""
    tape = new_tape(**options) if tape is None else tape
    value, stop = None, None

    def begin() -> Any:
        NODE.set(tape)
        return asyncio.run(node()) if inspect.iscoroutinefunction(node) else node()

    try:
        value = copy_context().run(begin)
    except BaseException as error:
        if tape.stopped is None:
            raise
        stop = error
    tape.close()
    return Ran(tape, value, stop)


def run_again(node: Callable[[], Any], ran: Ran, **serving: Any) -> Ran:
    """Run a node over what another run of it has recorded; nothing else is sent."""
    serving = {"onwards": False, **serving}
    return run(node, serving=Serving(ran.tape.calls, **serving))


def stop_before(number: int) -> Callable[[Tape, Call], CallStop | None]:
    """Return what stops before a call."""

    def before(_tape: Tape, call: Call) -> CallStop | None:
        return CallStop("breakpoint", f"before {number}", call) if call.number == number else None

    return before


def stop_after(number: int) -> Callable[[Tape, Call], CallStop | None]:
    """Return what stops after a call."""

    def after(_tape: Tape, call: Call) -> CallStop | None:
        if call.number != number:
            return None
        return CallStop("breakpoint", f"after {number}", call, after=True)

    return after


def on_thread(work: Callable[[], Any]) -> threading.Thread:
    """Start a plain thread."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
