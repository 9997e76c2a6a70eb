"""Random graphs as plain data, and what a test may decide at their barriers.

A graph is described by a `Plan` and built from it, so that a failing example prints as
something a person can read, and can be built twice. A new kind of node joins `MAKERS`
and the list in `plans`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from lellm_nb import Approve, Decision, Graph, GraphBuilder, Modify, Reducer, Reject, Reroute
from tests.strategies import KEYS, values

# -- what nodes do ------------------------------------------------------------------


class Board:
    """A typed state of the hand-made kind: whatever keys there are, and a lock that is not kept."""

    def __init__(self, **content: Any) -> None:
        self.content = content
        self.lock = object()

    def get(self, key: str, default: Any = None) -> Any:
        """Return what is at a key, as a mapping would."""
        return self.content.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self.content

    def snapshot(self) -> dict[str, Any]:
        """Return everything but the lock."""
        return self.content

    @classmethod
    def restore(cls, snapshot: Any) -> Board:
        """Make a board, with a lock of its own."""
        return cls(**snapshot)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Board) and self.content == other.content

    __hash__ = None

    def __repr__(self) -> str:
        return f"Board({self.content!r})"


@dataclass(frozen=True)
class Tick:
    """A typed mutation: one more at a key of a `Board`."""

    name: str

    def apply(self, board: Board) -> None:
        """Change the private copy."""
        board.content[self.name] = board.content.get(self.name, 0) + 1


def work(graph: str) -> Callable[[Any], None]:
    """A node that counts its runs, notes its path, and copies what it read."""

    def work(ctx: Any) -> None:
        ctx.reduce(f"{graph}.{ctx.node}", 1, Reducer.SUM)
        ctx.append("log", f"{ctx.path} {ctx.visit}")
        ctx.put(f"last.{graph}", len(ctx.state.get("log", ())))

    return work


def _slow(graph: str, seen: set[Any]) -> Callable[[Any], Any]:
    """An async node that lets the others go first."""
    inner = work(graph)

    async def slow(ctx: Any) -> None:
        await asyncio.sleep(0)
        inner(ctx)

    return slow


def _flaky(graph: str, seen: set[Any]) -> Callable[[Any], None]:
    """A node that fails as long as ``broken`` is in the state of its level."""
    inner = work(graph)

    def flaky(ctx: Any) -> None:
        ctx.append("log", "never committed")
        if ctx.state.get("broken"):
            raise ValueError("broken")
        ctx.mutations.clear()
        inner(ctx)

    return flaky


def _stumbling(graph: str, seen: set[Any]) -> Callable[[Any], None]:
    """A node that fails the first time it is tried at a place, as the world does."""
    inner = work(graph)

    def stumbling(ctx: Any) -> None:
        if (ctx.path, ctx.visit) not in seen:
            seen.add((ctx.path, ctx.visit))
            ctx.append("log", "never committed")
            raise ConnectionError("once")
        inner(ctx)

    return stumbling


def _routed(graph: str, seen: set[Any]) -> Callable[[Any], None]:
    """A node that fails at every odd visit; `Plan.build` gives it an error route."""
    inner = work(graph)

    def routed(ctx: Any) -> None:
        if ctx.visit % 2:
            raise ValueError(f"visit {ctx.visit}")
        inner(ctx)

    return routed


def _doomed(graph: str, seen: set[Any]) -> Callable[[Any], None]:
    """A node that always fails; only found where a composite around it is caught."""

    def doomed(ctx: Any) -> None:
        ctx.append("log", "never committed")
        raise ValueError("doomed")

    return doomed


def _pausing(graph: str, seen: set[Any]) -> Callable[[Any], None]:
    inner = work(graph)

    def pausing(ctx: Any) -> None:
        inner(ctx)
        ctx.pause(f"ask-{graph}-{ctx.node}")

    return pausing


def _ticking(graph: str, seen: set[Any]) -> Callable[[Any], None]:
    """A node that also writes by a typed mutation, where the state is a `Board`."""
    inner = work(graph)

    def ticking(ctx: Any) -> None:
        inner(ctx)
        if isinstance(ctx.state, Board):
            ctx.record(Tick(f"ticks.{graph}"))

    return ticking


MAKERS = {
    "task": lambda graph, seen: work(graph),
    "slow": _slow,
    "flaky": _flaky,
    "retried": _stumbling,
    "stumbling": _stumbling,
    "routed": _routed,
    "doomed": _doomed,
    "pause": _pausing,
    "ticking": _ticking,
}

# -- plans --------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """One node of a random graph.

    Attributes:
        kind: A key of `MAKERS`, or ``barrier``, ``graph`` or ``fan``.
        back: The node that its conditional edge leads back to.
        after: How often that edge is taken.
        inner: The plans inside a composite.
        lens: The key that a subgraph works on, or ``window …``; empty for the same state.
        caught: Whether a failure of the node, or inside it, leads on to the next node.
        patient: Whether a fan waits for all its branches before it fails.
    """

    kind: str
    back: int = 0
    after: int = 0
    inner: tuple[Plan, ...] = ()
    lens: str = ""
    caught: bool = False
    patient: bool = False


@dataclass(frozen=True)
class Plan:
    """A random graph as plain data: nodes in a row, with conditional edges back."""

    nodes: tuple[Node, ...] = field(default_factory=tuple)

    def build(self, name: str = "root", seen: set[Any] | None = None, tag: str = "") -> Graph:
        """Make the graph.

        Args:
            seen: What its stumbling nodes remember of the world.
            tag: Ends the nodes' names, so that branches do not write each other's ``.error``.
        """
        seen = set() if seen is None else seen
        g = GraphBuilder(name)
        names = [f"{node.kind[0]}{i}{tag}" for i, node in enumerate(self.nodes)]
        for i, node in enumerate(self.nodes):
            _add(g, name, names[i], node, seen, tag)
            if node.after:
                g.edge_if(names[i], names[node.back], _below(f"{name}.{names[i]}", node.after))
            if i + 1 < len(names):
                g.edge(names[i], names[i + 1])
            elif node.kind in _NO_END or node.after or node.caught:
                g.node("end", work(name)).edge(names[i], "end")
                names.append("end")
            if node.caught:
                g.on_error(names[i], names[i + 1])
        return g.start(names[0]).end(names[-1]).build()

    @property
    def flat(self) -> bool:
        """Whether no composite is in it."""
        return not any(node.inner for node in self.nodes)


_NO_END = ("barrier", "pause", "graph", "fan")


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


def _add(g: GraphBuilder, graph: str, name: str, node: Node, seen: set[Any], tag: str) -> None:
    if node.kind == "barrier":
        # keys of its own, or the barriers of two branches would write the same ones
        g.barrier(name, approve_key=f"{graph}.{name} ok", reject_key=f"{graph}.{name} no")
    elif node.kind == "graph":
        inner = node.inner[0].build(f"{graph}.{name}", seen, tag)
        g.subgraph(name, inner, lens=_lens(node.lens, tag))
    elif node.kind == "fan":
        branches: dict[str, Any] = {
            f"x{i}": plan.build(f"{graph}.{name}{i}", seen, f"{tag}{'abc'[i]}")
            for i, plan in enumerate(node.inner)
        }
        on_error = "collect_all" if node.patient else "fail_fast"
        g.parallel(name, {**branches, "solo": work(f"{graph}.{name}solo")}, on_error=on_error)
    else:
        options = {"retries": 1, "backoff": 0} if node.kind == "retried" else {}
        g.task(MAKERS[node.kind](graph, seen), name=name, **options)


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
    if flaky:
        kinds += ["flaky"]
    if doomed:
        kinds += ["doomed"]
    if wild:
        kinds += ["slow", "stumbling", "ticking"]
    if depth:
        kinds += ["graph", "fan"] * (2 if wild else 1)
    nodes = []
    most = most or least + (2 if depth else 3)
    for i in range(draw(st.integers(least, most))):
        kind = draw(st.sampled_from(kinds))
        caught = kind == "routed"
        inner: tuple[Plan, ...] = ()
        lens, patient = "", False
        if kind in ("graph", "fan"):
            # siblings of a failure are cancelled wherever they are, so only wild fans are caught
            caught = (kind == "graph" or wild) and draw(st.integers(0, 3)) == 0
            below = plans(depth - 1, flaky, barriers, 1, wild and 2, loops, wild, caught or doomed)
            size = 1 if kind == "graph" else draw(st.integers(1, 2))
            inner = tuple(draw(below) for _ in range(size))
            patient = kind == "fan" and wild and draw(st.booleans())
            if kind == "graph":
                lens = draw(st.sampled_from(["", "", f"part {i}", f"window {i}"]))
        # only a node that counts its own runs may loop, or it would never end
        after = draw(st.integers(0, loops)) if kind in ("task", "pause", "slow", "ticking") else 0
        back = draw(st.integers(0, i)) if after else 0
        nodes.append(Node(kind, back, after, inner, lens, caught, patient))
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
