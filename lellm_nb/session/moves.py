"""Where a run can move, what a decision would do, and what was recorded: as any engine says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from lellm_nb.record.frame import DecisionRecord, Frame
from lellm_nb.record.outcome import Outcome
from lellm_nb.state.mutation import Key, Mutation

__all__ = [
    "Asking",
    "FailedJoin",
    "MoveKind",
    "NextMove",
    "OpenLevel",
    "Previewed",
    "Recorded",
    "RunningNode",
]


class MoveKind(StrEnum):
    """What would happen at a place that can move."""

    RUN = "run"  # a node runs
    WAIT = "wait"  # a barrier comes to wait
    DECIDE = "decide"  # a barrier waits: nothing moves without a decision
    ROUTE = "route"  # the node is committed, only its way out is still to be found
    LEAVE = "leave"  # a subgraph or a parallel has ended inside, and is left


class NextMove(Protocol):
    """One place at which the run could move now."""

    @property
    def path(self) -> str:
        """The node's path, with the visits of the composites it is in."""

    @property
    def static_path(self) -> str:
        """The same without visits."""

    @property
    def node(self) -> str:
        """The node's name."""

    @property
    def visit(self) -> int:
        """Which visit of the node it would be, from 1."""

    @property
    def kind(self) -> MoveKind:
        """What would happen."""

    @property
    def data(self) -> Any:
        """The state of its level, in the compact form of frames."""

    @property
    def state(self) -> Any:
        """The state that the node would see."""

    @property
    def stack(self) -> Sequence[str]:
        """The paths of the nodes that are next in each level, from the root to this one."""

    @property
    def enters(self) -> str:
        """The outermost composite that this step would enter, by its path; else empty."""

    @property
    def inside(self) -> str:
        """The composite that it is inside of, as the frame that leaves it says; else empty."""

    @property
    def names(self) -> Sequence[str]:
        """The nodes of its level, to which a decision may lead."""

    def returned(self, values: Mapping[str, Any]) -> Outcome:
        """Return the outcome of a node that would return this mapping.

        Raises:
            StateError: A value does not fit its key.
        """

    def put(self, key: Key, value: Any) -> Outcome:
        """Return the outcome of a node in whose place a person puts one value.

        Raises:
            StateError: The node has nothing to put there.
        """


class Asking(NamedTuple):
    """What somebody is asked where a run waits.

    Attributes:
        value: What it says.
        schema: The JSON schema of an answer, where one is declared; else `None`.
        actions: Where it asks about actions: each with its ``name``, ``args``, ``description``, and
            what may be ``allowed``: ``approve, edit, reject, respond``; else empty.
        choices: The values to choose from; `None` where it is no choice.
    """

    value: Any
    schema: Any = None
    actions: tuple[Mapping[str, Any], ...] = ()
    choices: tuple[Any, ...] | None = None


class OpenLevel(Protocol):
    """A level of the run that can move on, and may be written into."""

    @property
    def name(self) -> str:
        """What people call it, with the visits of what it is in; empty for the root."""

    @property
    def data(self) -> Any:
        """Its state, in the compact form of frames."""


class Previewed(NamedTuple):
    """What a decision or an answer would do, had it been given.

    Attributes:
        before, after: The state of its level.
        next_node: Where it would lead; `None` for the end.
        error: Why it would not route, if it would not.
        given: What the node that asked would be given as its answer, alone in a tuple; empty
            where nothing asked.
    """

    before: Any
    after: Any
    next_node: str | None
    error: Exception | None
    given: tuple[Any, ...] = ()


class FailedJoin(NamedTuple):
    """A parallel that cannot be left, where the run stands.

    Branches of a collect-all one failed, or all are through and disagree.

    Attributes:
        path: Its path without visits.
        failed: The branches that are not through; none where they disagree.
        branches: How many there are.
        sides: Where they disagree, or the merge raised: the branches to choose from.
        conflicts: The keys on which they disagree, each with the branches that do; none where
            a merge of the user's raised.
    """

    path: str
    failed: tuple[str, ...]
    branches: int
    sides: tuple[str, ...] = ()
    conflicts: tuple[tuple[Key, tuple[str, ...]], ...] = ()


class RunningNode(NamedTuple):
    """A node that runs now.

    Attributes:
        path: Its path, with the visits of the composites it is in.
        visit: Which visit of it this is, from 1.
        started: Since when, in seconds since the epoch.
        thread: The identifier of its thread.
        calls: File, line and function of every call in it, the outermost first, without ours.
        given_up: Whether nobody waits for it any more: it works on, and what it does is dropped.
        attempt: Which try of it this is, or which one comes next, from 1.
        of: How often it is tried in all.
        error: What the try before raised; `None` for the first one.
        until: Where it waits to be tried again: until when, in seconds since the epoch; else when
            this try began, 0 for the first one.
    """

    path: str
    visit: int
    started: float
    thread: int
    calls: tuple[tuple[str, int, str], ...]
    given_up: bool = False
    attempt: int = 1
    of: int = 1
    error: BaseException | None = None
    until: float = 0.0


class Recorded(Protocol):
    """What a history recorded, by path and visit (SEMANTICS R10)."""

    def frame(self, path: str, visit: int) -> Frame | None:
        """Return the frame that recorded a step, or `None`."""

    def outcome(self, path: str, visit: int) -> Outcome | None:
        """Return what a step did, or `None` where nothing is recorded."""

    def decision(self, barrier_id: str) -> DecisionRecord | None:
        """Return what was decided for a barrier, or `None`."""

    def change(self, frame: Frame, mutations: list[Mutation]) -> None:
        """Have other mutations in place of those that a frame's step made."""

    def outcomes_of(self, static_paths: set[str]) -> dict[tuple[str, int], Outcome]:
        """Return the outcomes of some nodes, by path and visit."""
