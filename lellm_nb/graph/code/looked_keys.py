"""Which keys of a state a condition looks at, where it does nothing else with the state.

Most conditions are like ``lambda s: s["n"] < 3``. They cannot tell a state from the plain mapping
of its values, as long as the values they look at cannot change either: so that is what they are
asked with. A state made for a reader would cost more than the question, and with a long list in
it as much as the list.
"""

from __future__ import annotations

import dis
from collections.abc import Iterable
from types import CodeType, FunctionType, MappingProxyType
from typing import Any

from lellm_nb.state.compact import Wide
from lellm_nb.state.containers.read_only import ATOMS

__all__ = ["LookedKeys", "looked_keys"]

_HARMLESS = frozenset(
    (
        *("CACHE", "NOP", "RESUME", "COPY_FREE_VARS", "EXTENDED_ARG"),
        *("LOAD_CONST", "LOAD_DEREF", "LOAD_GLOBAL", "POP_TOP", "COPY", "SWAP", "BUILD_TUPLE"),
        *("COMPARE_OP", "CONTAINS_OP", "IS_OP", "BINARY_OP", "BINARY_SUBSCR"),
        *("UNARY_NOT", "UNARY_NEGATIVE", "UNARY_POSITIVE", "UNARY_INVERT", "TO_BOOL"),
        *("JUMP_FORWARD", "JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP"),
        *("POP_JUMP_FORWARD_IF_FALSE", "POP_JUMP_FORWARD_IF_TRUE", "POP_JUMP_FORWARD_IF_NONE"),
        *("POP_JUMP_FORWARD_IF_NOT_NONE", "POP_JUMP_IF_FALSE", "POP_JUMP_IF_TRUE"),
        *("POP_JUMP_IF_NONE", "POP_JUMP_IF_NOT_NONE", "RETURN_VALUE", "RETURN_CONST"),
    )
)
"""Instructions that call nothing and write nothing; one that is not here has the general way."""


def looked_keys(condition: Any) -> tuple[str, ...] | None:
    """Return the keys that a condition looks at; `None` where it may do more than that.

    Args:
        condition: A function of a state.

    Example:
        >>> looked_keys(lambda s: s["n"] > 2 and "done" in s and s.get("mark") is None)
        ('n', 'done', 'mark')
        >>> looked_keys(lambda s: len(s["messages"]) > 2) is looked_keys(lambda s: bool(s)) is None
        True
    """
    if type(condition) is not FunctionType:
        return None
    code = condition.__code__
    if code.co_argcount < 1 or code.co_cellvars or code.co_flags & _NOT_PLAIN:
        return None
    return _keys_of(code)


_NOT_PLAIN = 0x04 | 0x08 | 0x20 | 0x80 | 0x200
"""Flags of code that takes ``*args`` or ``**kwargs``, or that makes a generator or a coroutine."""


def _keys_of(code: CodeType) -> tuple[str, ...] | None:
    steps = [step for step in dis.get_instructions(code) if step.opname != "CACHE"]
    subject = code.co_varnames[0]
    keys: dict[str, None] = {}
    at = 0
    while at < len(steps):
        step = steps[at]
        at += 1
        if step.opname != "LOAD_FAST":
            if step.opname not in _HARMLESS:
                return None
            continue
        if step.argval != subject:
            continue
        names = [one.opname for one in steps[at : at + 5]]
        if names[:2] == ["LOAD_CONST", "BINARY_SUBSCR"]:  # s["n"]
            key = steps[at].argval
            at += 2
        elif names[:1] == ["CONTAINS_OP"] and at > 1:  # "n" in s
            key = steps[at - 2].argval if steps[at - 2].opname == "LOAD_CONST" else None
            at += 1
        elif names[:1] in (["LOAD_METHOD"], ["LOAD_ATTR"]) and steps[at].argval == "get":
            key = steps[at + 1].argval if names[1] == "LOAD_CONST" else None  # s.get("n", 0)
            rest = [name for name in names[2:] if name != "PRECALL"]
            given = rest[:1] == ["LOAD_CONST"]
            if rest[given : given + 1] != ["CALL"]:
                return None
            at += names.index("CALL") + 1
        else:
            return None
        if type(key) is not str:
            return None
        keys[key] = None
    return tuple(keys)


class LookedKeys:
    """The keys that some conditions look at, found when they are first asked for.

    Args:
        conditions: Functions of a state.

    Example:
        >>> LookedKeys([lambda s: s["n"] > 2]).glimpse({"n": 1, "m": []})
        mappingproxy({'n': 1, 'm': []})
        >>> LookedKeys([lambda s: s["m"] == []]).glimpse({"n": 1, "m": []}) is None
        True
    """

    __slots__ = ("_conditions", "_known")

    def __init__(self, conditions: Iterable[Any]) -> None:
        self._conditions = tuple(conditions)
        self._known: list[tuple[Any, Any, tuple[str, ...]]] | None = None

    def glimpse(self, data: Any) -> Any:
        """Return what stands for a state whose conditions cannot tell; `None` where they may.

        They call nothing, and so need not be called apart from a running loop either.

        Args:
            data: The state in its compact form.
        """
        known = self._known
        if known is None:
            known = self._look()
        if (type(data) is not dict and type(data) is not Wide) or not known:
            return None
        get = data.get
        for condition, code, keys in known:
            if condition.__code__ is not code:  # a module was reloaded in place
                self._known = None
                return self.glimpse(data)
            for key in keys:
                if type(get(key)) not in ATOMS:
                    return None
        return MappingProxyType(data)  # type: ignore[arg-type]  # all of it that is asked, Wide has

    def _look(self) -> list[tuple[Any, Any, tuple[str, ...]]]:
        found: list[tuple[Any, Any, tuple[str, ...]]] = []
        for condition in self._conditions:
            code = getattr(condition, "__code__", None)
            keys = looked_keys(condition)
            if keys is None:
                found = []
                break
            found.append((condition, code, keys))
        self._known = found
        return found
