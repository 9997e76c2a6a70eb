"""What a client raised, in words, and raised again where it is served."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from lellm_nb.calls.exchange import clean_words

__all__ = ["LEFT", "error_words", "raised_again"]

LEFT = "the recorded answer ends here: it was left, or broke off, before it was whole"


def error_words(error: BaseException, url: str) -> str:
    """Return the name of an error and what it says, without the secrets of the URL.

    Example:
        >>> error_words(ValueError("no host in /t?key=AIza1"), "http://api.test/t?key=AIza1")
        'ValueError: no host in /t?key=hidden'
    """
    return f"{type(error).__name__}: {clean_words(str(error), url)}"


def raised_again(words: str, otherwise: type[Exception], *rooms: object) -> Exception:
    """Return the error that `error_words` told of, of the same class where it is found.

    Args:
        words: Its name and what it says.
        otherwise: The class of one that is not found.
        rooms: Modules that may have its class.

    Example:
        >>> raised_again("KeyError: x", RuntimeError), raised_again("Odd: y", RuntimeError)
        (KeyError('x'), RuntimeError('y'))
    """
    name, _, said = words.partition(": ")
    kind = otherwise
    for room in (*rooms, builtins):
        found = getattr(room, name, None)
        if isinstance(found, type) and issubclass(found, Exception):
            kind = found
            break
    try:
        return kind(said)
    except TypeError:  # it is made of parts that are not kept
        return _of_words(kind, said)


def _of_words(kind: type[Exception], said: str) -> Exception:
    body: dict[str, Callable[..., Any]] = {
        "__init__": lambda self, *_said: None,
        "__str__": lambda self: said,
    }
    made: type[Exception] = type(kind.__name__, (kind,), body)
    return made(said)
