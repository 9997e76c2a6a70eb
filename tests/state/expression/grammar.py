"""Random expressions of the language, and the namespaces that they are asked of."""

from __future__ import annotations

from hypothesis import strategies as st

__all__ = ["NAMES", "expressions", "namespaces"]

NUMBERS = ["n", "m", "total"]
TEXTS = ["name", "status"]
LISTS = ["items", "scores"]
NAMES = [*NUMBERS, *TEXTS, *LISTS]

_whole = st.integers(-20, 20)
_words = st.text("ab c", max_size=4)


def namespaces():
    """Every name with a value of its kind."""
    lists = st.lists(_whole, max_size=4)
    return st.fixed_dictionaries(
        {**dict.fromkeys(NUMBERS, _whole), **dict.fromkeys(TEXTS, _words)}
        | dict.fromkeys(LISTS, lists)
    )


def _joined(*parts):
    return st.tuples(*(st.just(p) if isinstance(p, str) else p for p in parts)).map("".join)


def _numbers(inner):
    return st.one_of(
        _joined("(", inner, st.sampled_from([" + ", " - ", " * ", " % ", " // "]), inner, ")"),
        _joined("-", inner),
        _joined("abs(", inner, ")"),
        _joined("round(", inner, ")"),
        _joined("max(", inner, ", ", inner, ")"),
        _joined("(", inner, " if n > m else ", inner, ")"),
    )


def _number():
    leaves = st.sampled_from(NUMBERS) | st.integers(0, 9).map(str)
    return st.recursive(leaves, _numbers, max_leaves=4)


def _list():
    made = st.lists(_number(), max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
    return st.sampled_from(LISTS) | made


def _of_lists():
    rule = st.sampled_from(["x > 2", "x == n", "x in items", "x % 2", "x < total < 5"])
    many = _list()
    return st.one_of(
        _joined("len(", many, ")"),
        _joined("sum(", many, ")"),
        _joined("max(", many, ", default=0)"),
        _joined("min((x for x in ", many, "), default=1)"),
        _joined("sum(x * 2 for x in ", many, " if ", rule, ")"),
        _joined("any(", rule, " for x in ", many, ")"),
        _joined("all(", rule, " for x in ", many, ")"),
        _joined("any(any(y == x for y in scores) for x in ", many, ")"),
    )


def _conditions(inner):
    return st.one_of(
        _joined("not (", inner, ")"),
        _joined("(", inner, " and ", inner, ")"),
        _joined("(", inner, " or ", inner, " or ", inner, ")"),
        _joined("((", inner, ") is None)"),
    )


def expressions():
    """Text in the language, for which Python means the same where nothing is absent."""
    number = _number() | _of_lists()
    order = st.sampled_from([" < ", " <= ", " > ", " >= ", " == ", " != "])
    leaves = st.one_of(
        _joined(number, order, number),
        _joined(number, " < ", number, order, number),
        _joined(st.sampled_from(TEXTS), order, _words.map(repr)),
        _joined(number, st.sampled_from([" in ", " not in "]), _list()),
        _joined(_words.map(repr), " in ", st.sampled_from(TEXTS)),
        _joined("(", number, ", ", number, ") == (", number, ", 1)"),
        _joined("{'a': ", number, "}['a']"),
        number,
    )
    return st.recursive(leaves, _conditions, max_leaves=4)
