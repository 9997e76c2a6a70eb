"""A run that is written whole, and checkpoints of it that are kept beside (SEMANTICS C4)."""

from __future__ import annotations

from typing import Any

from lellm_nb.errors import CheckpointStoreError
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import Line
from lellm_nb.store.checkpoint_writer import CheckpointWriter
from lellm_nb.store.retry_on_refusal import RetryOnRefusal
from lellm_nb.store.run.run_writer import RunWriter

__all__ = ["RunWithCheckpoints"]


class RunWithCheckpoints(RetryOnRefusal):
    """Tells two writers of everything: of the whole run first, then of its checkpoints.

    Args:
        run: Writes every frame: rewinding needs them all.
        checkpoints: Writes those that a policy wants, into the same store.
    """

    def __init__(self, run: RunWriter, checkpoints: CheckpointWriter) -> None:
        self.run = run
        self.checkpoints = checkpoints
        self.codec: Codec = run.codec

    @property
    def error(self) -> CheckpointStoreError | None:  # type: ignore[override]  # of both
        """Why the store did not take the last write; `None` when it has everything."""
        return self.run.error or self.checkpoints.error

    @property
    def leader(self) -> Any:
        """The session whose head is the run's."""
        return self.run.leader

    @leader.setter
    def leader(self, session: Any) -> None:
        self.run.leader = session

    @property
    def graph(self) -> Any:
        """The graph that runs; new code of the same shape takes its place."""
        return self.run.graph

    @graph.setter
    def graph(self, graph: Any) -> None:
        self.run.graph = self.checkpoints.graph = graph

    def keep(self, line: Line, frame: Frame, leads: bool = False) -> bool:
        """Write a frame, and its checkpoint if it is wanted; tell whether the store has both."""
        kept = self.run.keep(line, frame, leads)
        return self.checkpoints.keep(line, frame, leads) and kept

    def flush(self) -> bool:
        """Write what waits; tell whether the store took it."""
        flushed = self.run.flush()
        return self.checkpoints.flush() and flushed

    def opened(self, line: Line) -> None:
        """Write that a line began, and protect the checkpoint that it was forked at."""
        self.run.opened(line)
        self.checkpoints.opened(line)

    def moved(self, line: Line, frame: Frame, leads: bool = True) -> None:
        """Write that a head moved without a commit."""
        self.run.moved(line, frame, leads)
        self.checkpoints.moved(line, frame, leads)

    def went(self, session: Any, old: Line, new: Line) -> None:
        """Note that a session that does not lead goes on from a line to another one."""
        self.run.went(session, old, new)

    def mark_of(self, session: Any, kind: str, value: Any) -> None:
        """Write what a session's debugger has beside frames."""
        self.run.mark_of(session, kind, value)

    def mark(self, kind: str, key: str, value: Any) -> None:
        """Write something else of the run under a kind and a key; `None` takes it away."""
        self.run.mark(kind, key, value)

    def noted(self, line: Line | None, frame: Frame, text: str | None) -> None:
        """Write a note to a frame, or that it was taken away."""
        self.run.noted(line, frame, text)

    def pinned(self, line: Line | None, frame: Frame, on: bool | None) -> None:
        """Write that a frame is pinned, or no more; its checkpoint is kept, or let go."""
        self.run.pinned(line, frame, on)
        self.checkpoints.pinned(line, frame, on)

    def call_ended(self, session: Any, call: Any) -> None:
        """Write a call of a node that still runs."""
        self.run.call_ended(session, call)

    def calls_left(self, session: Any, node: str = "") -> None:
        """Drop the calls of nodes that are not gone on with: of one, or of all."""
        self.run.calls_left(session, node)

    def give_up(self) -> None:
        """Let the run go, though the store may not have everything."""
        self.run.give_up()

    def close(self) -> None:
        """Write what is pending, and let the run go."""
        try:
            self.checkpoints.close()
        finally:
            self.run.close()
