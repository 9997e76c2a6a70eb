"""Objects that are handed over as they are: whether a secret is anywhere inside of one."""

from __future__ import annotations

import gc
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.redaction.secret_paths import Path

__all__ = ["holds_secret"]

MOST = 5_000
"""So many objects are looked at: a client may lead to half of the process."""

_OUTSIDE = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
"""What is shared by the whole process, and not inside of a value."""


def holds_secret(value: Any, redactor: Redactor, path: Path) -> bool:
    """Tell whether an object leads to a text or to bytes with a secret in them.

    It is taken apart as the garbage collector does it: nothing of its own is run.

    Example:
        >>> class Client:
        ...     def __init__(self, key):
        ...         self.key = key
        >>> hide = Redactor()
        >>> holds_secret(Client("sk-" + "a1" * 16), hide, ()), holds_secret(Client("x"), hide, ())
        (True, False)
    """
    left, seen = [value], {id(value)}
    while left and len(seen) < MOST:
        one = left.pop()
        if isinstance(one, str):
            if redactor.text(one) != one:
                return True
        elif isinstance(one, (bytes, bytearray, memoryview)):
            if redactor.hides(bytes(one)):
                return True
        elif not isinstance(one, _OUTSIDE):
            for inner in gc.get_referents(one):
                if id(inner) not in seen:
                    seen.add(id(inner))
                    left.append(inner)
    return False
