"""What an engine gives to be debugged, and nothing of how it does it.

The debugger and its view know an engine only through this page. The native session, a stored run
that is only read, a graph of another library and a toy in the tests all give it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self

from lellm_nb.clock import Clock
from lellm_nb.engine.halt import HOLD, Halt, Hold
from lellm_nb.graph.decision import Decision, DefaultAction
from lellm_nb.record.frame import Frame
from lellm_nb.record.history import History, Line
from lellm_nb.record.outcome import LIVE, Outcome
from lellm_nb.record.position import Position, Waiting
from lellm_nb.session.capability import EVERYTHING, Capability, lacks
from lellm_nb.session.controls import Controls, Plan, Went
from lellm_nb.session.moves import (
    Asking,
    FailedJoin,
    MoveKind,
    NextMove,
    OpenLevel,
    Previewed,
    Recorded,
    RunningNode,
)
from lellm_nb.state.mutation import Key, Mutation

__all__ = [
    "EVERYTHING",
    "HOLD",
    "LIVE",
    "Asking",
    "Capability",
    "Controls",
    "FailedJoin",
    "Halt",
    "Hold",
    "MoveKind",
    "NextMove",
    "OpenLevel",
    "Outcome",
    "Plan",
    "Previewed",
    "Recorded",
    "RunningNode",
    "Session",
    "Went",
    "lacks",
]


class Session(Protocol):
    """One run over one history: where it stands, and every way to move it.

    Attributes:
        capabilities: What this engine is able to.
        graph: What runs: nodes with a `kind`, a `graph` or `branches` inside, and edges.
        history: Every line of the run.
        line: The line that the head is on.
        head: The frame at which the run stands.
        clock: Where time is read.
        listeners: Called after every frame; they must return at once.
        pauses: Whether what waits and asks nothing is held before or after its node, rather than
            a barrier.
    """

    capabilities: frozenset[Capability]
    graph: Any
    history: History
    line: Line
    head: Frame
    clock: Clock
    listeners: list[Callable[[], None]]
    pauses: bool

    # -- looking ---------------------------------------------------------------

    @property
    def position(self) -> Position:
        """Where the run stands."""

    @property
    def state(self) -> Any:
        """The root state where the run stands."""

    @property
    def waiting(self) -> list[Waiting]:
        """The barriers that wait for a decision, in registration order."""

    def next_move(self) -> NextMove | None:
        """Return the one place that a single step would move; `None` at the end.

        Raises:
            RunError: The next node is not in the graph, or its level cannot be entered.
        """

    def next_moves(self) -> Sequence[NextMove]:
        """Return every place that could move without a decision, branches in order.

        Raises:
            RunError: As for `next_move`.
        """

    def data_at(self, frame: Frame, like: Frame | None = None) -> Any:
        """Return the compact state of a level at a frame; `None` where the run was not in it.

        Args:
            like: A frame of the level that is meant; by default the root is. A level that the
                run was about to enter there is as its first node would have seen it.
        """

    def line_through(self, frame: Frame) -> Line:
        """Return the current line if the frame is on it, else the line it was made on.

        Raises:
            NoSuchFrameError: The frame is of another history.
        """

    def recorded(self, line: Line | None = None, end: int | None = None) -> Recorded:
        """Return what was recorded; what a line, the current one by default, has comes first.

        Args:
            end: The index of the last frame that counts; then other lines do not.
        """

    def in_flight(self) -> Sequence[RunningNode]:
        """Return the nodes that run now, in no order; asked from any thread."""

    def failed_join(self) -> FailedJoin | None:
        """Return the parallel that waits to hear what becomes of its branches."""

    def asked(self, waiting: Waiting) -> Asking | None:
        """Return what somebody is asked where it waits; `None` for no more than yes or no."""

    def waiting_data(self, waiting: Waiting) -> Any:
        """Return the compact state of the level that waits; `None` where that is not told."""

    def targets(self, barrier_id: str | None = None) -> list[str]:
        """Return the nodes that a reroute of a waiting barrier may name."""

    def preview(self, decision: Decision, barrier_id: str | None = None) -> Previewed:
        """Tell what a decision would write and where it would lead, without giving it.

        Raises:
            NotWaitingError, NodeNotFoundError, StateError: As for `decide`.
        """

    def preview_outcome(self, move: NextMove, outcome: Outcome) -> Previewed:
        """Tell what would be committed if a node had this outcome.

        Raises:
            NodeNotFoundError, StateError: It would be refused.
        """

    def check_edit(
        self, frame: Frame, put: Mapping[Any, Any] | None, delete: Sequence[Any] = ()
    ) -> Frame | None:
        """Return the frame that writing after `frame` would make; `None` for no write.

        Raises:
            StateError: What is to be written does not fit.
        """

    # -- moving ----------------------------------------------------------------

    async def advance(self, controls: Controls) -> Halt:
        """Go on as the controls say; all forward movement comes here.

        Raises:
            RunError: It failed; the last frame says so.
            CheckpointStoreError: The store still refuses what was committed before.
        """

    async def decide(
        self,
        decision: Decision | DefaultAction,
        barrier_id: str | None = None,
        *,
        by: str = "person",
    ) -> Frame:
        """Commit a decision for one waiting barrier.

        Args:
            decision: What is decided; `DefaultAction.SKIP` goes on with nothing written.

        Raises:
            NotWaitingError: That barrier does not wait, or it is not clear which is meant.
            NodeNotFoundError: A reroute leads nowhere; the barrier goes on waiting.
            StateError: What is to be modified is not there; the barrier goes on waiting.
            CheckpointStoreError: The store refuses the decision; it stays in memory.
        """

    def rewind(self, frame: Frame) -> None:
        """Move the head to any frame of the history; nothing is dropped.

        Raises:
            NoSuchFrameError: The frame is of another history.
        """

    async def close_join(
        self,
        *,
        keep: bool = False,
        sides: Mapping[Key | None, str] | None = None,
        by: str = "person",
    ) -> Frame:
        """Join a parallel that cannot be left by itself, as one frame of kind *join*.

        Args:
            keep: Whether to join the branches that are good where others failed; else none.
            sides: Where branches disagree: the one that is right by key; under `None` one that
                is right wherever it takes part.
            by: Who decided it.

        Raises:
            DebuggerError: The run does not stand in one.
            RunError: The branches still disagree, or the way out fails.
        """

    # -- changing --------------------------------------------------------------

    def fork(
        self,
        frame: Frame | None = None,
        *,
        put: Mapping[Any, Any] | None = None,
        delete: Sequence[Any] = (),
        name: str | None = None,
    ) -> Self:
        """Return a session on a new line after `frame` (the head by default).

        Args:
            put: Written at the frame's own level, as one frame of kind *edit*.
            delete: Keys that the same frame removes.

        Raises:
            NoSuchFrameError: The frame is of another history.
            StateError: What is to be written does not fit; no line is made.
            DebuggerError: The name is taken.
        """

    def at_tip(self, line: Line) -> Self:
        """Return a session at the tip of an existing line."""

    def open_levels(self) -> Sequence[OpenLevel]:
        """Return every level that can move on, the outermost first, branches in order."""

    def edit(self, edits: Sequence[Mutation], level: OpenLevel | None = None) -> None:
        """Write where the run stands, as one frame of kind *edit*; with none, do nothing.

        Args:
            level: Where to write; the head's own level by default.

        Raises:
            StateError: What is to be written does not fit.
        """

    async def send(self, input: Any) -> Frame:
        """Begin the next turn: take an input in, as one frame of kind *input* (SEMANTICS R12).

        Args:
            input: A mapping of keys to values, or text for a graph with messages; or the
                mutations of an input frame.

        Raises:
            DebuggerError: The run is in the middle of a turn.
            StateError: What is to be written does not fit.
            CheckpointStoreError: The store refuses it; it stays in memory.
        """

    def use(self, graph: Any) -> None:
        """Go on with another graph of the same shape: new code, history kept."""

    # -- elsewhere -------------------------------------------------------------

    def alone(self, plan: Plan) -> Callable[[], Went]:
        """Return what runs this position on with a history of its own, wherever it is called."""

    def adopt(self, frames: Sequence[Frame]) -> None:
        """Take over frames that were made elsewhere from where this run stands."""
