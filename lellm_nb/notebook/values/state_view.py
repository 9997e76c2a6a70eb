"""A frame's state as it is shown: of its own level or of the whole run, always a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from lellm_nb.errors.safe_text import safe_str
from lellm_nb.graph.drawing.outline import plain_path
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.notebook.values.redaction import level_place, redactor_of
from lellm_nb.record.level_key import LevelKeys, label_of
from lellm_nb.state.structs.nested import fields_of, plain_data
from lellm_nb.state.structs.struct import struct_of


def level_names(frame: FrameLike) -> list[str]:
    """Return the levels whose state can be shown, the frame's own one first.

    A frame of the outermost graph has one level, which needs no name.
    """
    name = level_name(frame)
    return [plain_path(name), "whole run"] if name else []


def level_name(frame: FrameLike) -> str:
    """Return the name of the frame's own level, with visits; empty for the outermost."""
    return label_of(LevelKeys().of(cast(Any, frame))) if frame.path else ""


def shown_state(frame: FrameLike, whole: bool) -> Any:
    """Return the state of the frame's own level, or of the outermost one."""
    return plain_state(frame.position.state if whole else frame.state)


def plain_state(state: Any) -> Any:
    """Return a state as a mapping, also one that is an object of the user's.

    Example:
        >>> plain_state({"n": 1}), plain_state([1, 2]), plain_state(3)
        ({'n': 1}, [1, 2], {'value': 3})
    """
    if struct_of(state) is not None:
        return {name: plain_data(value) for name, value in fields_of(state).items()}
    if isinstance(state, Mapping):
        return state
    if hasattr(state, "snapshot"):
        state = state.snapshot()
    if isinstance(state, (Mapping, list, tuple)):
        return state
    return dict(getattr(state, "__dict__", {"value": state}))


def changed_keys(frame: FrameLike) -> list[str]:
    """Return the top-level keys that the frame's mutations name, in order."""
    keys: dict[str, None] = {}
    for mutation in frame.mutations or ():
        key = getattr(mutation, "key", None)
        if isinstance(key, tuple) and key:
            key = key[0]
        if key is not None:
            keys[safe_str(key)] = None
    return list(keys)


def learn_frame(debugger: DebuggerLike, frame: FrameLike) -> None:
    """Let the redactor see the states of a frame before what was said there is shown."""
    redactor = redactor_of(debugger)
    if redactor.has_paths:
        redactor.learn(plain_state(frame.position.state))
        if frame.level is not frame.position:
            redactor.learn(plain_state(frame.state), level_place(debugger, frame))
