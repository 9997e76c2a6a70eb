"""What a tab of the inspector is: its place, its rows, and how a page without a kernel has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike

__all__ = ["Question", "Rows", "Tab", "TabQuestion"]

Question = Mapping[str, Any]
"""What a view asks, as it sent it."""

Rows = dict[str, Any]
"""A JSON-ready answer."""


@dataclass(frozen=True, slots=True)
class TabQuestion:
    """Something that a tab asks for itself, beside the rows of the frame on show.

    Attributes:
        name: What the view's message says: ``{"ask": name, …}``.
        answer: Returns the answer.
        slow: Whether it runs the user's code or looks through a history.
        waits: Whether it waits for others, over a network: it has a thread of its own then.
    """

    name: str
    answer: Callable[[DebuggerLike, Question], Rows]
    slow: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of the inspector.

    A module in this folder that has a `TAB` is a tab; its other side is the file of the same
    `id` in ``static/tabs/``.

    Attributes:
        id: What messages and the exported page call it.
        name: Its accessible name.
        place: Where it stands among the tabs, from 1 on; also the key that opens it.
        rows: Returns what it shows of a frame; empty where it asks for itself.
        slow: Whether `rows` runs the user's code or looks through a history: it is then
            answered beside the thread that writes to the page.
        offline: How a page without a kernel has it. ``"page"``: the page's script answers from
            the states, writes and routes that every book holds. A function: what it returns for
            a frame is put into the book as ``more[place]["tabs"][id]``, and nothing where it
            returns `None`.
        questions: What it asks for itself.

    Example:
        >>> tab = Tab("steps", "Steps", 9, lambda debugger, frame, question: {"step": frame.step})
        >>> tab.slow, tab.offline, tab.questions
        (False, 'page', ())
    """

    id: str
    name: str
    place: int
    rows: Callable[[DebuggerLike, FrameLike, Question], Rows]
    slow: bool = False
    offline: Literal["page"] | Callable[[DebuggerLike, FrameLike], Rows | None] = "page"
    questions: tuple[TabQuestion, ...] = ()


def asks_for_itself(_debugger: DebuggerLike, _frame: FrameLike, _question: Question) -> Rows:
    """The rows of a tab that is about more than the frame: it puts its own questions."""
    return {}
