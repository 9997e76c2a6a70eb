"""Random graphs as plain data, and what a test may decide at their barriers.

A graph is described by a `Plan` and built from it, so that a failing example prints as
something a person can read, and can be built twice. A new kind of node joins `MAKERS`
in `strategies_nodes` and the list in `plans`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from lellm_nb import (
    Approve,
    Decision,
    Graph,
    GraphBuilder,
    Modify,
    Question,
    Reject,
    Reroute,
    Retry,
)
from lellm_nb.graph.edge import DECISION_KINDS
from tests.strategies import KEYS, values
from tests.strategies_nodes import MAKERS, Board, World, measure, work

# -- plans --------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """One node of a random graph.

    Attributes:
        kind: A key of `MAKERS`, or ``barrier``, ``question``, ``graph``, ``fan`` or ``map``.
        back: The node that its conditional edge leads back to.
        after: How often that edge is taken.
        inner: The plans inside a composite.
        lens: The key that a subgraph works on, or ``window …``; empty for the same state.
        caught: Whether a failure of the node, or inside it, leads on to the next node.
        patient: Whether a fan waits for all its branches before it fails.
        ways: The decision edges of a barrier: what each is for, and how far onwards it leads.
        items: How many items the list of a map has; what runs for each is a graph of `inner`,
            or a task where that is empty.
        limit: How many of them run at a time.
    """

    kind: str
    back: int = 0
    after: int = 0
    inner: tuple[Plan, ...] = ()
    lens: str = ""
    caught: bool = False
    patient: bool = False
    ways: tuple[tuple[str, int], ...] = ()
    items: int = 0
    limit: int | None = None


@dataclass(frozen=True)
class Plan:
    """A random graph as plain data: nodes in a row, with conditional edges back."""

    nodes: tuple[Node, ...] = field(default_factory=tuple)

    def build(self, name: str = "root", world: World | None = None, tag: str = "") -> Graph:
        """Make the graph.

        Args:
            world: What its nodes meet.
            tag: Ends the nodes' names, so that branches do not write each other's ``.error``.
        """
        world = World() if world is None else world
        g = GraphBuilder(name)
        names = [f"{node.kind[0]}{i}{tag}" for i, node in enumerate(self.nodes)]
        for i, node in enumerate(self.nodes):
            _add(g, name, names[i], node, world, tag)
            if node.after:
                g.edge_if(names[i], names[node.back], _below(f"{name}.{names[i]}", node.after))
            if i + 1 < len(names):
                g.edge(names[i], names[i + 1])
            elif node.kind in _NO_END or node.after or node.caught:
                g.node("end", world.around(work(name))).edge(names[i], "end")
                names.append("end")
            if node.caught:
                g.on_error(names[i], names[i + 1])
        for i, node in enumerate(self.nodes):
            for decision, far in node.ways:
                g.edge_on(names[i], names[min(i + far, len(names) - 1)], decision)
        return g.start(names[0]).end(names[-1]).build()

    @property
    def flat(self) -> bool:
        """Whether no composite is in it."""
        return not any(node.inner for node in self.nodes)

    @property
    def forgets(self) -> bool:
        """Whether a failure may be remembered by a session that waits for its siblings only."""
        return any(
            (node.patient and any(plan.has("stumbling") for plan in node.inner))
            or any(plan.forgets for plan in node.inner)
            for node in self.nodes
        )

    @property
    def races(self) -> bool:
        """Whether a failing branch cancels siblings: how far those got depends on turns (P3)."""
        return any(
            (node.kind in ("fan", "map") and any(plan.has("doomed") for plan in node.inner))
            or any(plan.races for plan in node.inner)
            for node in self.nodes
        )

    def has(self, kind: str) -> bool:
        """Whether a node of a kind is in it, at any depth."""
        return any(
            node.kind == kind or any(plan.has(kind) for plan in node.inner) for node in self.nodes
        )


_NO_END = ("barrier", "question", "pause", "graph", "fan", "map")


CHOICES = (1, 2, 3)
"""What a question of a random graph may be answered with."""


def _below(key: str, limit: int) -> Callable[[Any], bool]:
    return lambda state: state.get(key, 0) <= limit


class Window:
    """A lens of the user's own: the mapping at one key, kept under another form."""

    def __init__(self, key: str) -> None:
        self.key = key

    def get(self, outer: Any) -> Any:
        """Return what was set, as a mapping again."""
        return dict(outer.get(self.key, ()))

    def set(self, outer: Any, inner: Any) -> Any:
        """Return the outer state with the inner one as a list of pairs in it."""
        pairs = [[key, value] for key, value in inner.items()]
        if isinstance(outer, Board):
            return Board(**{**outer.content, self.key: pairs})
        return {**outer, self.key: pairs}


def _lens(wanted: str, tag: str) -> Any:
    """Make the lens of a node: none, a key, or a window; branches have keys of their own."""
    if not wanted:
        return None
    return Window(wanted + tag) if wanted.startswith("window") else wanted + tag


def _add(g: GraphBuilder, graph: str, name: str, node: Node, world: World, tag: str) -> None:
    if node.kind in ("barrier", "question"):
        # keys of its own, or the barriers of two branches would write the same ones
        keys = {"approve_key": f"{graph}.{name} ok", "reject_key": f"{graph}.{name} no"}
        ask = Question("Which?", choices=CHOICES) if node.kind == "question" else None
        g.barrier(name, **keys, ask=ask)
    elif node.kind == "graph":
        inner = node.inner[0].build(f"{graph}.{name}", world, tag)
        g.subgraph(name, inner, lens=_lens(node.lens, tag))
    elif node.kind == "fan":
        branches: dict[str, Any] = {
            f"x{i}": plan.build(f"{graph}.{name}{i}", world, f"{tag}{'abc'[i]}")
            for i, plan in enumerate(node.inner)
        }
        on_error = "collect_all" if node.patient else "fail_fast"
        branches["solo"] = world.around(work(f"{graph}.{name}solo"))
        g.parallel(name, branches, on_error=on_error)
    elif node.kind == "map":
        each: Any = world.around(measure(f"{graph}.{name}"))
        if node.inner:
            each = node.inner[0].build(f"{graph}.{name}", world, tag)
        numbers = tuple(range(node.items))
        on_error = "collect_all" if node.patient else "fail_fast"
        g.map(
            name,
            each,
            over=lambda state: numbers,
            into=f"{graph}.{name} all",
            as_=f"item {name}",
            limit=node.limit,
            on_error=on_error,
        )
    else:
        options = {"retry": Retry(max=2, backoff=0.001)} if node.kind == "retried" else {}
        g.task(world.around(MAKERS[node.kind](graph, world)), name=name, **options)


# only onwards, or a run that is always rejected would never end
_ways = st.dictionaries(st.sampled_from(DECISION_KINDS), st.integers(1, 3), max_size=2).map(
    lambda ways: tuple(ways.items())
)


@st.composite
def plans(
    draw: Any,
    depth: int = 0,
    flaky: bool = False,
    barriers: bool = True,
    least: int = 1,
    most: int | None = None,
    loops: int = 2,
    wild: bool = False,
    doomed: bool = False,
) -> Plan:
    """Random graphs: loops, barriers, conditional edges, failing nodes; nested to `depth`.

    Args:
        least: How many nodes the outermost level has at least.
        most: And at most.
        loops: How often an edge back is taken at most.
        wild: Whether what happens may depend on the world and on the order of branches.
        doomed: Whether something around will take a failure.
    """
    kinds = ["task", "routed", "retried"] if wild else ["task", "task", "task", "routed"]
    if barriers:
        kinds += ["barrier", "pause"]
        kinds += ["question"] * 2 if wild else []
    if flaky:
        kinds += ["flaky"]
    if doomed:
        kinds += ["doomed"]
    if wild:
        kinds += ["slow", "stumbling", "ticking"]
    if depth:
        kinds += ["graph", "fan", "map", "map"] * (2 if wild else 1)
    nodes = []
    most = most or least + (2 if depth else 3)
    for i in range(draw(st.integers(least, most))):
        kind = draw(st.sampled_from(kinds))
        caught = kind == "routed"
        inner: tuple[Plan, ...] = ()
        lens, patient, items, limit = "", False, 0, None
        if kind in ("graph", "fan", "map"):
            # siblings of a failure are cancelled wherever they are, so only wild fans are caught
            caught = (kind == "graph" or wild) and draw(st.integers(0, 3)) == 0
            below = plans(
                depth=depth - 1,
                flaky=flaky and not caught,
                barriers=barriers,
                most=2 if wild else None,
                loops=loops,
                wild=wild,
                doomed=caught or doomed,
            )
            size = 1 if kind == "graph" else draw(st.integers(1, 2))
            if kind == "map":
                size = draw(st.integers(0, 1))
                items = draw(st.sampled_from([1, 2, 3, 0]))
                limit = draw(st.sampled_from([None, 1, 2]))
            inner = tuple(draw(below) for _ in range(size))
            patient = kind in ("fan", "map") and wild and draw(st.booleans())
            if kind == "graph":
                lens = draw(st.sampled_from(["", "", f"part {i}", f"window {i}"]))
        # only a node that counts its own runs may loop, or it would never end
        after = draw(st.integers(0, loops)) if kind in ("task", "pause", "slow", "ticking") else 0
        back = draw(st.integers(0, i)) if after else 0
        ways = draw(_ways) if kind == "barrier" else ()
        more = (caught, patient, ways, items, limit)
        nodes.append(Node(kind, back, after, inner, lens, *more))
    return Plan(tuple(nodes))


flat_plans = plans(0) | plans(0, least=3)
nested_plans = plans(2) | plans(2, least=3)
tame_plans = plans(1, barriers=False)

wild_plans = plans(1, least=2, most=5, wild=True) | plans(2, most=4, loops=1, wild=True)
"""Small graphs in which everything happens, failures of the world included."""

# -- decisions ----------------------------------------------------------------------


def targets(graph: Graph) -> st.SearchStrategy[str]:
    """Node names of a graph."""
    return st.sampled_from(list(graph.nodes))


def decisions(barrier_id: str) -> st.SearchStrategy[Decision]:
    """Decisions for one barrier that lead along the edges; for the others see `reroutes`."""
    # inside a composite each barrier has a key of its own, or branches would conflict
    keys = st.just(f"of {barrier_id}") if "/" in barrier_id else st.sampled_from(KEYS)
    return st.one_of(
        st.just(Approve()),
        st.builds(Reject, st.text("xyz", max_size=3)),
        st.builds(Modify, keys, values),
    )


def reroutes(graph: Graph) -> st.SearchStrategy[Reroute]:
    """Jumps within a graph."""
    return st.builds(Reroute, targets(graph))
