"""From a position and an outcome to the next position: a pure function.

Live running, recorded replay, preview and resume all commit here.
"""

from __future__ import annotations

from typing import Any

from lellm_nb.engine.committed import Committed
from lellm_nb.engine.driving.drive import apart
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.errors import (
    InvalidGraphError,
    LoopLimitError,
    NodeExecutionError,
    NodeNotFoundError,
    RunError,
    UnroutedError,
    innermost,
)
from lellm_nb.errors.error_words import error_words
from lellm_nb.errors.safe_text import safe_type
from lellm_nb.graph.decision import Decision, DefaultAction, Reroute
from lellm_nb.graph.decision_edge import kinds_for
from lellm_nb.graph.decision_writes import writes_of
from lellm_nb.graph.edge import END, Edge, PredicateFailed, Route
from lellm_nb.graph.node import Barrier
from lellm_nb.record.frame import Place
from lellm_nb.record.outcome import Outcome
from lellm_nb.record.position import TO_ROUTE, Position, ToRoute, Waiting
from lellm_nb.state.claims import without_decisions
from lellm_nb.state.compact import Tail
from lellm_nb.state.frozen import freeze
from lellm_nb.state.in_place import check_unchanged
from lellm_nb.state.lens import IdentityLens, KeyLens, check_round_trip, lifted, part_put_back
from lellm_nb.state.mutation import Mutation, Put, apply
from lellm_nb.state.state import content_of, keep, view
from lellm_nb.state.typed import Typed

__all__ = [
    "commit_composite",
    "commit_decision",
    "commit_error",
    "commit_exit",
    "commit_node",
    "commit_route",
    "commit_waiting",
]


def commit_node(scope: Scope, site: Site, level: Position, outcome: Outcome) -> Committed:
    """Apply what a node recorded, and find its way out.

    Raises:
        NodeNotFoundError: It wants to go to a node that is not there; nothing is committed.
        StateError: A mutation does not fit the state; nothing is committed.
        ReadOnlyStateError: The node changed what it read; nothing is committed.
    """
    if outcome.target is not None:
        check_target(scope, site, outcome.target, level)
    if outcome.seen is not None:
        check_unchanged(outcome.seen, outcome.reads)
    mutations = tuple(outcome.mutations)
    after, visit = _after(scope, site, level, mutations)
    if outcome.waits is not None:
        name, timeout = outcome.waits
        # in a branch the level's only node is the branch: its name keeps siblings' waits apart
        prefix = scope.prefix if scope.branch is None else f"{site.place.path}/"
        barrier_id = f"{prefix}{name}#{_occurrence(scope, level, name)}"
        after.visits.also(level.step, f"#{name}")
        after.hold = Waiting(barrier_id, name, timeout, outcome.target or "", outcome.ends)
        return Committed(after, "commit", site.place, visit, mutations, None, None)
    always = site.always
    if always is not None and outcome.target is None and not outcome.ends:
        after.node = always.next_node
        return Committed(after, "commit", site.place, visit, mutations, always, None)
    route, error = _lead_on(scope, site, after, outcome.target, outcome.ends)
    return Committed(after, "commit", site.place, visit, mutations, route, error)


def commit_waiting(scope: Scope, site: Site, level: Position) -> Committed:
    """Commit that a barrier waits: its step, and no change of state (SEMANTICS B1)."""
    node = site.node
    barrier_id = f"{site.place.path}#{_occurrence(scope, level, node.name)}"
    after, visit = _after(scope, site, level, ())
    after.hold = Waiting(barrier_id, node.name, node.timeout)
    return Committed(after, "waiting", site.place, visit, (), None, None)


def commit_decision(
    scope: Scope, site: Site, level: Position, decision: Decision | DefaultAction, by: str
) -> Committed:
    """Apply a decision as mutations, then route on; the cursor stays (SEMANTICS B3, G8).

    Args:
        decision: As `as_asked` returned it.

    Raises:
        NodeNotFoundError: A reroute names no node of the level; the barrier goes on waiting.
        StateError: What is to be modified is not there.
    """
    hold = level.hold
    assert isinstance(hold, Waiting)
    if isinstance(decision, Reroute):
        check_target(scope, site, decision.target, level)
    mutations: tuple[Mutation, ...] = ()
    if not isinstance(decision, DefaultAction):
        mutations = writes_of(decision, level.data, site.node, hold.name)
    data, wrote = apply(level.data, mutations), _written(level.wrote, mutations)
    to_route = ToRoute(kinds_for(decision, by))
    after = Position(level.node, data, level.step, level.visits, to_route, None, wrote)
    target = decision.target if isinstance(decision, Reroute) else hold.then or None
    ends = hold.ends and not isinstance(decision, Reroute)
    route, error = _lead_on(scope, site, after, target, ends)
    place, visit = site.place, level.visits.count(site.name, level.step)
    if hold.path != site.place.path:
        around = scope.static_prefix if scope.branch is None else f"{site.place.static}/"
        place = Place(scope.graph_id, hold.path, hold.name, around + hold.name)
        visit = int(hold.barrier_id.rpartition("#")[2]) + 1
    return Committed(after, "decision", place, visit, mutations, route, error)


def commit_route(scope: Scope, site: Site, level: Position) -> Committed:
    """Find the way out of a node that is committed already (SEMANTICS R4).

    Raises:
        RunError: There is still none.
    """
    hold = level.hold
    after = Position(level.node, level.data, level.step, level.visits, hold, None, level.wrote)
    route, error = _lead_on(scope, site, after, None, False)
    if error is not None:
        raise error
    visit = level.visits.count(site.name, level.step)
    return Committed(after, "route", site.place, visit, (), route, None)


def check_target(scope: Scope, site: Site, target: str, level: Position) -> None:
    """Refuse to go to a node that the level's graph does not have.

    Raises:
        NodeNotFoundError: It is not there.
    """
    if target not in scope.graph.nodes:
        raise NodeNotFoundError(
            target, scope.graph.nodes, path=site.place.path, state=scope.seen(level.data)
        )


def find_route(scope: Scope, site: Site, level: Position, target: str | None, ends: bool) -> Route:
    """Say where a committed node leads: control first, then its edges (SEMANTICS R2, G2, G8).

    Raises:
        InvalidGraphError: It has no out-edge and is not the end.
        UnroutedError: It has out-edges and none matches.
        EdgeError: A condition raised.
    """
    if target is not None:
        return Route(target, "goto")
    if ends or site.is_end:
        return END
    router = site.router
    if router.always is not None:
        return router.always
    hold = level.hold
    on = () if hold is None else hold.on  # type: ignore[union-attr]  # what waits is not routed
    state = router.looks.glimpse(level.data)
    try:
        route: Route | None
        if state is not None:
            route = router.choose(state, on)
        else:
            route = apart(router.choose, scope.seen(level.data), on)
    except PredicateFailed as failure:
        raise site.way_failure(failure, scope.seen(level.data)) from failure.cause
    if route is not None:
        return route
    state = scope.seen(level.data)
    path = site.place.path
    if router.edges:
        asked = {edge.described: False for edge in router.edges}  # another kind would have matched
        raise UnroutedError(path, asked, state=state)
    raise InvalidGraphError(
        f"Node {path!r} leads nowhere: it has no edge and is not the end"
        f" ({scope.graph.end!r}). Add an edge from it, make it the end, or end with ctx.end().",
        path=path,
        state=state,
    )


def _lead_on(
    scope: Scope, site: Site, after: Position, target: str | None, ends: bool
) -> tuple[Route | None, RunError | None]:
    try:
        route = find_route(scope, site, after, target, ends)
        if scope.graph.enforce_max_visits and route.edge is not None:
            _count_edge(scope, site, after, route.edge)
    except RunError as error:
        after.hold = after.hold or TO_ROUTE  # after a decision it says which edges that may take
        return None, error
    after.node = route.next_node
    after.hold = None
    return route, None


def _count_edge(scope: Scope, site: Site, after: Position, edge: Edge) -> None:
    """Count that an edge is taken, where its limit is enforced (SEMANTICS G5).

    Raises:
        LoopLimitError: It has been taken as often as it may.
    """
    if edge.max_visits is None:
        return
    key = edge.counter
    if after.visits.count(key, after.step) >= edge.max_visits:
        raise LoopLimitError(
            edge.label, edge.max_visits, path=site.place.path, state=scope.seen(after.data)
        )
    after.visits = after.visits.plus(after.step, key)


def _after(
    scope: Scope, site: Site, level: Position, mutations: tuple[Mutation, ...]
) -> tuple[Position, int]:
    """Make the position that a step leads to; still private, so it may be completed."""
    data = apply(level.data, mutations) if mutations else level.data
    step = level.step
    visits, visit = level.visits.record(step, site.name)
    wrote = level.wrote if level.wrote is None else _written(level.wrote, mutations)
    return Position(site.name, data, step + 1, visits, None, None, wrote), visit


def _written(wrote: Tail | None, mutations: tuple[Mutation, ...]) -> Tail | None:
    return wrote.extended(mutations) if wrote is not None and mutations else wrote


def _occurrence(scope: Scope, level: Position, name: str) -> int:
    """Count how often a barrier of that name has waited in this level (SEMANTICS B2)."""
    waited = level.visits.count(f"#{name}", level.step)
    if isinstance(scope.graph.nodes.get(name), Barrier):
        waited += level.visits.count(name, level.step)
    return waited


def commit_exit(scope: Scope, site: Site, level: Position, inner: Position) -> Committed:
    """Take a subgraph's result out: the outer level's step (SEMANTICS N1, N3).

    Raises:
        StateError: The lens breaks its round trip.
    """
    lens = site.node.lens
    assert inner.wrote is not None
    wrote = inner.wrote.since(0)
    alone = inner.wrote.around is level.data  # else this level was written since it was entered
    if isinstance(lens, IdentityLens):
        # a barrier of this level has its own decision: that of its namesake stays inside (N4)
        passed = without_decisions(wrote, scope.graph.own_barriers)
        data = inner.data if alone and passed is wrote else None
        return commit_composite(scope, site, level, "exit", tuple(passed), data)
    if isinstance(lens, KeyLens):
        whole = Put(lens.key, part_put_back(inner.data, lens.key))
        own = any(not hasattr(m, "key") for m in wrote)  # a typed state's own has no path to lift
        made = [whole] if own else lens.lift(content_of(level.data), wrote)
        if not alone and not own:
            return commit_composite(scope, site, level, "exit", tuple(made))
        data = apply(level.data, (whole,)) if made else level.data
        return commit_composite(scope, site, level, "exit", tuple(made), data)
    after = keep(check_round_trip(lens, scope.seen(level.data), view(inner.data)))
    made = lifted(content_of(level.data), content_of(after))
    return commit_composite(scope, site, level, "exit", tuple(made))


def commit_error(
    scope: Scope, site: Site, level: Position, target: str, error: RunError
) -> Committed:
    """Take a failure's error route: the failed node's step (SEMANTICS R9)."""
    inmost = innermost(error)
    cause = inmost.__cause__ if isinstance(inmost, NodeExecutionError) else None
    what = inmost if cause is None else cause
    facts = {"type": safe_type(what), "message": error_words(what), "path": inmost.path}
    key = f"{site.name}.error"
    room = not isinstance(level.data, Typed) or level.data.has_room(key)
    mutations: tuple[Mutation, ...] = (Put(key, freeze(facts, key)),) if room else ()
    after, visit = _after(scope, site, level, mutations)
    after.node = target
    return Committed(after, "error", site.place, visit, mutations, Route(target, "error"), None)


def commit_composite(
    scope: Scope,
    site: Site,
    level: Position,
    kind: str,
    mutations: tuple[Mutation, ...],
    data: Any = None,
) -> Committed:
    """Take what a composite made over into the level around it, and find the way out.

    Args:
        kind: Of the frame: ``exit`` or ``join``.
        data: The state after it, where it is known.
    """
    after, visit = _after(scope, site, level, mutations if data is None else ())
    if data is not None:
        after.data = data
        after.wrote = _written(level.wrote, mutations)
    route, error = _lead_on(scope, site, after, None, False)
    return Committed(after, kind, site.place, visit, mutations, route, error)
