"""By which names a piece of code is found again when it is defined again (SEMANTICS G9).

A name stands for a function only where, when the graph was built, looking it up gave that very
function, or what wraps it. Functions made in a loop or inside of another, lambdas, and the first
of two that share a name are found by none.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any, NamedTuple

from lellm_nb.graph.code.code_version import core_of, is_new_version, layers, pass_on

__all__ = ["Code", "CodeName", "code_of", "may_have_name"]

Renewed = dict[int, Any]
"""Objects that were made anew, by the `id` of the old: nodes that share one go on sharing it."""

_NOT_FOUND = object()


class CodeName:
    """A name at the top of a module or notebook, or in a class there, and what it meant.

    Attributes:
        space: The namespace that it is looked up in.
        parts: ``("load",)``, or ``("Agent", "plan")``.
        meant: What stood there when the code under it was taken into a graph.
    """

    __slots__ = ("meant", "parts", "space")

    def __init__(self, space: dict[str, Any], parts: tuple[str, ...]) -> None:
        self.space = space
        self.parts = parts
        self.meant = self.now

    @property
    def now(self) -> Any:
        """What stands under the name now."""
        found = self.space.get(self.parts[0], _NOT_FOUND)
        for part in self.parts[1:]:
            found = _in_class(found, part)
        return found

    def new(self, old: Any) -> Any:
        """Return what the name means since; `old` where that is no new version of `old`."""
        now = self.now
        if now is self.meant or not is_new_version(old, now):
            return old
        pass_on(old, now)
        return now

    def __repr__(self) -> str:
        return f"CodeName({'.'.join(self.parts)!r})"


class Code(NamedTuple):
    """A piece of code that is found again.

    Attributes:
        value: What a graph was given.
        names: Where to look.
        renew: Returns it as its names mean it now; itself where they mean no new version.
    """

    value: Any
    names: tuple[CodeName, ...]
    renew: Callable[[Renewed], Any]


def code_of(value: Any, before: Code | None = None) -> Code | None:
    """Return how a callable, or an object with methods, is found again; `None` if it is not.

    Args:
        before: What stood in its place. Code that was put in by hand is found by the same
            name from then on, whatever that means at the moment.

    Example:
        >>> code_of(code_of).names, code_of(lambda ctx: None)
        ((CodeName('code_of'),), None)
    """
    core = core_of(value)
    if core is not None:
        return _of_function(value, core, before)
    if type(value) is functools.partial:
        return _of_partial(value)
    return _of_method(value) if type(value) is MethodType else _of_object(value)


def may_have_name(value: Any) -> bool:
    """Tell whether a name could ever lead to some code; not to what stands in a function."""
    core = core_of(value)
    return core is None or bool(_parts(value) or _parts(core))


def _of_function(value: Any, core: FunctionType, before: Code | None) -> Code | None:
    parts = _parts(value) or _parts(core)
    if not parts:
        return None
    name = CodeName(core.__globals__, parts)
    if name.meant is value:
        return Code(value, (name,), lambda _: name.new(value))
    if any(layer is value for layer in layers(name.meant)):
        # what the graph has is inside of what the name means, so many layers from the innermost
        inner = sum(1 for _ in layers(value))
        return Code(value, (name,), lambda _: _layer(name.new(value), value, inner))
    if before is not None and [(n.space, n.parts) for n in before.names] == [(name.space, parts)]:
        return Code(value, (name,), lambda _: name.new(value))
    return None


def _layer(new: Any, old: Any, inner: int) -> Any:
    return old if new is old else ([*layers(new)][-inner:] or [new])[0]


def _parts(value: Any) -> tuple[str, ...]:
    """Return the names that lead to a function or class; none for what stands in a function."""
    name = getattr(value, "__qualname__", "")
    plain = isinstance(name, str) and "<" not in name and name
    return tuple(name.split(".")) if plain else ()


def _of_partial(value: functools.partial[Any]) -> Code | None:
    run = code_of(value.func)
    if run is None:
        return None
    given = {key: code_of(v) for key, v in (*enumerate(value.args), *value.keywords.items())}

    def renew(made: Renewed) -> Any:
        new = {key: code.renew(made) for key, code in parts.items()}
        if all(new[key] is code.value for key, code in parts.items()):
            return value
        args = [new.get(i, arg) for i, arg in enumerate(value.args)]
        named = {key: new.get(key, arg) for key, arg in value.keywords.items()}
        return functools.partial(new[None], *args, **named)

    parts: dict[Any, Code] = {None: run, **{k: c for k, c in given.items() if c is not None}}
    return Code(value, tuple(name for code in parts.values() for name in code.names), renew)


# -- objects and their methods ---------------------------------------------------------------


def _of_method(value: MethodType) -> Code | None:
    holder: Any = value.__self__
    attribute = getattr(value.__func__, "__name__", "")
    whose = _of_class(holder) if isinstance(holder, type) else _of_object(holder)
    if whose is None:
        return None
    cls = whose.names[0]
    method = CodeName(cls.space, (*cls.parts, attribute))
    if method.meant is not value.__func__:
        return None

    def renew(made: Renewed) -> Any:
        new = whose.renew(made)
        if new is holder and method.new(value.__func__) is value.__func__:
            return value
        found = getattr(new, attribute, None)
        return found if callable(found) else value

    return Code(value, (*whose.names, method), renew)


def _of_class(value: type) -> Code | None:
    parts = _parts(value)
    if not parts:
        return None
    name = CodeName(_space_of(value), parts)
    return Code(value, (name,), lambda _: name.new(value)) if name.meant is value else None


def _space_of(cls: type) -> dict[str, Any]:
    """Return the namespace that a class was defined in."""
    for each in vars(cls).values():
        space = getattr(core_of(each), "__globals__", {})
        if space.get("__name__", "") == cls.__module__:
            return space
    return vars(sys.modules.get(cls.__module__, object))


def _of_object(value: Any) -> Code | None:
    """Return how an object is found again: by its class, and by functions that it holds."""
    cls = type(value)
    whose = _of_class(cls)
    if whose is None or cls.__module__.startswith("lellm_nb.") or _built_in(cls):
        return None
    held = {
        key: code
        for key, each in _attributes(value).items()
        if callable(each) and core_of(each) and (code := code_of(each))
    }

    def renew(made: Renewed) -> Any:
        if id(value) not in made:
            new = {key: code.renew(made) for key, code in held.items()}
            new = {key: each for key, each in new.items() if each is not held[key].value}
            now = whose.renew(made)
            made[id(value)] = _made_anew(value, now, new) if new or now is not cls else value
        return made[id(value)]

    names = (name for code in (whose, *held.values()) for name in code.names)
    return Code(value, tuple(names), renew)


def _built_in(cls: type) -> bool:
    """Whether objects of a class have a part that only a type of Python's own can make."""
    return any(base.__module__ == "builtins" and base is not object for base in cls.__mro__)


def _attributes(value: Any) -> dict[str, Any]:
    try:
        found = vars(value)
    except Exception:  # it has none, or code of the user's is asked for them
        return {}
    return found if type(found) is dict else {}


def _made_anew(old: Any, cls: type, new: dict[str, Any]) -> Any:
    """Return an object as one of another class, which keeps its attributes together with it.

    The old one stays as it is, for `graph.run` and for other lines.
    """
    try:
        maker: Any = cls if cls is type(old) else object
        made: Any = maker.__new__(cls)
        kept = {slot: getattr(old, slot) for slot in _slots(type(old)) if hasattr(old, slot)}
        if hasattr(old, "__dict__") and hasattr(made, "__dict__") and not new:
            made.__dict__ = old.__dict__  # what one of them counts, the other one has counted
        else:
            kept |= _attributes(old)
        for name, each in {**kept, **new}.items():
            object.__setattr__(made, name, each)
    except (AttributeError, TypeError):  # built on a type of another shape
        return old
    return made


def _slots(cls: type) -> Iterator[str]:
    for base in cls.__mro__:
        slots = vars(base).get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            private = slot.startswith("__") and not slot.endswith("__")
            if slot not in ("__dict__", "__weakref__"):
                yield f"_{base.__name__.lstrip('_')}{slot}" if private else slot


def _in_class(cls: Any, name: str) -> Any:
    """Return what a class has under a name, as it was written down there."""
    for base in cls.__mro__ if isinstance(cls, type) else ():
        if name in vars(base):
            found = vars(base)[name]
            return found.__func__ if isinstance(found, staticmethod | classmethod) else found
    return _NOT_FOUND
