"""Trying a node again: how often, after which errors, and after what pause (SEMANTICS R8)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lellm_nb.arguments import (
    Refuse,
    answered,
    flag,
    number,
    plain_function,
    refusal,
    seconds,
    whole,
)
from lellm_nb.errors import GraphError

__all__ = ["Retry", "retry_of"]

_LONGEST = sys.float_info.max
"""Seconds of a pause that has grown out of what a number can hold."""

_SHORT = (0, 0.1)
"""What a task has as `retries` and `backoff` where nobody gave any."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a node is tried again, after which errors, and after what pause.

    What is no `Exception` (an interrupt, a cancelled run) is never tried again. A frame has the
    attempts that made it (`Frame.attempts`). While they happen, `Debugger.subscribe` calls a
    function at each pause, in which ``dbg.where()`` says which attempt comes next and why; a graph
    that runs without a debugger has an event `NodeRetry` before each in `execute_stream`.

    Attributes:
        max: Tries in all, from 1.
        on: The error classes after which it is tried again, one or several; or a plain function
            of the error that says so.
        backoff: Seconds before the second try; or a plain function of the number of the try that
            failed, from 1.
        factor: What a number of seconds is multiplied by from pause to pause, from 1.
        cap: The most seconds that a pause takes; `None` for no such limit.
        jitter: Whether each pause is drawn between 0 and what it would be: then nodes that failed
            together do not come back together.

    Raises:
        GraphError: Something does not fit; names it.

    Example:
        >>> retry = Retry(max=5, on=ConnectionError, backoff=1, factor=3, cap=10, jitter=False)
        >>> [retry.pause(failed) for failed in (1, 2, 3, 4)]
        [1.0, 3.0, 9.0, 10.0]
        >>> retry.is_for(ConnectionResetError()), retry.is_for(ValueError())
        (True, False)
    """

    max: int = 3
    on: Any = (Exception,)
    backoff: float | Callable[[int], float] = 0.5
    factor: float = 2
    cap: float | None = 30
    jitter: bool = True

    def __post_init__(self) -> None:
        _set(self, "max", whole(self.max, "max", _refuse, least=1))
        _set(self, "on", _errors(self.on))
        if callable(self.backoff):
            plain_function(self.backoff, "backoff", _refuse, "number")
        else:
            _set(self, "backoff", seconds(self.backoff, "backoff", _refuse, zero=True))
        factor = number(self.factor, "factor", _refuse)
        if factor < 1:
            raise refusal(self.factor, "factor", "a number from 1", _refuse)
        _set(self, "factor", factor)
        if self.cap is not None:
            _set(self, "cap", seconds(self.cap, "cap", _refuse, zero=True))
        _set(self, "jitter", flag(self.jitter, "jitter", _refuse))

    def is_for(self, error: BaseException) -> bool:
        """Tell whether a node that raised this may be tried again.

        Raises:
            Exception: What a function given as `on` raised.
        """
        if not isinstance(error, Exception):
            return False
        if isinstance(self.on, tuple):
            return isinstance(error, self.on)
        return bool(answered(self.on(error)))

    def pause(self, failed: int, share: float = 1.0) -> float:
        """Return the seconds between a try and the next one.

        Args:
            failed: The number of the try that failed, from 1.
            share: With jitter, how much of the whole pause was drawn: from 0 to 1.

        Raises:
            GraphError: A function given as `backoff` answered with no number of seconds.
            Exception: What it raised.
        """
        if callable(self.backoff):
            given = answered(self.backoff(failed))
            bare = float(seconds(given, f"backoff({failed})", _refuse, zero=True))
        else:
            bare = _grown(self.backoff, self.factor, failed - 1)
        capped = bare if self.cap is None else min(float(self.cap), bare)
        return capped * share if self.jitter else capped


def retry_of(task: Any, refuse: Refuse) -> Retry | None:
    """Return how often a task is tried; its `retries` and `backoff` are the short form of it.

    Args:
        task: Its three options; the short form was looked at before.

    Returns:
        `None` where it is tried once.

    Raises:
        LellmError: It has both, and they differ; or it is no `Retry`.
    """
    given = task.retry
    if given is None:
        if not task.retries:
            return None
        return Retry(task.retries + 1, backoff=task.backoff, factor=2, cap=None, jitter=False)
    if not isinstance(given, Retry):
        raise refusal(given, "retry", "a Retry, such as Retry(max=3)", refuse)
    # a node that is made again, under another name say, has its own short form beside it
    if (task.retries, task.backoff) not in (_SHORT, (given.max - 1, given.backoff)):
        error = refuse(
            "retry says how often it is tried and after what pause; retries and backoff are its"
            " short form: give one of the two."
        )
        error.argument = "retry"
        raise error
    return given


def _grown(backoff: float, factor: float, times: int) -> float:
    if not backoff:
        return 0.0
    try:
        return min(float(backoff) * factor**times, _LONGEST)
    except OverflowError:
        return _LONGEST


def _errors(given: Any) -> Any:
    """Return the classes of errors, or the function, that say after what to try again."""
    wanted = "an error class such as ConnectionError, several of them, or a function of (error)"
    if isinstance(given, type):
        given = (given,)
    elif callable(given):
        return plain_function(given, "on", _refuse, "error")
    if isinstance(given, str) or not isinstance(given, Iterable) or not (kinds := tuple(given)):
        raise refusal(given, "on", wanted, _refuse)
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, BaseException)):
            raise refusal(kind, "on", wanted, _refuse)
        if not issubclass(kind, Exception):
            raise _refused(f"on is {wanted}; {kind.__name__} is never tried again.")
    return kinds


def _refuse(said: str) -> GraphError:
    return GraphError(f"Retry: {said}")


def _refused(said: str) -> GraphError:
    error = _refuse(said)
    error.argument = "on"
    return error


def _set(retry: Retry, option: str, value: Any) -> None:
    object.__setattr__(retry, option, value)
