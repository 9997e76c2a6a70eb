"""Texts of things that are not ours: what raises, lies or is huge is shown as such (S10).

A `repr`, `str` or `__class__` of a value that a node wrote may do anything. Whoever shows a
value, an error or a key asks here, and never `repr`, `str` or `isinstance` themselves.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from lellm_nb.errors.attempt import attempt, is_interrupt
from lellm_nb.errors.patience import TakesLongError, patiently

__all__ = [
    "dict_text",
    "fields_text",
    "has_kind",
    "list_text",
    "most_digits",
    "named_dict_text",
    "printable",
    "safe_item",
    "safe_length",
    "safe_module",
    "safe_pairs",
    "safe_repr",
    "safe_str",
    "safe_type",
    "set_text",
]

DEEPEST = 100
"""So many containers inside each other are spelled."""

LONG_INT: Final = 10**4300
"""Python refuses to write an integer of more digits, and takes long where it does not."""

_QUIET = frozenset({type(None), bool, float, complex})
_CONTAINERS = (dict, list, tuple, set, frozenset)
_OWN = frozenset({*_QUIET, int, str, bytes})
_name_of = type.__dict__["__name__"].__get__


def safe_repr(value: Any, most: int | None = None) -> str:
    """Return `repr(value)`; what has none is told in its place, whatever is around it.

    Args:
        most: How long the text may be: it is cut, and no more of a container is read.

    Example:
        >>> safe_repr({"a": [1, "b"]}), safe_repr(list(range(1000)), 12)
        ("{'a': [1, 'b']}", '[0, 1, 2, 3…')
        >>> safe_repr({"n": 10**5000, "m": 1})
        "{'n': <int of 5,001 digits>, 'm': 1}"
    """
    if most is None:
        text, fault = _asked(repr, value)
        return text if fault is None else _spelled(value, sys.maxsize, ())
    text = _spelled(value, most, ())
    return text if len(text) <= most else f"{text[: max(0, most - 1)]}…"


def safe_str(value: Any, most: int | None = None) -> str:
    """Return `str(value)`, or that it has none; an exact `str`, never one of another class.

    Args:
        most: How long the text may be.

    Example:
        >>> safe_str("draft"), safe_str(2), safe_str("x" * 9, 4)
        ('draft', '2', 'xxx…')
    """
    kind = type(value)
    if kind is str:
        text = value
    elif kind is int:
        text = _int_text(value)
    else:
        text, fault = _asked(str, value)
        if fault is not None:
            text = _without("str", value, fault)
    return text if most is None or len(text) <= most else f"{text[: most - 1]}…"


def printable(text: str) -> str:
    """Return a text for a terminal: what would steer it is shown, and not done.

    Example:
        >>> printable("a\\x1b[2Jb")
        'a\\\\x1b[2Jb'
    """
    return _STEERING.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What is no text: all control characters but the ends of lines and the tab."""


def safe_type(value: Any) -> str:
    """Return the name of a value's type, whatever its ``__class__`` says."""
    return str.__str__(_name_of(type(value)))


def safe_module(kind: type) -> str:
    """Return the name of the module that a type comes from; empty where that is no text."""
    try:
        name = kind.__module__
    except Exception:  # a metaclass of the user's may do anything
        return ""
    return name if type(name) is str else ""


def has_kind(value: Any, kinds: type | tuple[type, ...]) -> bool:
    """Tell whether a value is of a type by its type alone: `isinstance` asks ``__class__``.

    Example:
        >>> has_kind({}, (dict, list)), has_kind("a", dict)
        (True, False)
    """
    try:
        return issubclass(type(value), kinds)
    except Exception:  # a metaclass of the user's may do anything
        return False


def safe_length(value: Any) -> int | None:
    """Return how many characters, bytes or items there are; `None` where that can't be told."""
    for kind in (str, bytes, bytearray, *_CONTAINERS):
        if has_kind(value, kind):
            return kind.__len__(value)
    if not has_kind(value, Mapping):
        return None
    length: int | None = attempt(lambda: len(value))
    return length


def safe_item(value: Any, key: Any, missing: Any) -> Any:
    """Return ``value[key]``, `missing` where there is none or it cannot be had."""
    return attempt(lambda: value[key], missing)


def safe_pairs(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what is inside a container, by its keys or its numbers; as much as can be read.

    The items are taken as they are stored: no method that a subclass gives is called.
    """
    if has_kind(value, dict):
        yield from dict.items(value)
    elif has_kind(value, (list, tuple, set, frozenset)):
        base = next(base for base in _CONTAINERS if has_kind(value, base))
        yield from enumerate(base.__iter__(value))
    elif has_kind(value, Mapping):
        try:
            yield from ((key, value[key]) for key in value)
        except BaseException as error:  # a mapping of the user's own
            if is_interrupt(error):
                raise


def most_digits(value: int) -> bool:
    """Tell whether an integer has more digits than Python writes."""
    return not -LONG_INT < value < LONG_INT


# -- containers that spell themselves here ------------------------------------------------


def dict_text(value: Any) -> str:
    """The repr of a dict whose items may have none."""
    return _whole(dict, value)


def list_text(value: Any) -> str:
    """The repr of a list whose items may have none."""
    return _whole(list, value)


def set_text(value: Any) -> str:
    """The repr of a set of a class of its own, whose items may have none."""
    return _whole(frozenset, value)


def named_dict_text(value: Any) -> str:
    """The repr of a dict after the name of its class: ``State({'n': 1})``."""
    return f"{safe_type(value)}({dict_text(value)})"


def fields_text(value: Any) -> str:
    """The repr of a dataclass whose fields may have none."""
    names = [field.name for field in dataclasses.fields(value) if field.repr]
    shown = ", ".join(f"{name}={safe_repr(getattr(value, name))}" for name in names)
    return f"{safe_type(value)}({shown})"


def _whole(base: type, value: Any) -> str:
    spell: Any = base.__repr__
    text, fault = _asked(spell, value)
    return text if fault is None else _walked(base, value, sys.maxsize, ())


_BASES: dict[Any, type] = {
    **{base.__repr__: base for base in _CONTAINERS},
    dict_text: dict,
    list_text: list,
    set_text: frozenset,
    named_dict_text: dict,
}
"""The functions that spell a container item by item, and the type whose items they spell."""

_NAMED = (named_dict_text,)


def _asked(ask: Callable[[Any], Any], value: Any) -> tuple[str, BaseException | None]:
    """Return what `repr` or `str` says, or what it raised."""
    try:
        kind = type(value)
        if kind in _OWN:
            told = ask(value)
        else:
            told = patiently(ask, value, blame=_repr_of(kind) not in _BASES)
        return str.__str__(told), None
    except BaseException as error:
        if is_interrupt(error):
            raise
        return "", error


def _without(what: str, value: Any, fault: BaseException) -> str:
    why = "takes long" if type(fault) is TakesLongError else f"raised {safe_type(fault)}"
    return f"<{safe_type(value)}: {what} {why}>"


def _int_text(value: int) -> str:
    if most_digits(value):
        digits = int(abs(value).bit_length() * 0.30103) + 1
        return f"<int of {digits:,} digits>"
    text, fault = _asked(repr, value)
    return hex(value) if fault is not None else text  # the limit was made lower


def _spelled(value: Any, room: int, around: tuple[int, ...]) -> str:
    """Return the repr of a value, or a text longer than `room` that begins like it.

    Args:
        around: The ids of the containers that it stands in.
    """
    kind = type(value)
    if kind in _QUIET:
        return repr(value)
    if kind is int:
        return _int_text(value)
    if kind is str or kind is bytes:
        return repr(value) if len(value) <= room else _begun(value, room)
    own = _repr_of(kind)
    base = _BASES.get(own)
    if base is not None:
        text = _walked(base, value, room, around)
        return f"{safe_type(value)}({text})" if own in _NAMED else text
    text, fault = _asked(repr, value)
    if fault is None:
        return text
    base = next((base for base in _CONTAINERS if has_kind(value, base)), None)
    if base is None:
        return _without("repr", value, fault)
    text = _walked(base, value, room, around)
    return text if base in (set, frozenset) else f"{safe_type(value)}({text})"


def _begun(value: Any, room: int) -> str:
    """Return how the repr of a long text or bytes begins: all of it tells which quotes it has."""
    marks = ("'", '"') if type(value) is str else (b"'", b'"')
    return repr(value[:room] + value[:0].join(mark for mark in marks if mark in value))


def _repr_of(kind: type) -> Any:
    try:
        found = kind.__repr__
        hash(found)
    except Exception:  # a metaclass of the user's may do anything
        return None
    return found


def _walked(base: type, value: Any, room: int, around: tuple[int, ...]) -> str:
    opening, closing = "{}" if base in (dict, set, frozenset) else "()" if base is tuple else "[]"
    named = base is frozenset or (base is set and type(value) is not set)
    name = safe_type(value) if named else ""
    if not base.__len__(value):  # type: ignore[attr-defined]  # it is a container's type
        return f"{name or 'set'}()" if base in (set, frozenset) else opening + closing
    parts: list[str] = []
    if id(value) in around or len(around) >= DEEPEST:
        parts.append("...")
    else:
        length = 0
        for part in _parts(value, room, (*around, id(value))):
            parts.append(part)
            length += len(part) + 2
            if length > room:
                break
    text = ", ".join(parts)
    comma = "," if base is tuple and len(parts) == 1 and parts != ["..."] else ""
    text = f"{opening}{text}{comma}{closing}"
    return f"{name}({text})" if named else text


def _parts(value: Any, room: int, around: tuple[int, ...]) -> Iterable[str]:
    try:
        for key, item in islice(safe_pairs(value), room):
            text = _spelled(item, room, around)
            yield f"{_spelled(key, room, around)}: {text}" if has_kind(value, dict) else text
    except RuntimeError:  # changed while it was read, or nested deeper than Python follows
        yield "…"
