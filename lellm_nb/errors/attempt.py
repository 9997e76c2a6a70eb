"""Asking what may raise anything: code of the user's, but for a person's interrupt (S10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["attempt", "is_interrupt"]


def attempt(ask: Callable[[], Any], missing: Any = None) -> Any:
    """Return what is asked of a value that may raise anything, `missing` where it does.

    Example:
        >>> attempt(lambda: [][0], "nothing")
        'nothing'
    """
    try:
        return ask()
    except BaseException as error:
        if is_interrupt(error):
            raise
        return missing


def is_interrupt(error: BaseException) -> bool:
    """Tell whether a person interrupted what was going on, or code raised the like by itself.

    An interrupt comes from the signal's handler, on the main thread; a ``raise`` does not.
    """
    if not issubclass(type(error), KeyboardInterrupt):
        return False
    import opcode
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        return False
    handler: Any = signal.getsignal(signal.SIGINT)
    handler = getattr(handler, "func", handler)
    handler = getattr(getattr(handler, "__func__", handler), "__code__", None)
    trace, raised = error.__traceback__, False
    while trace is not None:
        code = trace.tb_frame.f_code
        if code is handler:
            return True
        raised = code.co_code[trace.tb_lasti] == opcode.opmap["RAISE_VARARGS"]
        trace = trace.tb_next
    return not raised
