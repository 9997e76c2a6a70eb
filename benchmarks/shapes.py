"""What a workload asks of a library: a chain of nodes, a history to travel in, a fan-out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Chain", "Kept", "Lies", "Node", "Prepared", "Reopened", "Travel"]

Fn = Callable[[Any], Awaitable[dict[str, Any] | None]]


@dataclass(frozen=True)
class Node:
    """One node, as an async function of the state that returns what changes.

    Attributes:
        ctx_fn: The same node written for lellm_nb, where it is to be called with the
            context itself; without it the context's state is passed on.
    """

    name: str
    fn: Fn
    ctx_fn: Fn | None = None


@dataclass(frozen=True)
class Chain:
    """Nodes that run one after another.

    Attributes:
        state: The first state; every run copies what it changes.
        steps: How many steps one run makes.
        loop: Whether the first node follows the last one.
        append: Keys of lists: what a node returns for them is added at the end.
        merge: Keys of dicts: what a node returns for them is merged in.
        beside: Two nodes that run side by side, where the library can do it.
        done: Asked for after the last node: whether to stop looping.
    """

    nodes: tuple[Node, ...]
    state: dict[str, Any]
    steps: int
    loop: bool = True
    append: frozenset[str] = frozenset()
    merge: frozenset[str] = frozenset()
    beside: tuple[str, str] | None = None
    done: Callable[[Any], bool] | None = None

    def fresh(self) -> dict[str, Any]:
        """Return the first state with lists and dicts of its own at the top."""
        kinds = (list, dict)
        return {k: type(v)(v) if type(v) in kinds else v for k, v in self.state.items()}

    def write(self, state: dict[str, Any], update: dict[str, Any] | None) -> None:
        """Put what a node returned into a plain dict, in place."""
        for key, value in (update or {}).items():
            if key in self.append:
                state[key].extend(value)
            elif key in self.merge:
                state[key].update(value)
            else:
                state[key] = value


@dataclass
class Prepared:
    """A run that is ready to start, and whatever holds its history."""

    go: Callable[[], Awaitable[Any]]
    keep: Any = None
    frames: Callable[[], int] = field(default=lambda: 0)


@dataclass
class Travel:
    """A finished run of W1, and the ways back into it; `None` where there is none."""

    frames: int
    list_all: Callable[[], Any]
    fetch: Callable[[int], Any]
    read_key: Callable[[int], Any]
    rewind: Callable[[int], Any] | None
    fork_and_step: Callable[[int], Awaitable[Any]]
    keep: Any = None


@dataclass
class Kept:
    """A run that writes every step to a folder before the next one begins.

    Attributes:
        close: Lets the files go, so that they can be weighed and opened again.
    """

    go: Callable[[], Awaitable[Any]]
    close: Callable[[], Any]


@dataclass
class Reopened:
    """The ways into a run that was left in a folder.

    Attributes:
        open: Opens it, and hands out the state at which it stands.
        fetch: After that, hands out any frame's state.
        show: Opens it, and makes the view of it, where the library has one.
    """

    frames: int
    open: Callable[[], Any]
    fetch: Callable[[int], Any]
    show: Callable[[], Any] | None = None


@dataclass
class Lies:
    """What five frames show as the length of a list that grows by one a step.

    Attributes:
        in_place: A node appends to the list in the state.
        own_list: A node returns a list of its own each time, and appends to it later.
        note: What the library said, if it refused.
    """

    in_place: str
    own_list: str
    note: str = ""
