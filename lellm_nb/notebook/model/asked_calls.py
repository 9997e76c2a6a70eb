"""What calls were answered when they were asked again: kept while their debugger is."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from lellm_nb.calls.call import Call
from lellm_nb.notebook.debugger_protocol import DebuggerLike

__all__ = ["answers_to", "keep_answers"]

_Key = tuple[str, int, int, float]

_asked: WeakKeyDictionary[DebuggerLike, dict[_Key, list[Call]]] = WeakKeyDictionary()


def keep_answers(debugger: DebuggerLike, call: Call, answers: Sequence[Call]) -> None:
    """Add to what a call was answered when it was asked again."""
    _asked.setdefault(debugger, {}).setdefault(_key(call), []).extend(answers)


def answers_to(debugger: DebuggerLike, call: Call) -> list[Call]:
    """Return what a call was answered when it was asked again, oldest first."""
    return list(_asked.get(debugger, {}).get(_key(call), ()))


def _key(call: Call) -> _Key:
    # by what it is: a frame that is read from a store again has other objects
    return call.path, call.visit, call.number, call.started
