"""The same random numbers at the same step (SEMANTICS R13)."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from lellm_nb.errors import DebuggerError
from lellm_nb.record.outcome import LIVE, Outcome
from lellm_nb.session.protocol import NextMove

__all__ = [
    "Seed",
    "SeededLookUp",
    "check_seed",
    "generators_kept",
    "seed_of_repeat",
    "seeded_share",
]

Seed = int | str
LookUp = Callable[[NextMove], Outcome | None]


def check_seed(seed: Any) -> None:
    """Refuse what is no seed.

    Raises:
        DebuggerError: It is neither a whole number nor text.
    """
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, str))):
        raise DebuggerError(f"seed is a whole number or text, not {type(seed).__name__}.")


class SeededLookUp:
    """What is asked before each node: it sets the generators where the node will run.

    Args:
        look_up: What was to be asked otherwise.
    """

    def __init__(self, seed: Seed, look_up: LookUp | None) -> None:
        self._seed = seed
        self._look_up = look_up

    def __call__(self, move: NextMove) -> Outcome | None:
        outcome = LIVE if self._look_up is None else self._look_up(move)
        if outcome is LIVE:
            _plant(f"{self._seed!r} {move.path} {move.visit}")
        return outcome

    @property
    def asked(self) -> bool:
        """Whether what was to be asked otherwise held for a person."""
        return bool(getattr(self._look_up, "asked", False))


def seed_of_repeat(seed: Seed | None, repeat: int) -> Seed | None:
    """Return the seed of a line that repeats a variant of a sweep, counted from 0.

    Example:
        >>> seed_of_repeat(7, 0), seed_of_repeat(7, 2), seed_of_repeat(None, 2)
        (7, '7 repeat 2', None)
    """
    return seed if seed is None or not repeat else f"{seed!r} repeat {repeat}"


def seeded_share(seed: Seed) -> Callable[[str, int, int], float]:
    """Return what draws how much of a pause a node waits before it is tried again (R8).

    It draws from a generator of its own: what nodes draw stays what it is.

    Example:
        >>> share = seeded_share(7)
        >>> share("llm", 1, 2) == share("llm", 1, 2) != share("llm", 1, 3)
        True
    """
    return lambda path, visit, attempt: random.Random(f"{seed!r} {path} {visit} {attempt}").random()


def generators_kept(seed: Seed | None) -> AbstractContextManager[None]:
    """Give the cell its generators back as they were: what nodes draw is nothing of its own."""
    return _ANY if seed is None else _kept()


_ANY = nullcontext()


@contextmanager
def _kept() -> Iterator[None]:
    numpy = _numpy_random()
    before, numpys = random.getstate(), None if numpy is None else numpy.get_state()
    try:
        yield
    finally:
        random.setstate(before)
        if numpys is not None:
            numpy.set_state(numpys)


def _plant(text: str) -> None:
    digest = hashlib.sha256(text.encode()).digest()
    random.seed(digest)
    numpy = _numpy_random()
    if numpy is not None:
        numpy.seed(int.from_bytes(digest[:4], "big"))


def _numpy_random() -> Any:
    """Return numpy's generators, if somebody uses numpy."""
    numpy = sys.modules.get("numpy")
    return None if numpy is None else numpy.random
