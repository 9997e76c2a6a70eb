"""Values that refuse to be looked at: classes that raise, lie or never end in any dunder."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from lellm_nb.errors.safe_text import safe_repr

__all__ = ["Held", "Refuses", "hostile", "hostile_values"]

FAULTS: tuple[type[BaseException], ...] = (
    *(RuntimeError, ValueError, AttributeError, RecursionError, MemoryError),
    *(SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, StopIteration),
)
"""What they raise."""

PLACES: tuple[Callable[[Any], Any], ...] = (
    lambda one: [1, one, "x"],
    lambda one: {"inside": {"deeper": one}, "n": 1},
    lambda one: (one, [one]),
    lambda one: [{"role": "user", "content": one}, {"role": "ai", "content": "hi"}],
)
"""Where they stand."""

LIES: tuple[Any, ...] = (None, 3, -1, b"", "x" * 10_000, NotImplemented, [], math.nan)
"""What they say instead of what is asked of them."""

ASKED = (
    *("__repr__", "__str__", "__eq__", "__ne__", "__hash__", "__bool__", "__len__", "__iter__"),
    *("__contains__", "__getitem__", "__getattr__", "__format__", "__reduce__", "__reduce_ex__"),
    *("__class__", "__array__", "__next__", "__lt__", "__int__", "__index__", "__float__"),
    *("__copy__", "__deepcopy__", "_repr_html_", "_repr_png_", "_repr_pretty_", "keys", "items"),
    *("values", "get", "__module__", "__call__", "__get__", "__sizeof__"),
)
"""What anybody may ask of a value."""


class Refuses:
    """The name that every hostile class goes by."""


class Held:
    """A hostile value that Hypothesis may look at: it asks what it has drawn for its class."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Held({safe_repr(self.value, 200)})"


def _does(name: str, fault: type[BaseException] | None, lie: Any) -> Any:
    def method(self: Any, *_args: Any, **_options: Any) -> Any:
        if fault is not None:
            raise fault(f"{name} of a hostile value")
        return lie

    return property(method) if name in ("__class__", "__module__") else method


@st.composite
def hostile(draw: st.DrawFn, base: type = object) -> Held:
    """A value of a class of its own that is hostile in some of what can be asked of it."""
    names = draw(st.lists(st.sampled_from(ASKED), min_size=1, max_size=6, unique=True))
    body: dict[str, Any] = {}
    for name in names:
        fault = draw(st.sampled_from((*FAULTS, None)))
        body[name] = _does(name, fault, draw(st.sampled_from(LIES)))
    made: Any = type("Refuses", (Refuses, base), body)
    return Held(base.__new__(made))


@st.composite
def _hostile_mapping(draw: st.DrawFn) -> Held:
    """A mapping of the user's own, whose parts refuse."""
    fault = draw(st.sampled_from(FAULTS))

    class Refusing(Refuses, Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            raise fault(key)

        def __iter__(self) -> Any:
            yield "a"
            raise fault("__iter__")

        def __len__(self) -> int:
            return 2

    return Held(Refusing())


def hostile_values(*more: st.SearchStrategy[Held]) -> st.SearchStrategy[Held]:
    """A hostile value, alone or somewhere inside of others."""
    alone = st.one_of(
        hostile(),
        hostile(Exception),
        hostile(str),
        hostile(int),
        _hostile_mapping(),
        st.integers(5_000, 6_000).map(lambda digits: Held(10**digits)),
        *more,
    )
    return st.one_of(
        alone,
        *(alone.map(lambda one, put=put: Held(put(one.value))) for put in PLACES),
    )
