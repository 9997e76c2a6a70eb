"""Writes that are handed to a run that is going on, until it comes to its next commit."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

from lellm_nb.debug.names.address import Address
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.errors import DebuggerError, listed
from lellm_nb.errors.error_words import error_words
from lellm_nb.graph.walk import static_path
from lellm_nb.record.level_key import label_of
from lellm_nb.session.protocol import OpenLevel, Session
from lellm_nb.state.mutation import Mutation

__all__ = ["STEER", "LevelWrite", "SteerQueue", "level_of", "write", "write_late"]


class _Steer:
    def __repr__(self) -> str:
        return "STEER"


STEER = _Steer()
"""What `Controls.stopping` holds when somebody wants to write, and the run is to go on then."""


class LevelWrite(NamedTuple):
    """What is to be written at one level.

    Attributes:
        where: The level.
        edits: What is written there.
    """

    where: Address
    edits: Sequence[Mutation]


class SteerQueue:
    """Holds writes while a command is going on that may move the run; from any thread.

    Attributes:
        lock: Held by whoever changes the others.
        is_open: Whether a command is going on, which will write.
        queued: What is to be written, in the order in which it came.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_open = False
        self.queued: list[LevelWrite] = []

    def hand_in(self, writes: Sequence[LevelWrite]) -> bool:
        """Queue writes; tell whether a command is there that will make them."""
        with self.lock:
            if self.is_open:
                self.queued += writes
            return self.is_open

    def take(self) -> list[LevelWrite]:
        """Return what is to be written now."""
        with self.lock:
            taken, self.queued = self.queued, []
            return taken


def level_of(session: Session, where: Address) -> OpenLevel | None:
    """Return an open level of the run; `None` for the root of a run that has ended.

    Raises:
        DebuggerError: The run is not in that level; names those that it is in.
    """
    found = None
    levels = session.open_levels()
    for level in levels:
        entry = level.name
        named = static_path(session.graph, entry) == label_of(where.level)
        if named and where.entry in ("", entry):
            found = level  # of a branch that is a graph the inner one, which has its name
            if not entry:
                break
    if found is None and where.level:
        names = listed(dict.fromkeys(repr(level.name) for level in levels if level.name))
        name = where.entry or label_of(where.level)
        raise DebuggerError(f"The run is not in level {name!r} now; levels it is in: {names}.")
    return found


def write(session: Session, writes: Sequence[LevelWrite]) -> Exception | None:
    """Write where the run stands, each as a frame of kind *edit*; return why one was refused."""
    refused: Exception | None = None
    for where, edits in writes:
        try:
            session.edit(edits, level_of(session, where))
        except Exception as error:  # the class of a typed state may raise anything
            refused = refused or error
    return refused


def write_late(session: Session, writes: Sequence[LevelWrite]) -> None:
    """Write what came too late for a command; where the run failed it is only told."""
    if not writes:
        return
    said: Any = "the run failed before" if session.head.failed else write(session, writes)
    if said is not None:
        why = said if isinstance(said, str) else error_words(said)
        caution(f"What steer() was given was not written: {why}.")
