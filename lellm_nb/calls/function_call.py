"""Any function as a call: what a node asks of code in this process (CALLS.md, K4, K11)."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from lellm_nb.calls.call_stop import CallStop
from lellm_nb.calls.exchange import FUNCTION, Exchange
from lellm_nb.calls.tape import Tape
from lellm_nb.errors.safe_text import safe_repr
from lellm_nb.state.frozen import freeze, thaw

__all__ = ["call_function"]


def call_function(
    tape: Tape, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call a function as a call of a tape, or return what was recorded in its place.

    Returns:
        What it returned; where it is async, what is to be awaited.

    Raises:
        CallStop: The node is to be left.
        Exception: What the function raised; where that was recorded, a `RuntimeError` of its words.
    """
    # without its module: what is tried in a notebook stands in a module or a test tomorrow
    name = getattr(function, "__qualname__", type(function).__qualname__)
    exchange = Exchange(FUNCTION, name, (), _body(args, kwargs), started=time.time())
    if inspect.iscoroutinefunction(function):
        return _awaited(tape, exchange, function, args, kwargs)
    found = tape.begin(exchange)
    if isinstance(found, CallStop):
        tape.wait_landed()
        raise found
    if found is not None:
        return _served(tape, exchange, found)
    try:
        value = function(*args, **kwargs)
    except BaseException as error:
        _ended(tape, exchange, error=error)
        raise
    if isinstance(value, Awaitable):
        return _finished(tape, exchange, value)
    stop = _ended(tape, exchange, value)
    if stop is not None:
        tape.wait_landed()
        raise stop
    return value


async def _awaited(
    tape: Tape,
    exchange: Exchange,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    found = tape.begin(exchange)
    if isinstance(found, CallStop):
        await tape.landed()
        raise found
    if found is not None:
        return _served(tape, exchange, found)
    return await _finished(tape, exchange, function(*args, **kwargs))


async def _finished(tape: Tape, exchange: Exchange, work: Awaitable[Any]) -> Any:
    try:
        value = await work
    except BaseException as error:
        _ended(tape, exchange, error=error)
        raise
    stop = _ended(tape, exchange, value)
    if stop is not None:
        await tape.landed()
        raise stop
    return value


def _ended(
    tape: Tape, exchange: Exchange, value: Any = None, *, error: BaseException | None = None
) -> CallStop | None:
    exchange.duration = max(0.0, time.time() - exchange.started)
    if error is None:
        exchange.status = 200
        exchange.value = freeze(value)
    else:
        exchange.error = f"{type(error).__name__}: {error}"
        exchange.cut = not isinstance(error, Exception)
    return tape.done(exchange)


def _served(tape: Tape, exchange: Exchange, found: Exchange) -> Any:
    exchange.answered_by(found)
    exchange.served = True
    tape.done(exchange)
    if found.error:
        raise RuntimeError(found.error)
    return thaw(found.value)


def _body(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    given = {"args": list(args), "kwargs": kwargs}
    return json.dumps(given, default=lambda value: safe_repr(value, 200)).encode()
