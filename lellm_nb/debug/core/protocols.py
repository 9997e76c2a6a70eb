"""What the core asks of the rooms above it."""

from __future__ import annotations

from typing import Any, Protocol

from lellm_nb.calls.call import Call
from lellm_nb.debug.breakpoints.registry import Breakpoints
from lellm_nb.debug.calls.book import CallBook
from lellm_nb.debug.calls.settings import CallSettings
from lellm_nb.debug.core.commands import CommandQueue
from lellm_nb.debug.core.node_modes import NodeModes
from lellm_nb.debug.core.replaced_code import ReplacedCode
from lellm_nb.debug.core.seed import Seed
from lellm_nb.debug.deciding.rules import StandingRules
from lellm_nb.ids import TraceId
from lellm_nb.record.frame import Frame
from lellm_nb.session.protocol import Session

__all__ = ["OneLine", "RunStorage"]


class OneLine(Protocol):
    """What is asked of the context of one line by those who know them all."""

    session: Session
    breakpoints: Breakpoints
    standing: StandingRules
    modes: NodeModes
    code: ReplacedCode
    commands: CommandQueue
    call_settings: CallSettings
    calls: CallBook
    seed: Seed | None

    def before(self, frame: Frame) -> Any:
        """Return the compact state that a frame's own level had before the frame."""


class RunStorage(Protocol):
    """Where a run is kept, if it is; shared by all its lines.

    Attributes:
        trace_id: The run's id, by which a store knows it.
        reading: Whether the run can only be looked at.
        beside: By line: what was stored of lines whose debuggers were not asked for yet.
        stored: What was read of a run that was stored before, or `None`.
    """

    trace_id: TraceId
    reading: bool
    beside: dict[str, dict[str, Any]]
    stored: Any

    @property
    def writer(self) -> Any:
        """Who writes the run into a store, or `None`."""

    def hide(self, redactor: Any) -> None:
        """From now on take out of what is written what a redactor calls secret, too."""

    def refuse_reading(self, verb: str) -> None:
        """Refuse what would be lost, or could not be done.

        Raises:
            DebuggerError: The run was closed, or opened for reading.
        """

    def refuse_marking(self, verb: str) -> None:
        """Refuse a note or a pin that would be lost.

        Raises:
            DebuggerError: As for `refuse_reading`.
        """

    def call_ended(self, context: OneLine, call: Call) -> None:
        """Hear that a call of a node that still runs has ended."""

    def calls_left(self, context: OneLine, node: str = "") -> None:
        """Hear that nodes that were left inside of a call are not gone on with."""

    def changed(self, context: OneLine, kind: str) -> None:
        """Hear that what a line has beside its frames changed: of `beside` in `persist`."""

    def opened(self, context: OneLine) -> None:
        """Hear of the context of another line, before anybody uses it."""

    def missing_secrets(self, session: Session) -> list[tuple[Any, ...]]:
        """Return where secrets have to be given again before the run goes on."""

    def grow(self, session: Session) -> int:
        """Look for frames that another process has added since; return how many came."""

    def close(self, contexts: list[OneLine]) -> None:
        """Let the run go, whoever of its lines is asked.

        Raises:
            CheckpointStoreError: The store still refuses what was committed.
        """
