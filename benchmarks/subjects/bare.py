"""No library: `state.update(await node(state))`, and copies where a history is wanted."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from benchmarks.jokes import bump, edit, enough, generate
from benchmarks.shapes import Chain, Lies, Prepared, Travel

__all__ = ["IMPORT", "fan", "jokes", "lies", "mapped", "prepare", "travel"]

IMPORT = "import asyncio"


def prepare(chain: Chain, keep: str = "") -> Prepared:
    """Get a chain ready."""
    state = copy.deepcopy(chain.state) if keep else chain.fresh()
    kept: list[dict[str, Any]] = []
    fns = [node.fn for node in chain.nodes]

    async def cycle() -> None:
        for _ in range(chain.steps // len(fns)):
            for fn in fns:
                state.update(await fn(state))  # type: ignore[arg-type]  # these nodes return a dict

    async def go() -> None:
        done = 0
        while done < chain.steps:
            for fn in fns:
                chain.write(state, await fn(state))
                if keep:
                    kept.append(copy.deepcopy(state))
                done += 1
                if done == chain.steps:
                    return
            if not chain.loop or (chain.done and chain.done(state)):
                return

    plain = chain.loop and not (keep or chain.append or chain.done)
    return Prepared(cycle if plain else go, (state, kept), lambda: len(kept))


def fan(branches: int) -> Prepared:
    """Get `branches` coroutines ready, gathered and summed."""
    total = {"sum": 0}

    async def branch(i: int) -> dict[str, int]:
        await asyncio.sleep(0)
        return {"sum": i}

    async def go() -> None:
        for update in await asyncio.gather(*(branch(i) for i in range(branches))):
            total["sum"] += update["sum"]

    return Prepared(go)


def mapped(items: int) -> Prepared:
    """Get a plain loop over `items` items ready."""
    numbers = list(range(items))

    def plus_one(item: int) -> int:
        return item + 1

    async def go() -> None:
        made = [plus_one(item) for item in numbers]
        assert len(made) == items

    return Prepared(go)


def jokes(subjects: list[str]) -> Prepared:
    """Get the fan-out to subgraphs ready: 12 node runs a subject."""

    async def one(subject: str) -> list[str]:
        state: dict[str, Any] = {"subject": subject}
        state.update(await edit(state))
        state.update(await generate(state))
        while not enough(state):
            state.update(await bump(state))
        made: list[str] = state["jokes"]
        return made

    async def go() -> None:
        made = await asyncio.gather(*(one(subject) for subject in subjects))
        assert len(made) == len(subjects)

    return Prepared(go)


def travel(chain: Chain, **_: Any) -> Travel:
    """A bare loop has no history to travel in."""
    raise NotImplementedError


def lies(keep: str = "") -> Lies:
    """Five steps with copies of the state kept."""
    make = copy.deepcopy if keep == "deep" else dict
    shown: list[str] = []
    for own in (False, True):
        items: list[int] = []
        state: dict[str, Any] = {"items": items}
        frames = []
        for i in range(5):
            items.append(i)
            state.update({"items": items} if own else {})
            frames.append(make(state))
        shown.append(" ".join(str(len(frame["items"])) for frame in frames))
    return Lies(*shown)
