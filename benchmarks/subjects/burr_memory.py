"""Burr with its in-memory persister: a save after every step."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from burr import core
from burr.core import action, default, parallelism, persistence

import benchmarks.jokes as work
from benchmarks.shapes import Chain, Lies, Node, Prepared, Travel

__all__ = ["IMPORT", "builder_of", "fan", "jokes", "lies", "prepare", "travel"]

ApplicationBuilder: Any = core.ApplicationBuilder  # Burr has types for some of itself only
GraphBuilder: Any = core.GraphBuilder
when: Any = core.when
InMemoryPersister: Any = persistence.InMemoryPersister

IMPORT = "import burr.core; import burr.core.persistence"
_names = itertools.count()


def _action(chain: Chain, node: Node) -> Any:
    keys = list(chain.state)

    @action(reads=keys, writes=keys)
    async def act(state: Any) -> Any:
        for key, value in (await node.fn(state) or {}).items():
            if key in chain.append:
                state = state.extend(**{key: value})
            elif key in chain.merge:
                state = state.update(**{key: {**state[key], **value}})
            else:
                state = state.update(**{key: value})
        return state

    return act


def builder_of(chain: Chain) -> Any:
    """Return a builder with a chain's actions and transitions."""
    names = [node.name for node in chain.nodes]
    edges = list(itertools.pairwise(names)) + [(names[-1], names[0])] * chain.loop
    made = ApplicationBuilder().with_actions(
        **{node.name: _action(chain, node) for node in chain.nodes}
    )
    return made.with_transitions(*edges)


def prepare(chain: Chain, persister: Any = None) -> Prepared:
    """Get a chain ready; nodes that could run side by side run one after another."""
    persister = persister or InMemoryPersister()
    app = (
        builder_of(chain)
        .with_state_persister(persister)
        .with_identifiers(app_id="1", partition_key="p")
        .with_entrypoint(chain.nodes[0].name)
        .with_state(**chain.fresh())
        .build()
    )

    async def go() -> None:
        last = chain.nodes[-1].name
        for _ in range(chain.steps):
            ran, _, state = await app.astep()
            if chain.done is not None and ran.name == last and chain.done(state):
                return

    return Prepared(go, (app, persister), lambda: len(persister._storage["p"]["1"]))


def travel(chain: Chain) -> Travel:
    """Run a chain, and offer what the persister holds."""
    persister = InMemoryPersister()
    run = prepare(chain, persister)
    asyncio.run(_awaited(run))
    frames = run.frames()

    def fetch(index: int) -> Any:
        return persister.load("p", "1", index)

    async def fork(index: int) -> None:
        app = (
            builder_of(chain)
            .with_state_persister(persister)
            .with_identifiers(app_id=f"fork {next(_names)}", partition_key="p")
            .initialize_from(
                persister,
                resume_at_next_action=True,
                default_state={},
                default_entrypoint=chain.nodes[0].name,
                fork_from_app_id="1",
                fork_from_partition_key="p",
                fork_from_sequence_id=index,
            )
            .build()
        )
        await app.astep()

    def list_all() -> Any:
        # there is no call that lists: what load looks through, each state as a dict
        return [
            {**saved, "state": saved["state"].get_all()} for saved in persister._storage["p"]["1"]
        ]

    return Travel(
        frames, list_all, fetch, lambda index: fetch(index)["state"]["a"], None, fork, run
    )


async def _awaited(run: Prepared) -> None:
    await run.go()


class _All(parallelism.MapStates):
    """One action over many states, summed or collected."""

    def __init__(self, one: Any, states: list[dict[str, Any]], key: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Burr has no type there
        self.one = one
        self.given = states
        self.key = key

    def is_async(self) -> bool:
        return True

    def action(self, state: Any, inputs: Any) -> Any:
        return self.one

    async def states(self, state: Any, context: Any, inputs: Any) -> Any:
        for given in self.given:
            yield state.update(**given)

    async def reduce(self, state: Any, states: Any) -> Any:  # type: ignore[override]  # it may be
        found = [each async for each in states]
        total = found[0][self.key]
        for each in found[1:]:
            total = total + each[self.key]
        return state.update(**{self.key: total})

    @property
    def reads(self) -> list[str]:
        return []

    @property
    def writes(self) -> list[str]:
        return [self.key]


def _mapped(mapper: Any, state: dict[str, Any]) -> Prepared:
    persister = InMemoryPersister()
    app = (
        ApplicationBuilder()
        .with_actions(all=mapper)
        .with_transitions(("all", "all"))
        .with_state_persister(persister)
        .with_identifiers(app_id="1", partition_key="p")
        .with_entrypoint("all")
        .with_state(**state)
        .build()
    )

    async def go() -> None:
        await app.astep()

    return Prepared(go, (app, persister))


def fan(branches: int) -> Prepared:
    """Get `branches` states of one action ready, summed."""

    @action(reads=["i"], writes=["sum"])
    async def one(state: Any) -> Any:
        await asyncio.sleep(0)
        return state.update(sum=state["i"])

    mapper = _All(one, [{"i": i} for i in range(branches)], "sum")
    return _mapped(mapper, {"sum": 0})


def jokes(subjects: list[str]) -> Prepared:
    """Get a small application per subject ready: 12 actions each."""

    def step(fn: Any, reads: list[str], writes: list[str]) -> Any:
        @action(reads=reads, writes=writes)
        async def act(state: Any) -> Any:
            update = await fn(state)
            return state.update(**update, enough="jokes" in update and work.enough(update))

        return act

    @action(reads=["jokes"], writes=[])
    async def done(state: Any) -> Any:
        return state

    graph = (
        GraphBuilder()
        .with_actions(
            edit=step(work.edit, ["subject"], ["subject", "enough"]),
            generate=step(work.generate, ["subject"], ["jokes", "enough"]),
            bump=step(work.bump, ["jokes"], ["jokes", "enough"]),
            done=done,
        )
        .with_transitions(
            ("edit", "generate", default),
            ("generate", "bump", default),
            ("bump", "done", when(enough=True)),
            ("bump", "bump", default),
        )
        .build()
    )
    one = parallelism.RunnableGraph(graph=graph, entrypoint="edit", halt_after=["done"])
    return _mapped(_All(one, [{"subject": s} for s in subjects], "jokes"), {"jokes": []})


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

        persister = InMemoryPersister()
        run = prepare(Chain((Node("a", step),), {"items": []}, 5), persister)
        asyncio.run(_awaited(run))
        saved = persister._storage["p"]["1"][-5:]
        shown.append(" ".join(str(len(each["state"]["items"])) for each in saved))
    return Lies(*shown)
