"""Pieces that expressions are put together from."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from lellm_nb.state.containers.read_only import ATOMS
from lellm_nb.state.expression.lookup import WHOLE, Ask, item_of, key_reader
from lellm_nb.state.expression.operations import ORDERING, Steps
from lellm_nb.state.state import State

__all__ = ["ORDERS", "against_constant", "called", "chain", "of_list", "steps", "walked"]

ORDERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Eq": operator.eq,
    "NotEq": operator.ne,
}
"""The comparisons that are operators of Python's, by the name of the node in a tree."""


def steps(own: Ask, names: Sequence[str]) -> Ask:
    """Return what goes on from a value by names."""
    if not names:
        return own
    if len(names) == 1:
        name = names[0]
        return lambda at: item_of(own(at), name)

    def ask(at: Any) -> Any:
        value = own(at)
        for name in names:
            value = item_of(value, name)
        return value

    return ask


def chain(left: Ask, links: Sequence[tuple[Callable[[Any, Any], Any], Ask]]) -> Ask:
    """Return comparisons in a row: ``0 < n <= 5``."""

    def ask(at: Any) -> Any:
        before, answer = left(at), True
        for rule, right in links:
            now = right(at)
            answer = rule(before, now)
            if not answer:
                return answer
            before = now
        return answer

    return ask


def called(function: Callable[..., Any], parts: Sequence[Ask]) -> Ask:
    """Return a call; of None alone it is None, and of any and all False."""
    first, nothing = parts[0], _of_nothing(function)
    if len(parts) == 1:

        def ask(at: Any) -> Any:
            value = first(at)
            return nothing if value is None else function(value)

        return ask
    compares = function in (min, max)

    def ask_all(at: Any) -> Any:
        values = [part(at) for part in parts]
        return None if values[0] is None and not compares else function(*values)

    return ask_all


def of_list(function: Callable[..., Any], own: Ask, default: Ask | None) -> Ask:
    """Return a call for one list, or what a generator gives; of None it is the default."""
    nothing = _of_nothing(function)

    def ask(at: Any) -> Any:
        value = own(at)
        if default is None:
            return nothing if value is None else function(value)
        return default(at) if value is None else function(value, default=default(at))

    return ask


def _of_nothing(function: Callable[..., Any]) -> Any:
    return False if function in (any, all) else None


def walked(over: Ask, item_asked: Ask, tests: Sequence[Ask], *, inside: bool) -> Ask:
    """Return a generator over one list; None where the list is.

    Args:
        over: Gives the list.
        item_asked: Asked for each item, which comes last of what it is given.
        tests: All hold for the items that count.
        inside: Whether it stands in another generator.
    """

    def plain(many: Any, given: tuple[Any, ...]) -> Iterator[Any]:
        for item in many:
            yield item_asked((*given, item))

    def tested(many: Any, given: tuple[Any, ...]) -> Iterator[Any]:
        for item in many:
            at = (*given, item)
            if all(test(at) for test in tests):
                yield item_asked(at)

    walk = tested if tests else plain

    def ask(at: Any) -> Any:
        many = over(at)
        if many is None:
            return None
        given = at if inside else (at, Steps())
        given[1].count(many)
        return walk(many, given)

    return ask


def against_constant(node: ast.Compare, scope: tuple[str, ...]) -> Ask | None:
    """Return a quick way for a key against a constant, which most conditions are; else None."""
    (right,), (op,) = node.comparators, node.ops
    order = ORDERS.get(type(op).__name__)
    value = getattr(right, "value", None)
    if scope or order is None or not isinstance(node.left, ast.Name) or node.left.id == WHOLE:
        return None
    if type(right) is not ast.Constant or value is None:
        return None
    key, get, own = node.left.id, dict.get, key_reader([node.left.id])
    nothing = order is operator.ne if order not in ORDERING else False

    def ask(state: Any) -> Any:
        held = get(state, key) if type(state) is State else own(state)
        if type(held) not in ATOMS:
            held = own(state)
        return nothing if held is None else order(held, value)

    return ask
