"""What the nodes of random graphs do, and the state and the world that they meet."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lellm_nb import Reducer


class World:
    """What is outside of a graph, as its nodes meet it.

    Attributes:
        seen: Where a stumbling node has been tried before.
        closed: Whether no node may run any more.
    """

    def __init__(self) -> None:
        self.seen: set[Any] = set()
        self.closed = False

    def around(self, node: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a node that runs only as long as the world is open."""
        if inspect.iscoroutinefunction(node):

            async def checked(ctx: Any) -> Any:
                self._check(ctx)
                return await node(ctx)

            return checked

        def checked_at_once(ctx: Any) -> Any:
            self._check(ctx)
            return node(ctx)

        return checked_at_once

    def _check(self, ctx: Any) -> None:
        if self.closed:
            raise RuntimeError(f"{ctx.path} ran where it should have been looked up")


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


def measure(graph: str) -> Callable[[Any], Any]:
    """A node of a map: it notes its path, and returns its item as it found it."""

    def measure(ctx: Any) -> Any:
        ctx.append("log", f"{ctx.path} {ctx.visit}")
        return [ctx.item, ctx.state.get(f"last.{graph}")]

    return measure


def _slow(graph: str, world: World) -> Callable[[Any], Any]:
    """An async node that lets the others go first."""
    inner = work(graph)

    async def slow(ctx: Any) -> None:
        await asyncio.sleep(0)
        inner(ctx)

    return slow


def _flaky(graph: str, world: World) -> Callable[[Any], None]:
    """A node that fails as long as ``broken`` is in the state of its level."""
    inner = work(graph)

    def flaky(ctx: Any) -> None:
        ctx.append("log", "never committed")
        if ctx.state.get("broken"):
            raise ValueError("broken")
        ctx.mutations.clear()
        inner(ctx)

    return flaky


def _stumbling(graph: str, world: World) -> Callable[[Any], None]:
    """A node that fails the first time it is tried at a place, as the world does."""
    inner = work(graph)

    def stumbling(ctx: Any) -> None:
        if (ctx.path, ctx.visit) not in world.seen:
            world.seen.add((ctx.path, ctx.visit))
            ctx.append("log", "never committed")
            raise ConnectionError("once")
        inner(ctx)

    return stumbling


def _routed(graph: str, world: World) -> Callable[[Any], None]:
    """A node that fails at every odd visit; `Plan.build` gives it an error route."""
    inner = work(graph)

    def routed(ctx: Any) -> None:
        if ctx.visit % 2:
            raise ValueError(f"visit {ctx.visit}")
        inner(ctx)

    return routed


def _doomed(graph: str, world: World) -> Callable[[Any], None]:
    """A node that always fails; only found where a composite around it is caught."""

    def doomed(ctx: Any) -> None:
        ctx.append("log", "never committed")
        raise ValueError("doomed")

    return doomed


def _pausing(graph: str, world: World) -> Callable[[Any], None]:
    inner = work(graph)

    def pausing(ctx: Any) -> None:
        inner(ctx)
        ctx.pause(f"ask-{graph}-{ctx.node}")

    return pausing


def _ticking(graph: str, world: World) -> Callable[[Any], None]:
    """A node that also writes by a typed mutation, where the state is a `Board`."""
    inner = work(graph)

    def ticking(ctx: Any) -> None:
        inner(ctx)
        if isinstance(ctx.state, Board):
            ctx.record(Tick(f"ticks.{graph}"))

    return ticking


MAKERS = {
    "task": lambda graph, world: work(graph),
    "slow": _slow,
    "flaky": _flaky,
    "retried": _stumbling,
    "stumbling": _stumbling,
    "routed": _routed,
    "doomed": _doomed,
    "pause": _pausing,
    "ticking": _ticking,
}
