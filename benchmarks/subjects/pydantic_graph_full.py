"""pydantic-graph 1.x with FullStatePersistence: a deep copy of the state at every step."""

from __future__ import annotations

import asyncio
import copy
import warnings
from dataclasses import dataclass
from typing import Any

from pydantic_graph import BaseNode, End, Graph, GraphRunContext
from pydantic_graph.persistence.in_mem import FullStatePersistence

import benchmarks.jokes as work
from benchmarks.shapes import Chain, Lies, Node, Prepared, Travel

__all__ = ["IMPORT", "fan", "jokes", "lies", "prepare", "travel"]

IMPORT = "import pydantic_graph; import pydantic_graph.persistence.in_mem"
_current: dict[int, Chain] = {}


@dataclass
class Step(BaseNode[dict[str, Any], None, int]):
    """The n-th step of a chain; nodes are told apart by number, as its graphs name classes."""

    number: int
    chain: int

    async def run(self, ctx: GraphRunContext[dict[str, Any], None]) -> Step | End[int]:
        """Run the node whose turn it is."""
        chain = _current[self.chain]
        at = self.number % len(chain.nodes)
        chain.write(ctx.state, await chain.nodes[at].fn(ctx.state))
        following = self.number + 1
        last = at == len(chain.nodes) - 1
        if following >= chain.steps or (
            last and (not chain.loop or (chain.done is not None and chain.done(ctx.state)))
        ):
            return End(following)
        return Step(following, self.chain)


with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # 2.x has another one, without a history
    _GRAPH: Any = Graph(nodes=(Step,))


async def _run(start: Step, state: dict[str, Any], kept: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return await _GRAPH.run(start, state=state, persistence=kept, infer_name=False)


def prepare(chain: Chain) -> Prepared:
    """Get a chain ready; nodes that could run side by side run one after another."""
    _current[id(chain)] = chain
    kept: Any = FullStatePersistence()
    state = copy.deepcopy(chain.state)

    async def go() -> None:
        await _run(Step(0, id(chain)), state, kept)

    return Prepared(go, kept, lambda: len(kept.history))


def travel(chain: Chain) -> Travel:
    """Run a chain, and offer its snapshots."""
    run = prepare(chain)
    asyncio.run(_awaited(run))
    kept = run.keep

    async def fork(index: int) -> None:
        snapshot = kept.history[index]
        state = copy.deepcopy(snapshot.state)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            async with _GRAPH.iter(
                Step(snapshot.node.number, snapshot.node.chain),
                state=state,
                persistence=FullStatePersistence(),
                infer_name=False,
            ) as going:
                await going.next()

    return Travel(
        len(kept.history) - 1,
        lambda: list(kept.history),
        kept.history.__getitem__,
        lambda index: kept.history[index].state["a"],
        None,
        fork,
        run,
    )


async def _awaited(run: Prepared) -> None:
    await run.go()


def fan(branches: int) -> Prepared:
    """Get `branches` coroutines ready; the 1.x graph has no branches, so its node gathers."""

    async def branch(i: int) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"sum": i}

    async def gather(state: dict[str, Any]) -> dict[str, Any]:
        made = await asyncio.gather(*(branch(i) for i in range(branches)))
        return {"sum": sum(update["sum"] for update in made)}

    return prepare(Chain((Node("all", gather),), {"sum": 0}, 1, loop=False))


def jokes(subjects: list[str]) -> Prepared:
    """Get one inner run per subject ready, each with its own history, gathered by a node."""
    nodes = (
        Node("edit", work.edit),
        Node("generate", work.generate),
        *(Node("bump", work.bump) for _ in range(10)),
    )

    async def gather(state: dict[str, Any]) -> dict[str, Any]:
        inner = [Chain(nodes, {"subject": s}, len(nodes), loop=False) for s in subjects]
        runs = [prepare(chain) for chain in inner]
        await asyncio.gather(*(run.go() for run in runs))
        return {"jokes": [run.keep.history[-1].state["jokes"] for run in runs]}

    return prepare(Chain((Node("all", gather),), {"subjects": subjects}, 1, loop=False))


def lies() -> Lies:
    """Five steps: one that appends in place, and one with a list of its own."""
    shown: list[str] = []
    for own in (False, True):
        items: list[int] = []

        async def step(state: Any, own: bool = own, items: list[int] = items) -> Any:
            if own:
                items.append(0)
                return {"items": items}
            state["items"].append(0)
            return {}

        run = prepare(Chain((Node("a", step),), {"items": []}, 5))
        asyncio.run(_awaited(run))
        frames = run.keep.history[1:6]
        shown.append(" ".join(str(len(frame.state["items"])) for frame in frames))
    return Lies(*shown)
