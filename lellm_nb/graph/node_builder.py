"""Putting a graph's nodes together; what is wrong with one alone is refused at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any, Self, TypeVar, overload

from lellm_nb.arguments import refusal
from lellm_nb.errors import DuplicateNodeError, GraphError, InvalidNodeError
from lellm_nb.graph.decision import DefaultAction
from lellm_nb.graph.graph import Graph, built_graph
from lellm_nb.graph.make_node import make_map, make_node, make_parallel
from lellm_nb.graph.node import Barrier, Condition, Node, Predicate, Subgraph
from lellm_nb.graph.node_options import check_name, part_of
from lellm_nb.graph.question import Question
from lellm_nb.graph.retry import Retry
from lellm_nb.state.lens import as_lens
from lellm_nb.state.mutation import Key

__all__ = ["NodeBuilder"]

F = TypeVar("F", bound=Callable[..., Any])


class NodeBuilder:
    """The nodes of a graph that is being built."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._problems: list[GraphError] = []

    def _add(self, node: Node) -> Self:
        if node.name in self._nodes:
            self._problems.append(DuplicateNodeError(node.name))
        else:
            self._nodes[node.name] = node
        return self

    @overload
    def task(self, fn: F, /, *, name: str | None = None, **options: Any) -> F: ...
    @overload
    def task(
        self,
        fn: None = None,
        /,
        *,
        name: str | None = None,
        goto: Iterable[str] = (),
        side_effects: bool = False,
        retries: int = 0,
        backoff: float | Callable[[int], float] = 0.1,
        timeout: float | None = None,
        retry: Retry | None = None,
        idle_timeout: float | None = None,
    ) -> Callable[[F], F]: ...

    def task(self, fn: Any = None, /, *, name: str | None = None, **options: Any) -> Any:
        """Add a function as a node, as a decorator or as a call; gives the function back.

        Args:
            fn: Called with the context; sync or async.
            name: The node's name; the function's own by default.
            goto: Nodes that `ctx.goto` may name.
            side_effects: Whether running it again touches the world again.
            retries: Further attempts after a failure.
            backoff: Seconds before a further attempt, doubling; or a function of its number.
            timeout: Seconds an attempt may take.
            retry: A `Retry`: how often it is tried, after which errors, and after what pauses;
                `retries` and `backoff` are its short form.
            idle_timeout: Seconds in which an attempt must be heard of: a chunk that it emits, a
                text that it prints or logs, a call that is taken down.

        Raises:
            InvalidNodeError: `fn` is not callable, or the name cannot be used.
        """
        if fn is None:
            _check_options(name or "", options)
            return lambda function: self.task(function, name=name, **options)
        label = name if name is not None else getattr(fn, "__name__", "")
        if label in ("", "<lambda>"):
            raise InvalidNodeError(fn, "it has no name of its own; pass name=….")
        if not callable(fn):
            raise refusal(
                fn, "its function", "a function of (ctx)", partial(InvalidNodeError, label)
            )
        _check_options(label, options)
        self._add(make_node(label, fn, **options))
        return fn

    def node(self, name: str, target: Any) -> Self:
        """Add a callable, a graph, a node, or an object with `execute(ctx)`."""
        return self._add(make_node(name, target))

    def condition(self, name: str, cases: Iterable[tuple[str, str | Predicate]]) -> Self:
        """Add a node that goes to the first target whose predicate, or expression, holds."""
        return self._add(Condition(name, cases))  # type: ignore[arg-type]  # makes them a tuple

    def barrier(
        self,
        name: str,
        *,
        timeout: float | None = None,
        default_action: DefaultAction = DefaultAction.REJECT,
        approve_key: str | None = None,
        reject_key: str | None = None,
        show: Iterable[Key] = (),
        ask: Question | None = None,
    ) -> Self:
        """Add a place where the run waits for a decision.

        Args:
            show: Keys of the state, and paths as tuples, that whoever decides is shown.
            ask: A question: its answer is put under ``<name>.answer``, and approves.

        Example:
            >>> from lellm_nb import GraphBuilder, Question
            >>> ask = Question("Ship it?", choices=["now", "later"])
            >>> g = GraphBuilder("mail").barrier("when", ask=ask, show=["draft"])
        """
        approve, reject = ("" if key is None else key for key in (approve_key, reject_key))
        made = Barrier(name, timeout, default_action, approve, reject, show, ask)  # type: ignore[arg-type]  # makes it a tuple
        return self._add(made)

    def parallel(
        self,
        name: str,
        branches: Mapping[str, Any],
        *,
        merge: Any = None,
        on_error: str = "fail_fast",
        executor: Executor | None = None,
    ) -> Self:
        """Add branches (callables, nodes or graphs) that run side by side.

        Args:
            branches: What runs, by the name of its branch.
            merge: How the results become one state; by default the mutations are folded.
            on_error: ``"fail_fast"`` cancels the others at the first failure, ``"collect_all"``
                waits for all.
            executor: Where plain functions of the branches are performed, as another process or
                a cluster (SEMANTICS P7); in threads here by default.

        Raises:
            InvalidNodeError: Something does not fit; names it.
        """
        options = {"merge": merge, "on_error": on_error, "executor": executor}
        made = make_parallel(name, branches, **options)
        if isinstance(made, GraphError):
            self._problems.append(made)
            return self
        return self._add(made)

    def map(
        self,
        name: str,
        target: Any,
        *,
        over: Any,
        into: str | None = None,
        as_: str = "item",
        limit: int | None = None,
        merge: Any = None,
        on_error: str = "fail_fast",
        executor: Executor | None = None,
    ) -> Self:
        """Add a node that runs once for each item of a list, side by side (SEMANTICS P6).

        The list is read when the run comes there; its branches are ``name/0``, ``name/1``, …

        Args:
            target: What runs for each item: a function, a node or a graph. A function finds
                its item as ``ctx.item``, a graph under the key `as_`.
            over: Where the list is: a key, a path, or a function of the state.
            into: The key under which what the functions return, or the end states of the
                graphs (the item and what each wrote), are collected in the order of the items;
                what a graph wrote is nowhere else then. An item that is dropped, as by
                ``resolve_join("keep")``, leaves no entry, and those after it move up. Without
                `into` what they return is written and merged as in a Parallel.
            as_: The key of the item in a graph's state; it is never merged.
            limit: How many run at a time; all by default.
            merge, on_error, executor: As for `parallel`.

        Raises:
            InvalidNodeError: Something does not fit; names it.

        Example:
            >>> from lellm_nb import GraphBuilder
            >>> g = GraphBuilder("sizes")
            >>> g = g.map("measure", lambda ctx: len(ctx.item), over="words", into="sizes")
            >>> graph = g.start("measure").end("measure").build()
            >>> graph.run({"words": ["a", "fox", "runs"]}).state["sizes"]
            [1, 3, 4]
        """
        options = {"over": over, "into": into, "as_": as_, "limit": limit, "on_error": on_error}
        return self._add(make_map(name, target, merge=merge, executor=executor, **options))

    def subgraph(self, name: str, graph: Graph, *, lens: Any = None, max_steps: int = 1000) -> Self:
        """Add a whole graph as one node; `lens` says which part of the state it sees."""
        built_graph(graph, partial(InvalidNodeError, check_name(name)))
        return self._add(Subgraph(name, graph, as_lens(lens, part_of(name)), max_steps))


def _check_options(name: str, options: Iterable[str]) -> None:
    known = {"goto", "side_effects", "retries", "backoff", "timeout", "retry", "idle_timeout"}
    for option in options:
        if option not in known:
            raise TypeError(
                f"task() of node {name!r} got an unknown option {option!r};"
                f" it takes {', '.join(sorted(known))}"
            )
