"""The kinds of nodes (SEMANTICS G1)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, runtime_checkable

from lellm_nb.errors import EmptyParallelError, InvalidNodeError
from lellm_nb.graph.decision import DefaultAction
from lellm_nb.graph.shape import GraphShape
from lellm_nb.state.lens import StateLens, as_lens
from lellm_nb.state.merge import as_merge

__all__ = [
    "Barrier",
    "Condition",
    "Custom",
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


def check_name(name: Any, what: str = "node") -> str:
    """Return `name` if it can be a path segment.

    Raises:
        InvalidNodeError: It is empty, not text, or holds ``/`` or ``#``.
    """
    if not isinstance(name, str) or not name:
        raise InvalidNodeError(name, f"a {what} name is non-empty text.")
    if "/" in name or "#" in name:
        raise InvalidNodeError(name, f"a {what} name holds no '/' and no '#': they build paths.")
    return name


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
    """

    name: str
    fn: Callable[[Any], Any]
    goto: tuple[str, ...] = ()
    side_effects: bool = False
    retries: int = 0
    backoff: float | Callable[[int], float] = 0.1
    timeout: float | None = None
    kind: ClassVar[str] = "task"

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

    def call(self, ctx: Any) -> Any:
        """Run the object once."""
        return self.target.execute(ctx)


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """Ordered ``(target, predicate)`` pairs; the first true one is gone to.

    None true means that the ordinary edges decide.
    """

    name: str
    cases: tuple[tuple[str, Predicate], ...]
    kind: ClassVar[str] = "condition"

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
    """

    name: str
    timeout: float | None = None
    default_action: DefaultAction = DefaultAction.REJECT
    approve_key: str = ""
    reject_key: str = ""
    kind: ClassVar[str] = "barrier"
    goto: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "approve_key", self.approve_key or f"{self.name}.approved")
        object.__setattr__(self, "reject_key", self.reject_key or f"{self.name}.reject_reason")


@dataclass(frozen=True, slots=True, eq=False)
class Subgraph:
    """A whole graph as one node, working on a part of the state (SEMANTICS N1)."""

    name: str
    graph: Any
    lens: Any = None
    max_steps: int = 1000
    kind: ClassVar[str] = "subgraph"
    goto: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Parallel:
    """Branches that each start from the same state and are merged (SEMANTICS P).

    Attributes:
        branches: Branch name to its node, in registration order.
        merge: How the results become one; the default folds the mutations.
        on_error: ``"fail_fast"`` or ``"collect_all"``.
    """

    name: str
    branches: Mapping[str, Node]
    merge: Any = None
    on_error: str = "fail_fast"
    kind: ClassVar[str] = "parallel"
    goto: ClassVar[tuple[str, ...]] = ()


Node = Task | Custom | Condition | Barrier | Subgraph | Parallel


def make_node(name: str, target: Any, **options: Any) -> Node:
    """Make a node of what a user gave: a callable, a graph, or something with `execute`.

    Raises:
        InvalidNodeError: It is none of these.
    """
    check_name(name)
    if isinstance(target, Node):
        return _renamed(name, target)
    if isinstance(target, GraphShape):
        return Subgraph(name, target, as_lens(None), **options)
    if inspect.isclass(target):
        raise InvalidNodeError(name, f"{target.__name__} is a class; give an instance of it.")
    if isinstance(target, Runnable):
        return Custom(name, target, **options)
    if callable(target):
        return Task(name, target, **options)
    raise InvalidNodeError(
        name,
        f"{target!r:.60} ({type(target).__name__}) cannot run. A node is a function of ctx,"
        " a graph, or an object with an execute(ctx) method.",
    )


def _renamed(name: str, node: Node) -> Node:
    return node if node.name == name else replace(node, name=name)


def make_parallel(
    name: str, branches: Mapping[str, Any], *, merge: Any, on_error: str
) -> Parallel | EmptyParallelError:
    """Make a Parallel; an empty one is a structural problem, to be reported by `build`."""
    check_name(name)
    if on_error not in ("fail_fast", "collect_all"):
        raise InvalidNodeError(name, f"on_error is 'fail_fast' or 'collect_all', not {on_error!r}.")
    if not branches:
        return EmptyParallelError(name)
    made = {check_name(b, "branch"): make_node(b, target) for b, target in branches.items()}
    return Parallel(name, made, as_merge(merge), on_error)


def recomposed(node: Any, code: Any) -> Parallel | Subgraph | None:
    """Return a composite with other code of its own, `None` where it is none for it.

    Args:
        code: The merge of a Parallel, a strategy or a function; the lens of a subgraph.
    """
    if isinstance(node, Parallel) and not isinstance(code, Node | GraphShape):
        if callable(code) or hasattr(code, "merge"):
            return replace(node, merge=as_merge(code))
    elif isinstance(node, Subgraph) and isinstance(code, StateLens):
        return replace(node, lens=as_lens(code))
    return None


def make_condition(name: str, cases: Iterable[tuple[str, Predicate]]) -> Condition:
    """Make a Condition.

    Raises:
        InvalidNodeError: A case is not a pair of a node name and a predicate.
    """
    check_name(name)
    pairs = []
    for case in cases:
        try:
            target, predicate = case
        except (TypeError, ValueError):
            raise InvalidNodeError(name, f"case {case!r:.60} is no (target, predicate).") from None
        check_predicate(predicate, f"{name} -> {target}")
        pairs.append((target, predicate))
    return Condition(name, tuple(pairs))


def check_predicate(predicate: Any, edge: str) -> Predicate:
    """Return `predicate` if it can be called.

    Raises:
        InvalidNodeError: It cannot, or it is a coroutine function.
    """
    if not callable(predicate):
        raise InvalidNodeError(edge, f"its condition {predicate!r:.60} is not callable.")
    if inspect.iscoroutinefunction(predicate):
        raise InvalidNodeError(edge, "its condition is async; a condition only looks at the state.")
    return predicate  # type: ignore[no-any-return]  # callable was just checked
