"""Edges, and how a committed state or a decision picks one (SEMANTICS G2, G8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from lellm_nb.arguments import answered
from lellm_nb.graph.code.looked_keys import LookedKeys
from lellm_nb.state.expression.expression import ConditionText, Expression

__all__ = ["DECISION_KINDS", "TOGETHER", "Edge", "Route", "Router"]

DECISION_KINDS = ("timeout", "approve", "reject")

TOGETHER = " + "
"""Stands between the names of nodes that run in one super-step."""
"""The kinds of decision edges: each is named by what it is for, in the order of being looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """One way out of a node.

    Attributes:
        source, target: Node names.
        kind: ``"normal"``, ``"conditional"``, ``"fallback"``, or for a decision edge what it is
            for: ``"approve"``, ``"reject"`` or ``"timeout"``; ``"goto"`` in a graph that another
            engine runs, where a node itself says that it goes there.
        predicate: What a conditional edge asks the committed state.
        max_visits: How often it should be taken at most; see SEMANTICS G5.
    """

    source: str
    target: str
    kind: str = "normal"
    predicate: Callable[[Any], Any] | None = None
    max_visits: int | None = None

    @property
    def said(self) -> str:
        """The text of its condition, where that is text; else nothing."""
        return self.predicate.text if isinstance(self.predicate, ConditionText) else ""

    @property
    def label(self) -> str:
        """The edge as people write it: ``a -> b``."""
        return f"{self.source} -> {self.target}"

    @property
    def for_decision(self) -> bool:
        """Whether it is a way out for a decision, whatever the state says (SEMANTICS G8)."""
        return self.kind in DECISION_KINDS

    @property
    def described(self) -> str:
        """The label, with the decision or the text of the condition: ``a -> b (on reject)``."""
        if self.for_decision:
            return f"{self.label} (on {self.kind})"
        return f"{self.label} (if {self.said})" if self.said else self.label

    @property
    def counter(self) -> str:
        """The name under which it is counted how often the edge was taken (SEMANTICS G5)."""
        # of a condition's text nothing: it may be patched, and stored runs know this name
        return f"#{self.described if self.for_decision else self.label}"

    def hash_text(self) -> str:
        """The edge's part of the canonical hash (SEMANTICS G6)."""
        mark = '"?"' if self.kind == "conditional" or self.for_decision else '""'
        return f"{self.source}->{self.target}{mark}{'!' if self.kind == 'fallback' else ''}"


@dataclass(frozen=True, slots=True)
class Route:
    """Which way a step went, and why.

    Attributes:
        next_node: Where to; `None` is the end of the level. Nodes that run side by side with
            nothing around them, as in a super-step, are joined: ``b + c``.
        kind: ``normal``, ``conditional``, ``fallback``, ``goto``, ``error`` or ``end``; of a
            decision edge what it is for: ``approve``, ``reject`` or ``timeout``.
        tried: The conditions asked, in order, each with its answer.
        edge: The edge that was taken, as it was when it was taken.
    """

    next_node: str | None
    kind: str
    tried: tuple[tuple[str, bool], ...] = ()
    edge: Edge | None = field(default=None, compare=False, repr=False)

    def leads_to(self, node: str) -> bool:
        """Tell whether it leads to a node: to it alone, or to it and others side by side.

        Example:
            >>> [Route("b + c", "normal").leads_to(node) for node in ("b", "c", "b + c", "d")]
            [True, True, True, False]
        """
        to = self.next_node
        return to is not None and (node == to or node in to.split(TOGETHER))

    def __reduce__(self) -> Any:
        # the edge may hold a function that only this process knows
        return Route, (self.next_node, self.kind, self.tried)


END = Route(None, "end")


NOTHING = LookedKeys(())


class PredicateFailed(Exception):
    """A predicate raised; carried to where the path is known."""

    def __init__(self, edge: Edge, cause: BaseException) -> None:
        super().__init__(edge.label)
        self.edge = edge
        self.cause = cause


class Router:
    """The out-edges of one node, sorted once. Its routes are shared by all frames.

    Attributes:
        always: The route, where neither a condition nor a decision has a say; else `None`.
        edges: All out-edges in the order in which they are looked at.
        looks: What the conditions look at.
    """

    __slots__ = ("_asked", "_conditional", "_decided", "_won", "always", "edges", "looks")

    def __init__(self, edges: Iterable[Edge]) -> None:
        edges = list(edges)
        by_kind = {kind: [e for e in edges if e.kind == kind] for kind in _ORDER}
        self.edges = tuple(edge for kind in _ORDER for edge in by_kind[kind])
        self._conditional = tuple(by_kind["conditional"])
        self._asked = tuple(map(_asked, self._conditional))
        last = next(iter(by_kind["normal"] or by_kind["fallback"]), None)
        asked = tuple((edge.label, False) for edge in self._conditional)
        self._won: list[Route | None] = [
            Route(edge.target, "conditional", (*asked[:i], (edge.label, True)), edge)
            for i, edge in enumerate(self._conditional)
        ]
        self._won.append(Route(last.target, last.kind, asked, last) if last else None)
        self._decided = {
            edge.kind: Route(edge.target, edge.kind, (), edge)
            for edge in self.edges
            if edge.for_decision
        }
        self.always = None if self._conditional or self._decided else self._won[0]
        self.looks = NOTHING if self.always else LookedKeys(e.predicate for e in self._conditional)

    def choose(self, state: Any, on: Iterable[str] = ()) -> Route | None:
        """Return the route for a committed state, or `None` where no edge matches.

        Args:
            on: The kinds of decision edges that may be taken, what goes first in front; see
                `kinds_for`.

        Raises:
            PredicateFailed: A condition raised; names the edge.
        """
        for kind in on:
            if kind in self._decided:
                return self._decided[kind]
        for i, ask in enumerate(self._asked):
            try:
                answer = ask(state)
                if answer is True or (answer and answered(answer)):
                    return self._won[i]
            except KeyboardInterrupt:
                raise  # an Interrupt, most likely: the engine tells
            except BaseException as error:
                raise PredicateFailed(self._conditional[i], error) from error
        return self._won[-1]


_ORDER = (*DECISION_KINDS, "conditional", "normal", "fallback")


def _asked(edge: Edge) -> Any:
    """Return what is called; an expression by itself costs a call more."""
    given = edge.predicate
    return given.ask if isinstance(given, Expression) else given
