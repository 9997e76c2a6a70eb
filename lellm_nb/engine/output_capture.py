"""Catching what a node prints, logs and displays, without redirecting the process.

One context variable names the running node's context; a proxy in place of stdout
and stderr and a logging handler consult it. It follows a node into its tasks and
into `asyncio.to_thread`; other threads of the process print as ever.
"""

from __future__ import annotations

import builtins
import contextvars
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from lellm_nb.calls.tape import Tape
from lellm_nb.errors import NoInputError
from lellm_nb.errors.attempt import attempt
from lellm_nb.errors.safe_text import safe_str

__all__ = ["BY_BUTTON", "CAPTURING", "RUNNING", "OutputCapture", "caught", "left_by_call"]
__all__ += ["overhearing", "running_tape"]

MOST = 1_000_000
"""Characters kept per step; what is beyond is counted, not kept."""


class OutputCapture:
    """What one attempt of a node said.

    Attributes:
        parts: Pieces of text, in order.
        displayed: MIME bundles of rich displays, in order.
        closed: Whether the node has ended: a late task of it prints as usual.
        outer: Of a node inside of another one's function: what that says, once this has ended.
        used: Whether it has anything: what it said, or a tape.
        opener: Who opens the tape of its calls: it is asked when there is one, and most have none.
        tape: Where its calls are taken down, once it made one.
    """

    # one is made for every node, and most say nothing: all of it comes with the first word
    used = False
    parts: list[str] | tuple[()] = ()
    opener: Any = None
    tape: Tape | None = None
    displayed: list[dict[str, Any]] | tuple[()] = ()
    closed = False
    outer: OutputCapture | None = None
    _length = 0

    def write(self, text: str) -> None:
        """Take a piece of text."""
        room = MOST - self._length
        self._length += len(text)
        if room > 0:
            if isinstance(self.parts, tuple):
                self.parts = []
                self.used = True
            self.parts.append(text[:room])

    def display(self, bundle: dict[str, Any]) -> None:
        """Take a rich display; its plain text goes with the other text."""
        if isinstance(self.displayed, tuple):
            self.displayed = []
        self.displayed.append(bundle)
        self.write(f"{bundle.get('text/plain', '')}\n")

    @property
    def heard(self) -> tuple[int, int]:
        """What differs once more was said, or more came in of a call; asked now and then."""
        return self._length, 0 if self.tape is None else self.tape.heard

    @property
    def text(self) -> str:
        """All text so far."""
        more = f"\n[… {self._length - MOST} more characters]" if self._length > MOST else ""
        return "".join(self.parts) + more


RUNNING: contextvars.ContextVar[OutputCapture | None] = contextvars.ContextVar(
    "lellm_nb", default=None
)


BY_BUTTON: contextvars.ContextVar[bool] = contextvars.ContextVar(
    "lellm_nb by button", default=False
)
"""Whether a node was asked for by button: nobody can type there."""

_DEBUGGERS = frozenset({"pdb", "cmd", "IPython.core.debugger", "ipdb"})
"""Modules that talk to a person in the middle of a node: what they say is shown, not kept."""


def caught() -> OutputCapture | None:
    """Return where the running node's output goes, `None` outside of nodes."""
    catch = RUNNING.get()
    while catch is not None and catch.closed:
        catch = catch.outer
    return catch


def running_tape(node: OutputCapture | None) -> Tape | None:
    """Return where the calls of a node are taken down, `None` where nobody wants them.

    Args:
        node: What `RUNNING` said where the call is made, or where its thread was started. Of a
            node that has ended, the one around it is meant; its own tape marks calls as late.
    """
    at = node
    while at is not None and at.closed:
        at = at.outer
    found = at or node
    if found is None:
        return None
    if found.tape is None and found.opener is not None:
        with _lock:  # threads of one node may both make its first call
            if found.tape is None:
                found.tape = found.opener.open_tape()
                found.used = True
                if found.closed and found.tape is not None:
                    found.tape.close()
    return found.tape


def left_by_call() -> bool:
    """Tell whether the running node was left by a stop inside of a call (K2)."""
    node = RUNNING.get()
    return node is not None and node.tape is not None and node.tape.stopped is not None


def _debugger_calls() -> bool:
    """Tell whether the caller of the caller is a debugger that talks to a person."""
    return sys._getframe(2).f_globals.get("__name__") in _DEBUGGERS


class Ear(OutputCapture):
    """Hears that a node says something, where nobody keeps it: what it says goes where it would."""

    closed = True

    def hear(self, text: str) -> None:
        """Take note of a text."""
        self._length += len(text)


def _overhear(text: str) -> None:
    ear = RUNNING.get()
    if type(ear) is Ear:
        ear.hear(text)


class _Proxy:
    """Stands in for a standard stream; whatever is not a write goes to the real one."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def write(self, text: str) -> int:
        given: Any = text
        if not isinstance(given, str):
            raise TypeError(f"write() argument must be str, not {type(given).__name__}")
        catch = caught()
        if catch is None or _debugger_calls():
            _overhear(text)
            written: int = self._real.write(text)
            return written
        catch.write(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if caught() is None:
            self._real.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Handler(logging.Handler):
    """Copies what a node logs into its frame; other handlers see it as ever."""

    def emit(self, record: logging.LogRecord) -> None:
        catch = caught()
        if catch is not None:
            # as a handler of logging's own: what cannot be formatted fails no node
            said = attempt(lambda: self.format(record), None) or safe_str(record.msg)
            catch.write(f"{record.levelname} {record.name}: {said}\n")
            return
        _overhear(record.levelname)
        last = logging.lastResort
        if last is not None and len(logging.root.handlers) == 1 and record.levelno >= last.level:
            last.handle(record)  # a program without handlers still wants its warnings


class _Input:
    """Stands in for `input`: its question is shown, and refused where nobody can answer."""

    def __init__(self, real: Callable[..., str]) -> None:
        self.real = real

    def __call__(self, *prompt: Any) -> str:
        if caught() is None:
            return self.real(*prompt)
        if BY_BUTTON.get():
            raise NoInputError("breakpoint()" if _debugger_calls() else "input()")
        asking = RUNNING.set(None)
        try:
            return self.real(*prompt)
        finally:
            RUNNING.reset(asking)


_handler = _Handler()
_lock = threading.RLock()
_runs = 0


class _Capturing(AbstractContextManager[None]):
    """Puts the proxies in place while at least one run is going on."""

    __slots__ = ()

    def __enter__(self) -> None:
        global _runs
        with _lock:
            _runs += 1
            # again for each run: a test tool or a cell may have exchanged the stream since
            if type(sys.stdout) is not _Proxy:
                sys.stdout = _Proxy(sys.stdout)
            if type(sys.stderr) is not _Proxy:
                sys.stderr = _Proxy(sys.stderr)
            if type(builtins.input) is not _Input:  # a kernel exchanges it for every cell
                builtins.input = _Input(builtins.input)
            if _handler not in logging.root.handlers:
                logging.root.addHandler(_handler)

    def __exit__(self, *_raised: object) -> None:
        global _runs
        with _lock:
            _runs -= 1
            if _runs == 0:
                if type(sys.stdout) is _Proxy:
                    sys.stdout = sys.stdout._real
                if type(sys.stderr) is _Proxy:
                    sys.stderr = sys.stderr._real
                if type(builtins.input) is _Input:
                    builtins.input = builtins.input.real
                logging.root.removeHandler(_handler)


CAPTURING: Final = _Capturing()
"""A block in which what nodes print, log and ask goes where `RUNNING` says."""


@contextmanager
def overhearing() -> Iterator[None]:
    """Return a block in which it is heard when a node says something, kept or not."""
    if RUNNING.get() is not None:
        yield
        return
    with CAPTURING:
        before = RUNNING.set(Ear())
        try:
            yield
        finally:
            RUNNING.reset(before)
