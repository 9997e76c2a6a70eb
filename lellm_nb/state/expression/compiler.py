"""From the tree of an expression to functions of a state: each piece is known, or refused."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from lellm_nb.errors import nearest
from lellm_nb.state.expression.door import PYTHON, read, refused
from lellm_nb.state.expression.lookup import WHOLE, Ask, item_of, key_reader
from lellm_nb.state.expression.operations import (
    ARITHMETIC,
    FUNCTIONS,
    ORDERING,
    Steps,
    contains,
    ordered,
)
from lellm_nb.state.expression.pieces import (
    ORDERS,
    against_constant,
    called,
    chain,
    of_list,
    steps,
    walked,
)
from lellm_nb.state.expression.words import said_of, said_of_name

__all__ = ["Compiled", "compiled"]

DEEPEST = 48
"""So deep may pieces stand in each other."""

Scope = tuple[str, ...]
"""The names that a generator gives, the outer ones first. Where there are any, a piece is asked
with the state, the steps and their values, in place of the state alone."""

_UNARY: dict[str, Callable[[Any], Any]] = {
    "Not": operator.not_,
    "USub": operator.neg,
    "UAdd": operator.pos,
}


class Compiled:
    """An expression that can be asked.

    Attributes:
        ask: Called with a state; with `given` names, with what `scope_of` makes of one.
        keys: Every key that it may look up, in order.
    """

    __slots__ = ("ask", "keys")

    def __init__(self, ask: Ask, keys: tuple[str, ...]) -> None:
        self.ask = ask
        self.keys = keys

    @staticmethod
    def scope_of(state: Any, *values: Any) -> tuple[Any, ...]:
        """Return what one with given names is asked with: a state, and a value for each."""
        return (state, Steps(), *values)


def compiled(text: str, given: Scope = ()) -> Compiled:
    """Read an expression.

    Args:
        given: Names that mean something else than keys.

    Raises:
        ExpressionError: A piece of it is not of the language; shows where.

    Example:
        >>> made = compiled("total > 100 and plan.done")
        >>> made.ask({"total": 101, "plan": {"done": True}}), made.keys
        (True, ('total', 'plan.done', 'plan'))
    """
    compiler = _Compiler(text)
    ask = compiler.of(read(text), given)
    return Compiled(ask, tuple(compiler.keys))


class _Compiler:
    def __init__(self, text: str) -> None:
        self.text = text
        self.keys: dict[str, None] = {}
        self.depth = 0

    def of(self, node: ast.expr, scope: Scope) -> Ask:
        """Return a piece as a function."""
        make = _MADE.get(type(node).__name__)
        if make is None:
            raise self.refused(node, said_of(node))
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.refused(node, f"it is nested more than {DEEPEST} deep.")
        made = make(self, node, scope)
        self.depth -= 1
        return made

    def refused(self, node: ast.AST, said: str) -> Exception:
        """Return the error of a piece."""
        return refused(self.text, node, said)

    # -- values ------------------------------------------------------------------------------

    def constant(self, node: ast.Constant, scope: Scope) -> Ask:
        value = node.value
        if not (value is None or isinstance(value, (bool, int, float, str))):
            raise self.refused(node, said_of(node))
        return lambda _: value

    def listed(self, node: ast.List, scope: Scope) -> Ask:
        items = [self.of(item, scope) for item in node.elts]
        return lambda at: [item(at) for item in items]

    def paired(self, node: ast.Tuple, scope: Scope) -> Ask:
        items = [self.of(item, scope) for item in node.elts]
        return lambda at: tuple([item(at) for item in items])

    def mapped(self, node: ast.Dict, scope: Scope) -> Ask:
        pairs = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise self.refused(node, "** can't be in an expression: write the keys out.")
            pairs.append((self.of(key, scope), self.of(value, scope)))
        return lambda at: {key(at): value(at) for key, value in pairs}

    # -- names and paths ---------------------------------------------------------------------

    def path(self, node: ast.Name | ast.Attribute, scope: Scope) -> Ask:
        """Read a name, a dotted name, or a field of what an index leads to."""
        names: list[str] = []
        at: ast.expr = node
        while isinstance(at, ast.Attribute):
            self._public(at, at.attr)
            names.insert(0, at.attr)
            at = at.value
            if len(names) > DEEPEST:
                raise self.refused(at, f"it is a path of more than {DEEPEST} names.")
        if not isinstance(at, ast.Name):
            return steps(self.of(at, scope), names)
        self._public(at, at.id)
        if at.id in scope:
            number = scope.index(at.id) + 2
            return steps(lambda given: given[number], names)
        if wrong := said_of_name(at.id):
            raise self.refused(at, wrong)
        names.insert(0, at.id)
        return self._key(names, scope)

    def _key(self, names: list[str], scope: Scope) -> Ask:
        self.keys |= {".".join(names[:n]): None for n in range(len(names), 0, -1)}
        if names[0] == WHOLE and len(names) > 1:
            self.keys[names[1]] = None
        own = key_reader(names)
        return (lambda given: own(given[0])) if scope else own

    def _public(self, node: ast.AST, name: str) -> None:
        if name.startswith("_"):
            said = f"{name!r} is private: a name here does not begin with _."
            raise self.refused(node, f"{said} A key that does is state[{name!r}].")

    def index(self, node: ast.Subscript, scope: Scope) -> Ask:
        part = node.slice
        if isinstance(part, ast.Slice):
            raise self.refused(node, said_of(part))
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            if isinstance(node.value, ast.Name) and node.value.id == WHOLE:
                self.keys[part.value] = None
            return steps(self.of(node.value, scope), [part.value])
        own, which = self.of(node.value, scope), self.of(part, scope)
        return lambda at: item_of(own(at), which(at))

    # -- operators ---------------------------------------------------------------------------

    def either(self, node: ast.BoolOp, scope: Scope) -> Ask:
        parts = [self.of(value, scope) for value in node.values]
        first, second = parts[0], parts[1]
        both = isinstance(node.op, ast.And)
        if len(parts) == 2 and both:
            return lambda at: first(at) and second(at)
        if len(parts) == 2:
            return lambda at: first(at) or second(at)

        def ask(at: Any) -> Any:
            answer: Any = None
            for part in parts:
                answer = part(at)
                if bool(answer) is not both:
                    return answer
            return answer

        return ask

    def unary(self, node: ast.UnaryOp, scope: Scope) -> Ask:
        do = _UNARY.get(type(node.op).__name__)
        if do is None:
            raise self.refused(node, said_of(node.op))
        value = self.of(node.operand, scope)
        return lambda at: do(value(at))

    def arithmetic(self, node: ast.BinOp, scope: Scope) -> Ask:
        do = ARITHMETIC.get(type(node.op).__name__)
        if do is None:
            raise self.refused(node, said_of(node.op))
        left, right = self.of(node.left, scope), self.of(node.right, scope)
        return lambda at: do(left(at), right(at))

    def choice(self, node: ast.IfExp, scope: Scope) -> Ask:
        test, yes, no = (self.of(part, scope) for part in (node.test, node.body, node.orelse))
        return lambda at: yes(at) if test(at) else no(at)

    def comparison(self, node: ast.Compare, scope: Scope) -> Ask:
        left = self.of(node.left, scope)
        links = []
        for op, right in zip(node.ops, node.comparators, strict=True):
            links.append((self._rule(op, right, node), self.of(right, scope)))
        if len(links) > 1:
            return chain(left, links)
        rule, right_ask = links[0]
        quick = against_constant(node, scope)
        if quick is not None:
            return quick
        return lambda at: rule(left(at), right_ask(at))

    def _rule(self, op: ast.cmpop, right: ast.expr, node: ast.AST) -> Callable[[Any, Any], Any]:
        if isinstance(op, ast.In):
            return contains
        if isinstance(op, ast.NotIn):
            return lambda a, b: not contains(a, b)
        if isinstance(op, ast.Is | ast.IsNot):
            if not (isinstance(right, ast.Constant) and right.value in (None, True, False)):
                raise self.refused(node, "is compares with None, True or False: write == here.")
            return operator.is_ if isinstance(op, ast.Is) else operator.is_not
        order = ORDERS[type(op).__name__]
        return ordered(order) if order in ORDERING else order

    # -- functions and generators ------------------------------------------------------------

    def call(self, node: ast.Call, scope: Scope) -> Ask:
        if not isinstance(node.func, ast.Name):
            raise self.refused(node.func, said_of(node))
        name = node.func.id
        if name not in FUNCTIONS:
            hint = nearest(name, FUNCTIONS)
            known = f"Functions are {', '.join(FUNCTIONS)}. {PYTHON}"
            raise self.refused(node, f"there is no function {name!r} here.{hint} {known}")
        function, least, most = FUNCTIONS[name]
        if not least <= len(node.args) <= most:
            many = f"{least} to {most} arguments" if most > least else f"{least} argument"
            raise self.refused(node, f"{name} takes {many}, not {len(node.args)}.")
        default = self._default(name, node, scope)
        if isinstance(node.args[0], ast.GeneratorExp):
            if name in ("len", "abs", "round") or len(node.args) > 1:
                raise self.refused(node.args[0], said_of(node.args[0]))
            return of_list(function, self._generator(node.args[0], scope), default)
        parts = [self.of(part, scope) for part in node.args]
        if default is not None:
            return of_list(function, parts[0], default)
        return called(function, parts)

    def _default(self, name: str, node: ast.Call, scope: Scope) -> Ask | None:
        if not node.keywords:
            return None
        (first, *_) = node.keywords
        fits = name in ("min", "max") and len(node.args) == 1
        if first.arg != "default" or len(node.keywords) > 1 or not fits:
            raise self.refused(first, "the only named argument is default, of min and max.")
        return self.of(first.value, scope)

    def _generator(self, node: ast.GeneratorExp, scope: Scope) -> Ask:
        one = node.generators[0]
        if len(node.generators) > 1 or one.is_async or not isinstance(one.target, ast.Name):
            said = "a generator goes over one list, with one name: any(x > 3 for x in items)."
            raise self.refused(node, said)
        self._public(one.target, one.target.id)
        if wrong := said_of_name(one.target.id):
            raise self.refused(one.target, wrong)
        over = self.of(one.iter, scope)
        inner = (*(name if name != one.target.id else "" for name in scope), one.target.id)
        tests = [self.of(test, inner) for test in one.ifs]
        return walked(over, self.of(node.elt, inner), tests, inside=bool(scope))


_MADE: dict[str, Callable[[_Compiler, Any, Scope], Ask]] = {
    "Constant": _Compiler.constant,
    "List": _Compiler.listed,
    "Tuple": _Compiler.paired,
    "Dict": _Compiler.mapped,
    "Name": _Compiler.path,
    "Attribute": _Compiler.path,
    "Subscript": _Compiler.index,
    "BoolOp": _Compiler.either,
    "UnaryOp": _Compiler.unary,
    "BinOp": _Compiler.arithmetic,
    "IfExp": _Compiler.choice,
    "Compare": _Compiler.comparison,
    "Call": _Compiler.call,
}
"""By the name of a node in the tree, what makes a function of it; any other is refused."""
