"""Whether what a name means now is a new version of a function, or another one (SEMANTICS G9)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Iterator
from contextlib import suppress
from types import FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

__all__ = ["core_of", "is_called_otherwise", "is_new_version", "layers", "note_user", "pass_on"]

MOST_USERS = 64
"""So many nodes are told apart that one function runs in."""

_users: WeakKeyDictionary[Any, set[Any]] = WeakKeyDictionary()
"""By function, or by the class of an object: the nodes that were built with it, of any graph."""


def layers(value: Any) -> Iterator[Any]:
    """Walk from a function to what it wraps, and what that wraps."""
    for _ in range(100):
        yield value
        try:
            # `getattr` would ask objects that answer to any name
            value = vars(value).get("__wrapped__")
        except Exception:  # it has no attributes, or code of the user's is asked for them
            return
        if value is None:
            return


def core_of(value: Any) -> FunctionType | None:
    """Return the plain function that is left when all that wraps it is taken away."""
    if type(value) is FunctionType and not value.__dict__:
        return value
    *_, last = layers(value)
    return last if type(last) is FunctionType else None


def note_user(value: Any, graph: int, place: str) -> None:
    """Take note that a function, or an object, is that of a node or a condition.

    Args:
        graph: Equal for a graph and for the same graph built again.
    """
    what = _defined(value)
    with suppress(TypeError):  # its metaclass has no hash
        users = _users.setdefault(what, set())
        if len(users) < MOST_USERS:
            users.add((graph, place, _line_in_script(what)))


def _defined(value: Any) -> Any:
    """Return what of a piece of code has a name: a function, or a class."""
    if type(value) is functools.partial:
        return _defined(value.func)
    if type(value) is MethodType:
        value = value.__self__
    return value if isinstance(value, type) else core_of(value) or type(value)


def _line_in_script(what: Any) -> int:
    """Return where a function stands, if it is in a script.

    A cell and a module are run again, and a script is not: there, two lines are two functions.
    """
    if not isinstance(what, FunctionType) or what.__globals__.get("__name__") != "__main__":
        return 0
    code = what.__code__
    return code.co_firstlineno if what.__globals__.get("__file__") == code.co_filename else 0


def pass_on(old: Any, new: Any) -> None:
    """Take note that a function or class is that of the same nodes as the one that it replaces."""
    with suppress(TypeError):
        _users.setdefault(_defined(new), set()).update(_users_of(old))


def _users_of(value: Any) -> set[Any]:
    try:
        return _users.get(_defined(value), set())
    except TypeError:
        return set()


def is_new_version(old: Any, new: Any) -> bool:
    """Tell whether what stands under a function's or a class's name is to be taken for it.

    It has the same name of its own, is called alike, and is the function of no other node.
    """
    is_class = isinstance(old, type)
    same_kind = isinstance(new, type) if is_class else core_of(new) is not None
    return (
        same_kind
        and _own_name(old) == _own_name(new)
        and _users_of(new) <= _users_of(old)
        and (is_class or _called_alike(old, new))
    )


def is_called_otherwise(old: Any, new: Any) -> bool:
    """Tell whether all that keeps a function from being a new version is how it is called."""
    if isinstance(old, type) or core_of(new) is None:
        return False
    named = _own_name(old) == _own_name(new) and _users_of(new) <= _users_of(old)
    return named and not _called_alike(old, new)


def _own_name(value: Any) -> tuple[Any, Any]:
    return getattr(value, "__module__", None), getattr(value, "__name__", None)


def _called_alike(old: Any, new: Any) -> bool:
    """Tell whether two functions take the same arguments, those with defaults aside."""
    try:
        one, two = (inspect.signature(function).parameters.values() for function in (old, new))
    except (TypeError, ValueError):
        return True
    if any(each.kind is each.VAR_POSITIONAL for each in (*one, *two)):
        return True
    return _wanted(one) == _wanted(two)


def _wanted(parameters: Iterable[inspect.Parameter]) -> list[str]:
    return [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
