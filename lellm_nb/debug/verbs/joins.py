"""What becomes of a parallel that cannot be left: branches failed, or disagree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lellm_nb.arguments import refusal
from lellm_nb.debug.core.advance import stop_for
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.status import stop
from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.debug.verbs.decide import decider
from lellm_nb.debug.verbs.forward import run
from lellm_nb.debug.verbs.retry import merge_again
from lellm_nb.errors import DebuggerError, RunError, listed, path_text
from lellm_nb.graph.walk import node_at
from lellm_nb.session.protocol import FailedJoin, Halt, Session

__all__ = ["resolve_join"]


async def resolve_join(context: DebugContext, how: Any) -> Stop:
    """Join the good branches (``keep``), none (``drop``), one side, or try again (``retry``).

    Raises:
        DebuggerError: No such failure is there, or `how` is none of what can be done.
    """
    if not isinstance(how, str | Mapping):
        wanted = "'keep', 'retry' or 'drop', a branch's name, or a mapping of keys to branches"
        raise refusal(how, "how", wanted, DebuggerError)
    join = context.session.failed_join()
    if join is None:
        raise DebuggerError(_no_join(context.session))
    words = ("retry", "drop") if join.sides else ("keep", "retry", "drop")
    sides: dict[Any, str] | None = None
    if not isinstance(how, str) or how not in words:
        sides = _sides(join, how)
    if how == "retry":
        return await (merge_again(context, join) if join.sides else run(context))
    context.refresh_code()
    try:
        await context.session.close_join(keep=how == "keep", sides=sides, by=decider(context))
    except RunError as error:
        return stop(context, StopReason.FAILED, error=error)
    return stop_for(context, Halt.STEPPED, None)


def _no_join(session: Session) -> str:
    """Say why there is no join to resolve."""
    head = session.head
    path = head.static_path if head.failed else ""
    while path:
        if getattr(node_at(session.graph, path), "on_error", "") == "fail_fast":
            return (
                f"{path!r} is no collect-all Parallel: its first failure cancels the other"
                f' branches. Built with on_error="collect_all" they are kept; here patch() mends'
                " what failed, and run() tries again."
            )
        path = path.rpartition("/")[0]
    return (
        "The run does not stand in a collect-all Parallel that failed, nor at one whose branches"
        " disagree."
    )


def _sides(join: FailedJoin, how: Any) -> dict[Any, str]:
    """Return the branch that is right by key, given a branch's name or a mapping of keys.

    Raises:
        DebuggerError: It is none of the sides, or leaves a key open.
    """
    names = ", ".join(map(repr, join.sides))
    if isinstance(how, str) and how in join.sides:
        left = [(key, who) for key, who in join.conflicts if how not in who]
        made: dict[Any, str] = {None: how}
    elif isinstance(how, Mapping) and join.conflicts:
        made, left = {}, []
        known = [name for key, _ in join.conflicts for name in (key, path_text(key))]
        unknown = [name for name in how if name not in known]
        if unknown:
            keys = listed(path_text(key) for key, _ in join.conflicts)
            raise DebuggerError(f"Nobody disagrees on {unknown[0]!r:.60}. Keys to settle: {keys}.")
        for key, who in join.conflicts:
            name = how.get(key, how.get(path_text(key)))
            if name in who:
                made[key] = name
            else:
                left.append((key, who))
    elif join.sides:
        raise DebuggerError(
            f"resolve_join takes the name of a branch ({names}), whose side is kept, or"
            f" 'retry' or 'drop', not {how!r:.60}."
        )
    else:
        raise DebuggerError(f"resolve_join takes 'keep', 'retry' or 'drop', not {how!r:.60}.")
    if left:
        open_keys = listed(f"{path_text(key)} ({' or '.join(who)})" for key, who in left)
        raise DebuggerError(
            f"resolve_join({how!r:.60}) leaves open whose side is right for {open_keys}."
            " Name a branch for each key: resolve_join({key: branch, …})."
        )
    return made
