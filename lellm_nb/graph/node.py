"""The kinds of nodes (SEMANTICS G1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol, runtime_checkable

from lellm_nb.graph.decision import DefaultAction
from lellm_nb.graph.item_branches import EACH
from lellm_nb.graph.node_options import (
    check_barrier,
    check_condition,
    check_custom,
    check_map,
    check_name,
    check_parallel,
    check_subgraph,
    check_task,
)
from lellm_nb.graph.question import Question
from lellm_nb.graph.retry import Retry
from lellm_nb.state.mutation import Key

__all__ = [
    "Barrier",
    "Condition",
    "Custom",
    "Map",
    "Node",
    "Parallel",
    "Runnable",
    "Subgraph",
    "Task",
    "check_name",
]

Predicate = Callable[[Any], Any]


@runtime_checkable
class Runnable(Protocol):
    """Any object that can be a node: `execute` gets the context and may be a coroutine."""

    def execute(self, ctx: Any) -> Any:
        """Run once; what it returns is treated as a task's return value."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A sync or async callable.

    Attributes:
        name: Unique in its graph.
        fn: Called with the context. A mapping it returns is recorded.
        goto: Nodes that `ctx.goto` may name; for analysis and drawing.
        side_effects: Whether running it again touches the world again.
        retries: How many more attempts follow a failure.
        backoff: Seconds before the n-th further attempt (n from 1), or a number
            that doubles each time.
        timeout: Seconds an attempt may take; `None` is no limit.
        retry: A `Retry`, of which the two before are the short form; `None` is one try.
        idle_timeout: Seconds in which an attempt must be heard of: by a chunk that it emits, a
            text that it prints or logs, or a call that is taken down; `None` is no limit.
    """

    name: str
    fn: Callable[[Any], Any]
    goto: tuple[str, ...] = ()
    side_effects: bool = False
    retries: int = 0
    backoff: float | Callable[[int], float] = 0.1
    timeout: float | None = None
    retry: Retry | None = None
    idle_timeout: float | None = None
    kind: ClassVar[str] = "task"

    def __post_init__(self) -> None:
        check_task(self)

    def call(self, ctx: Any) -> Any:
        """Run the function once."""
        return self.fn(ctx)


@dataclass(frozen=True, slots=True, eq=False)
class Custom:
    """An object of the user's with an `execute(ctx)` method."""

    name: str
    target: Runnable
    goto: tuple[str, ...] = ()
    side_effects: bool = False
    kind: ClassVar[str] = "task"

    def __post_init__(self) -> None:
        check_custom(self)

    def call(self, ctx: Any) -> Any:
        """Run the object once."""
        return self.target.execute(ctx)


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """Ordered ``(target, predicate)`` pairs; the first true one is gone to.

    A predicate may be given as an expression (SEMANTICS G10), as for an edge. None true
    means that the ordinary edges decide.
    """

    name: str
    cases: tuple[tuple[str, Predicate], ...]
    kind: ClassVar[str] = "condition"

    def __post_init__(self) -> None:
        check_condition(self)

    @property
    def goto(self) -> tuple[str, ...]:
        """The targets, in order."""
        return tuple(dict.fromkeys(target for target, _ in self.cases))

    def call(self, ctx: Any) -> None:
        """Do nothing: the cases are asked when the way out is found."""


@dataclass(frozen=True, slots=True, eq=False)
class Barrier:
    """A step of its own at which the run waits for a decision (SEMANTICS B1).

    Attributes:
        timeout: Seconds after which `default_action` is applied.
        approve_key: The key that an approval puts; ``<name>.approved`` by default.
        reject_key: The key of the reason; ``<name>.reject_reason`` by default.
        show: Keys and paths of the state that whoever decides is shown.
        ask: What is asked; `None` for no more than yes or no.
    """

    name: str
    timeout: float | None = None
    default_action: DefaultAction = DefaultAction.REJECT
    approve_key: str = ""
    reject_key: str = ""
    show: tuple[Key, ...] = ()
    ask: Question | None = None
    kind: ClassVar[str] = "barrier"
    goto: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_barrier(self)

    @property
    def answer_key(self) -> str:
        """The key that an answer to its question puts."""
        return f"{self.name}.answer"


@dataclass(frozen=True, slots=True, eq=False)
class Subgraph:
    """A whole graph as one node, working on a part of the state (SEMANTICS N1)."""

    name: str
    graph: Any
    lens: Any = None
    max_steps: int = 1000
    kind: ClassVar[str] = "subgraph"
    goto: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_subgraph(self)


@dataclass(frozen=True, slots=True, eq=False)
class Parallel:
    """Branches that each start from the same state and are merged (SEMANTICS P).

    Attributes:
        branches: Branch name to its node, in registration order.
        merge: How the results become one; the default folds the mutations.
        on_error: ``"fail_fast"`` or ``"collect_all"``.
        executor: Where plain tasks of the branches are performed; `None` is in threads here.
    """

    name: str
    branches: Mapping[str, Node]
    merge: Any = None
    on_error: str = "fail_fast"
    executor: Any = None
    kind: ClassVar[str] = "parallel"
    goto: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_parallel(self)

    def __reduce__(self) -> Any:
        # an executor stays where it is
        rest = [getattr(self, each.name) for each in fields(self) if each.name != "executor"]
        return _made_again, (type(self), rest)


def _made_again(kind: Any, rest: list[Any]) -> Any:
    names = [each.name for each in fields(kind) if each.name != "executor"]
    return kind(**dict(zip(names, rest, strict=True)))


@dataclass(frozen=True, slots=True, eq=False)
class Map(Parallel):
    """A Parallel with a branch for each item of a list that is known at run time (SEMANTICS P6).

    Attributes:
        branches: What runs for each item, under any number and under ``*``.
        over: Where the list is: a key, a path, or a function of the state.
        into: The key under which what the branches return is collected, or `None`.
        as_: The key under which a graph finds its item.
        limit: How many branches run at a time; `None` is all.
    """

    over: Any = ""
    into: str | None = None
    as_: str = "item"
    limit: int | None = None
    kind: ClassVar[str] = "map"

    def __post_init__(self) -> None:
        check_map(self)

    @property
    def each(self) -> Node:
        """What runs for each item."""
        return self.branches[EACH]

    @property
    def item_key(self) -> str | None:
        """The key of an item in the state of its branch; `None` for a function, which asks."""
        return None if isinstance(self.each, (Task, Custom)) else self.as_


Node = Task | Custom | Condition | Barrier | Subgraph | Parallel
