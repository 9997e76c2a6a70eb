"""What is said of a condition that looks up a key which is nowhere so far."""

from __future__ import annotations

from typing import Any

from lellm_nb.debug.names.address import levels_of
from lellm_nb.debug.names.suggest import newest_of_levels
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.debug.query.evaluate import FrameExpression, absent, as_function
from lellm_nb.session.protocol import Session
from lellm_nb.state.expression.expression import Expression

__all__ = ["note_absent"]


def note_absent(asked: Any, session: Session, path: str = "") -> None:
    """Warn of a key that a condition finds nowhere, where another looks like what was meant.

    A key may come later, so this is no error; but what is absent is None, and the condition
    alone would silently never hold.

    Args:
        asked: A condition; only of an expression it is known what it looks up.
        path: The node at which it is asked; its level is looked at, if it was entered. Without
            one it is the root's.
    """
    if isinstance(asked, Expression):
        asked = as_function(asked)
    if not isinstance(asked, FrameExpression):
        return
    last, inside = session.line[-1], False
    levels = levels_of(session.graph)
    while path:
        path = path.rpartition("/")[0]
        if path in levels:
            found = newest_of_levels(last, session.graph).get(levels[path])
            if found is None:
                return  # not entered so far: who knows what will be in it
            last, inside = found, True
            break
    hint = absent(asked, last, inside=inside)
    if hint:
        caution(f"What is absent is None, in {asked.expression.text!r}.{hint}")
