"""What the branches of a parallel claim, where they disagree, and one side of it (P2, P8, N4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lellm_nb.state.compact import MISSING, Data, real, whole
from lellm_nb.state.frozen import frozen_dict
from lellm_nb.state.mutation import Delete, Key, Mutation, Put, Reduce, parts_of
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.sameness import same

__all__ = ["BranchResult", "claims_of", "conflicts_of", "decisions_in", "one_decision", "one_side"]
__all__ += ["without_decisions"]

APPROVED, REASON, ANSWER = ".approved", ".reject_reason", ".answer"
"""What follows a barrier's name in the two keys that a decision writes, unless they were set."""


class BranchResult(NamedTuple):
    """What one branch leaves: its name, its mutations since the fork, its last state."""

    name: str
    mutations: Sequence[Mutation]
    data: Data


class _Reduced:
    def __repr__(self) -> str:
        return "(a reduce)"


_REDUCED = _Reduced()


def claims_of(mutations: Iterable[Mutation]) -> dict[Key, Any]:
    """Return what a branch claims per key: its last written value, or that it reduced.

    Example:
        >>> claims_of([Put("n", 1), Put("n", 2), Reduce("log", ["x"], Reducer.APPEND)])
        {'n': 2, 'log': (a reduce)}
    """
    claims: dict[Key, Any] = {}
    for m in mutations:
        if isinstance(m, Put):
            claims[m.key] = whole(m.kept)
        elif isinstance(m, Delete):
            claims[m.key] = MISSING
        elif isinstance(m, Reduce):
            if m.reducer is Reducer.MERGE_OBJECT and isinstance(m.kept, dict):
                claims |= {(*parts_of(m.key), part): value for part, value in m.kept.items()}
            elif m.reducer.commutative:
                claims[m.key] = _REDUCED
            else:
                claims[m.key] = whole(m.kept)
    return claims


def conflicts_of(results: Sequence[BranchResult]) -> dict[Key, dict[str, Any]]:
    """Return the keys on which branches disagree, each with what they wrote there.

    Of those that wrote the same, the first one speaks for all.

    Example:
        >>> conflicts_of([BranchResult("a", [Put("n", 1)], {}), BranchResult("b", [], {}),
        ...     BranchResult("c", [Delete("n")], {})])
        {'n': {'a': 1, 'c': '(deleted)'}}
    """
    found = _Conflicts()
    for result in results:
        found.add(result.name, claims_of(result.mutations))
    return found.by_key


class _Conflicts:
    """Who claims which key first; a second, different claim is a conflict."""

    def __init__(self) -> None:
        self.by_key: dict[Key, dict[str, Any]] = {}
        self._held: dict[Key, tuple[str, Any]] = {}
        self._below: dict[Key, tuple[str, Any]] = {}

    def add(self, branch: str, claims: Mapping[Key, Any]) -> None:
        for key, value in claims.items():
            mine = branch, value
            held = self._held.setdefault(key, mine)
            if held is not mine and not same(held[1], value):
                self._note(key, held, mine)
            below = self._below.get(key)
            if below is not None and below[0] != branch:
                self._note(key, mine, below)
            if isinstance(key, tuple):
                for prefix in _prefixes(key):
                    above = self._held.get(prefix)
                    if above is not None and above[0] != branch:
                        self._note(prefix, above, mine)
                    self._below.setdefault(prefix, mine)

    def _note(self, key: Key, *sides: tuple[str, Any]) -> None:
        values = self.by_key.setdefault(key, {})
        for branch, value in sides:
            values.setdefault(branch, "(deleted)" if value is MISSING else real(value))


def one_side(
    results: Sequence[BranchResult],
    sides: Mapping[Key | None, str],
    whole: Mapping[Key, str],
) -> list[BranchResult]:
    """Return the results without what disagrees with the branches that were chosen.

    Args:
        sides: The branch that is right by key; under `None` one that is right wherever it
            takes part.
        whole: The same for keys at which nothing of another branch is to be left.

    Example:
        >>> results = [BranchResult(name, [Put("n", name), Put(name, 1)], {}) for name in "ab"]
        >>> [result.mutations for result in one_side(results, {None: "b"}, {})]
        [[Put('a', 1)], [Put('n', 'b'), Put('b', 1)]]
    """
    claims = {result.name: claims_of(result.mutations) for result in results}
    lost: dict[str, set[Key]] = {result.name: set() for result in results}
    for name, theirs in claims.items():
        for chosen, winner in sides.items():
            if name != winner:
                against = _disagreeing(theirs, claims[winner])
                lost[name].update(k for k in against if chosen is None or _overlap(k, chosen))
        for chosen, winner in whole.items():
            if name != winner:
                lost[name].update(key for key in theirs if _overlap(key, chosen))
    return [_without(result, lost[result.name]) for result in results]


def _disagreeing(theirs: Mapping[Key, Any], mine: Mapping[Key, Any]) -> Iterator[Key]:
    above = {prefix for key in mine for prefix in _prefixes(key)}
    for key, value in theirs.items():
        differs = key in mine and not same(mine[key], value)
        if differs or key in above or any(prefix in mine for prefix in _prefixes(key)):
            yield key


def _without(result: BranchResult, keys: set[Key]) -> BranchResult:
    """Return a result without what it wrote at some keys, or below them."""
    if not keys:
        return result

    def gone(key: Key) -> bool:
        return key in keys or any(prefix in keys for prefix in _prefixes(key))

    kept: list[Mutation] = []
    for m in result.mutations:
        key = getattr(m, "key", None)  # a typed state's own mutation has none
        if key is None or not gone(key):
            if isinstance(m, Reduce) and m.reducer is Reducer.MERGE_OBJECT:
                left = {k: v for k, v in m.kept.items() if not gone((*parts_of(m.key), k))}
                m = m if len(left) == len(m.kept) else Reduce(m.key, frozen_dict(left), m.reducer)
            kept.append(m)
    return BranchResult(result.name, kept, result.data)


def _prefixes(key: Key) -> Iterator[Key]:
    """Walk the paths that a path leads through, the shortest first."""
    if isinstance(key, tuple):
        yield key[0]
        yield from (key[:depth] for depth in range(2, len(key)))


def _overlap(one: Key, two: Key) -> bool:
    shorter, longer = sorted((parts_of(one), parts_of(two)), key=len)
    return longer[: len(shorter)] == shorter


# -- decisions -----------------------------------------------------------------------


def one_decision(results: Sequence[BranchResult]) -> Sequence[BranchResult]:
    """Return the results with one decision for each barrier's name (SEMANTICS N4).

    Where barriers of one name were decided differently, one rejection is enough: the first of
    them, in the order of the branches, stands for all; where none is, so does the first answer.
    """
    made: dict[Key, dict[str, Any]] = {}
    for result in results:
        if Delete in map(type, result.mutations):  # most branches decide nothing: told quickly
            for barrier, said in decisions_in(result.mutations).items():
                made.setdefault(barrier, {})[result.name] = said
    lost: dict[str, set[Key]] = {}
    for barrier, decided in made.items():
        rejected = (name for name, said in decided.items() if type(said) is not Approved)
        answered = (name for name, said in decided.items() if said.answer is not MISSING)
        first = next(rejected, "") or next(answered, "")
        for name, said in decided.items():
            if first and not same(said, decided[first]):
                lost.setdefault(name, set()).update(_decision_keys(barrier, said))
    if not lost:
        return results
    return [_without(result, lost.get(result.name, set())) for result in results]


class Approved(NamedTuple):
    """That a barrier was approved: with an answer, where it asked for one."""

    answer: Any = MISSING


def decisions_in(mutations: Sequence[Mutation]) -> dict[Key, Any]:
    """Return how barriers were decided last, by where they wrote: the reason, or `Approved`.

    A decision is known by the pair that it writes, wherever that was lifted to: one of its two
    keys is put, and then the other one deleted. An answer is put just before.

    Example:
        >>> decisions_in([Put("ok.reject_reason", "no"), Delete("ok.approved"), Put("n", 1)])
        {'ok': 'no'}
        >>> decisions_in([Put("ok.answer", 3), Put("ok.approved", True),
        ...     Delete("ok.reject_reason")])
        {'ok': Approved(answer=3)}
    """
    found: dict[Key, Any] = {}
    for i, gone in enumerate(mutations):
        if i and type(gone) is Delete and isinstance(put := mutations[i - 1], Put):
            for ending in (APPROVED, REASON):
                barrier = _barrier_of(put.key, ending)
                if barrier is not None and {put.key, gone.key} == _decision_keys(barrier):
                    before = mutations[i - 2] if i > 1 else None
                    answered = isinstance(before, Put) and before.key == _beside(barrier, ANSWER)
                    approved = Approved(before.kept) if answered else Approved()  # type: ignore[union-attr]  # a Put
                    found[barrier] = put.kept if ending == REASON else approved
    return found


def _barrier_of(key: Key, ending: str) -> Key | None:
    *above, name = parts_of(key)
    if not isinstance(name, str) or not name.endswith(ending):
        return None
    return (*above, name[: -len(ending)]) if above else name[: -len(ending)]


def _decision_keys(barrier: Key, said: Any = None) -> set[Key]:
    """Return the two keys of a decision, and that of an answer where it was one."""
    keys = {_beside(barrier, APPROVED), _beside(barrier, REASON)}
    answered = type(said) is Approved and said.answer is not MISSING
    return keys | {_beside(barrier, ANSWER)} if answered else keys


def _beside(barrier: Key, ending: str) -> Key:
    *above, name = parts_of(barrier)
    key = f"{name}{ending}"
    return (*above, key) if above else key


def without_decisions(mutations: Sequence[Mutation], names: Collection[Key]) -> Sequence[Mutation]:
    """Return mutations without the decisions of barriers of some names.

    Example:
        >>> without_decisions([Put("n", 1), Put("ok.approved", True), Delete("ok.reject_reason")],
        ...     ["ok"])
        [Put('n', 1)]
    """
    if not names:
        return mutations
    made = decisions_in(mutations)
    keys = {k for name in made if name in names for k in _decision_keys(name, made[name])}
    return _without(BranchResult("", mutations, {}), keys).mutations
