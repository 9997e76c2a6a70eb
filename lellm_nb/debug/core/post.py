"""Verbs by name: what buttons do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from lellm_nb.arguments import chosen
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.verb_table import VERBS
from lellm_nb.errors import DebuggerError

__all__ = ["post"]


def post(
    debugger: Any,
    context: DebugContext,
    verb: str,
    args: Sequence[Any],
    options: Mapping[str, Any],
    on_error: Callable[[BaseException], None] | None,
) -> Future[Any]:
    """Start a verb and return at once, whatever it raises.

    Args:
        debugger: Does what claims nothing, such as `pause`.
    """
    future: Future[Any]
    try:
        row = VERBS[chosen(verb, "verb", DebuggerError, VERBS)]
        if row.room:
            future = context.post(row, *args, **options)
        else:
            future = Future()
            future.set_result(getattr(debugger, verb)(*args, **options))
    except Exception as error:
        future = Future()
        future.set_exception(error)
    if on_error is not None:
        report = on_error

        def tell(done: Future[Any]) -> None:
            error = None if done.cancelled() else done.exception()
            if error is not None:
                report(error)

        future.add_done_callback(tell)
    return future
