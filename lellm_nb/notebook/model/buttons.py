"""What each button of the toolbar would do right now: the table of verbs, asked with the facts."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from lellm_nb.debug.core.button_tips import Facts, presses
from lellm_nb.debug.core.verb_table import BUTTONS

__all__ = ["Facts", "button_rows"]


def button_rows(facts: Facts, capabilities: Container[str]) -> dict[str, list[Any] | None]:
    """Return ``button:name: [can be pressed, what a press does right now]``.

    Args:
        capabilities: What the engine is able to; a button whose verb needs what is missing has
            no row.

    Example:
        >>> rows = button_rows(Facts(False, False, "paused", 3, 4, "draft", ()), {"rewind"})
        >>> rows["button:back"], rows["button:fork"]
        ([True, 'Move the head back to frame 2'], None)
    """
    rows: dict[str, list[Any] | None] = {}
    for verb, said in zip(BUTTONS, presses(BUTTONS, facts), strict=True):
        there = verb.needs is None or verb.needs in capabilities
        rows[f"button:{verb.name}"] = list(said) if there else None
    return rows
