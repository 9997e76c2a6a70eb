"""The door: what a caller gave is looked at before anything is begun.

Every check returns what is to be used from then on, or raises the error that its caller makes of
a text: which argument, what would do, and what was given. What was given is never asked for more
than its type where it is no plain scalar: a `repr` may raise, take long, or hold a secret.
"""

from __future__ import annotations

import inspect
import math
import operator
import os
from collections.abc import Callable, Collection
from enum import Enum
from functools import partial
from pathlib import Path
from types import CoroutineType
from typing import Any, TypeVar

from lellm_nb.errors import LellmError, nearest

__all__ = [
    "Refuse",
    "answered",
    "chosen",
    "flag",
    "member",
    "number",
    "path_of",
    "plain_function",
    "refusal",
    "seconds",
    "shown",
    "speaking",
    "taking",
    "text",
    "whole",
]

Refuse = Callable[[str], LellmError]
"""Makes the error of a text: each layer has its own."""

E = TypeVar("E", bound=Enum)

MOST = 40
"""So many characters of a text that was given are shown."""


def shown(given: Any) -> str:
    """Return what was given, for a message: a scalar as it is written, else its type.

    Example:
        >>> shown("yes"), shown(-1), shown([1]), shown(int), shown(len)
        ("'yes'", '-1', 'a list', 'the class int', 'a function')
    """
    if isinstance(given, type):
        return f"the class {given.__name__}"
    if type(given) in (type(None), bool, int, float, str, bytes):
        try:
            written = repr(given)
        except ValueError:  # a number of too many digits
            return "a huge number"
        return written if len(written) <= MOST else f"{written[:MOST]}…"
    if inspect.isroutine(given):
        return "an async function" if is_async(given) else "a function"
    name = type(given).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def refusal(given: Any, argument: str, wanted: str, refuse: Refuse) -> LellmError:
    """Return the error that an argument is refused with; `argument` is its attribute as well.

    Example:
        >>> from lellm_nb.errors import DebuggerError
        >>> str(refusal("3", "visit", "a whole number from 1", DebuggerError))
        "visit is a whole number from 1, not '3'."
    """
    error = refuse(f"{argument} is {wanted}, not {shown(given)}.")
    error.argument = argument
    return error


# -- numbers -------------------------------------------------------------------------


def whole(given: Any, argument: str, refuse: Refuse, *, least: int = 0) -> int:
    """Return a whole number; those of other libraries become an `int`, a bool is none.

    Raises:
        LellmError: It is no whole number, or less than `least`.
    """
    if type(given) is int and given >= least:
        return given
    try:
        number = None if isinstance(given, bool) else operator.index(given)
    except Exception:  # __index__ may raise anything
        number = None
    if number is None or number < least:
        raise refusal(given, argument, f"a whole number from {least}", refuse)
    return number


def seconds(given: Any, argument: str, refuse: Refuse, *, zero: bool = False) -> float:
    """Return a number of seconds.

    Args:
        zero: Whether none at all will do, too.

    Raises:
        LellmError: It is no number, not finite, or not above (or at) zero.
    """
    found = _finite(given)
    if found is None or found < 0 or not (found or zero):
        least = "from 0" if zero else "above 0"
        raise refusal(given, argument, f"a number of seconds {least}", refuse)
    return given if type(given) is int else found


def number(given: Any, argument: str, refuse: Refuse) -> float:
    """Return a finite number.

    Raises:
        LellmError: It is none.
    """
    found = _finite(given)
    if found is None:
        raise refusal(given, argument, "a number", refuse)
    return found


def _finite(given: Any) -> float | None:
    try:
        if isinstance(given, bool | str | bytes | bytearray):
            return None
        found = float(given)
    except Exception:  # __float__ may raise anything
        return None
    return found if math.isfinite(found) else None


def flag(given: Any, argument: str, refuse: Refuse) -> bool:
    """Return a yes or no: a bool, or a 0 or 1 of any kind; a text is neither.

    Raises:
        LellmError: It is none.
    """
    if type(given) is bool:
        return given
    try:
        of_numpy = type(given).__module__ == "numpy" and type(given).__name__.startswith("bool")
        number = int(given) if of_numpy else operator.index(given)
    except Exception:  # as above
        number = -1
    if number not in (0, 1):
        raise refusal(given, argument, "True or False", refuse)
    return bool(number)


# -- words ---------------------------------------------------------------------------


def text(given: Any, argument: str, refuse: Refuse, what: str = "text that is not empty") -> str:
    """Return a text that is not empty.

    Raises:
        LellmError: It is none.
    """
    if not isinstance(given, str) or not given:
        raise refusal(given, argument, what, refuse)
    return given


def path_of(given: Any, argument: str, refuse: Refuse) -> Path:
    """Return the path of a file or a folder: text that is not empty, or an `os.PathLike` of it.

    Raises:
        LellmError: It is none.
    """
    try:
        path = os.fspath(given) if isinstance(given, os.PathLike) else given
    except Exception:  # __fspath__ may raise anything
        path = None
    if not isinstance(path, str) or not path or "\0" in path:
        raise refusal(given, argument, "a path", refuse)
    return Path(path)


def chosen(given: Any, argument: str, refuse: Refuse, choices: Collection[str]) -> str:
    """Return one of some words.

    Raises:
        LellmError: It is none of them; names the nearest.
    """
    if isinstance(given, str) and given in choices:
        return given
    *others, last = map(repr, choices)
    names = f"{', '.join(others)} or {last}"
    hint = nearest(given, choices) if isinstance(given, str) else ""
    raise refusal(given, argument, names, lambda said: refuse(said + hint))


def member(given: Any, argument: str, refuse: Refuse, kind: type[E]) -> E:
    """Return a member of an enumeration, given itself or its value.

    Raises:
        LellmError: It is none.
    """
    try:
        return kind(given)
    except Exception:  # its message shows what was given, and a repr may raise anything
        names = [f"{kind.__name__}.{each.name}" for each in kind]
        wanted = f"{', '.join(names[:-1])} or {names[-1]}"
        raise refusal(given, argument, wanted, refuse) from None


# -- functions and objects -----------------------------------------------------------


def is_async(given: Any) -> bool:
    """Tell whether calling something gives a coroutine, or an async generator, for sure."""
    while isinstance(given, partial):
        given = given.func
    own = given if inspect.isroutine(given) else getattr(type(given), "__call__", None)  # noqa: B004  # what a call runs, whatever the object says of itself
    return inspect.iscoroutinefunction(own) or inspect.isasyncgenfunction(own)


def taking(given: Any, argument: str, refuse: Refuse, form: str) -> Callable[..., Any]:
    """Return something that can be called with as many arguments as a form has.

    Args:
        form: What it is called with: ``ctx``, ``old, new``, or nothing.

    Raises:
        LellmError: It can't be called, or not so, as far as its signature tells.
    """
    if not callable(given):
        raise refusal(given, argument, f"a function of ({form})", refuse)
    try:
        signature = inspect.signature(given)
    except Exception:  # builtins have none, and an object may answer anything
        return given  # type: ignore[no-any-return]  # callable was just checked
    try:
        signature.bind(*filter(None, form.split(", ")))
    except TypeError:
        name = getattr(given, "__name__", type(given).__name__)
        error = refuse(
            f"{argument} is called with ({form}), and {name}{_parameters(signature)} can't be."
        )
        error.argument = argument
        raise error from None
    return given  # type: ignore[no-any-return]  # as above


def _parameters(signature: inspect.Signature) -> str:
    """Return a signature's names: defaults and hints may be long, or anything."""
    bare = [
        each.replace(annotation=each.empty, default=each.empty)
        for each in signature.parameters.values()
    ]
    return f"({', '.join(map(str, bare))})"


def plain_function(given: Any, argument: str, refuse: Refuse, form: str) -> Callable[..., Any]:
    """Return a function whose answer counts: not an async one, whose coroutine is always true.

    Args:
        form: As for `taking`.

    Raises:
        LellmError: It can't be called so, or it is async.
    """
    if is_async(given):
        raise refusal(given, argument, f"a plain function of ({form})", refuse)
    return taking(given, argument, refuse, form)


def answered(answer: Any) -> Any:
    """Return what a function of the user's said, if that is an answer.

    Raises:
        TypeError: It is a coroutine, which is always true: what it calls is async.
    """
    if type(answer) is CoroutineType:
        answer.close()  # else Python complains that nobody awaited it
        raise TypeError("it gave a coroutine in place of an answer, for what it calls is async")
    return answer


def speaking(given: Any, argument: str, refuse: Refuse, methods: str, what: str) -> Any:
    """Return an object that has some methods.

    Args:
        methods: Their names, a space between two.
        what: What has them, for people: ``a checkpoint sink``.

    Raises:
        LellmError: It has not, or it is the class itself.
    """
    missing = isinstance(given, type)
    for name in methods.split():
        try:
            missing = missing or not callable(getattr(given, name, None))
        except Exception:  # __getattr__ may raise anything
            missing = True
    if missing:
        named = ", ".join(f"{name}()" for name in methods.split())
        raise refusal(given, argument, f"{what}, an object with {named}", refuse)
    return given
