"""What is no expression is refused at the door, in words that say where and what instead (G10)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import Expression
from lellm_nb.errors import ExpressionError, StateError
from lellm_nb.state.expression.door import LONGEST
from tests.state.expression.grammar import expressions


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("total = 3", 7, "to compare, write =="),
        ("(total := 3)", 2, "assigns nothing"),
        ("import os", 1, "import is a statement"),
        ("del total", 1, "delete is a statement"),
        ("n > 1 && m", 8, "write and for &&"),
        ("n > 1 || m", 8, r"write or for \|\|"),
        ("!done", 1, "write not for !"),
        ("done == true", 9, "write True for true"),
        ("n >", 4, "something is missing at its end"),
        ("lenn(items)", 1, "no function 'lenn' here. Did you mean 'len'"),
        ("open('/etc/passwd')", 1, "no function 'open'"),
        ("__import__('os')", 1, "no function '__import__'"),
        ("name.startswith('a')", 1, "no method can be called"),
        ("state.get('n', 0) > 2", 1, r"for x\.get\(key\) write x\[key\]"),
        ("items[0]()", 1, "nor what a path leads to"),
        ("n + _hidden", 5, "'_hidden' is private"),
        ("name.__class__", 1, "'__class__' is private"),
        ("(lambda: 1)", 2, "a lambda can't be"),
        ("[x for x in items]", 1, r"any\(x > 3 for x in items\)"),
        ("{x: 1 for x in items}", 1, "no comprehension"),
        ("(x for x in items)", 1, "a generator stands alone in any"),
        ("len(x for x in items)", 4, "a generator stands alone in any"),
        ("any(x for y in items for x in y)", 4, "one list, with one name"),
        ("any(x for x, y in items)", 4, "one list, with one name"),
        ("any(_x for _x in items)", 12, "'_x' is private"),
        ("f'{n}'", 1, "an f-string"),
        ("{1, 2}", 1, "a set can't be in an expression: write a list"),
        ("[*items]", 2, "write the items out"),
        ("{**a}", 1, "write the keys out"),
        ("items[1:2]", 1, "a slice"),
        ("n & m", 1, "for & write and"),
        ("~n", 1, "for ~ write not"),
        ("n is 3", 1, "write == here"),
        ("b'x' == n", 1, "a literal is a number"),
        ("... == n", 1, "a literal is a number"),
        ("1j > n", 1, "a literal is a number"),
        ("round(n, 1, 2)", 1, "round takes 1 to 2 arguments, not 3"),
        ("len()", 1, "len takes 1 argument, not 0"),
        ("max(items, key=len)", 12, "the only named argument is default"),
        ("sum(items, default=1)", 12, "the only named argument is default"),
        ("(await n)", 2, "await can't be"),
        ("n >\n  m +", 4, "invalid syntax"),
        ("(n >\n  lenn(m))", 3, "Did you mean 'len'"),
        ("é > open(n)", 5, "no function 'open'"),
    ],
)
def test_a_piece_that_is_not_of_the_language_is_named_with_its_column(text, column, says):
    """G10: nothing is guessed, nothing is run."""
    with pytest.raises(ExpressionError, match=says) as refused:
        Expression(text)

    assert (refused.value.column, refused.value.text) == (column, text)
    assert f"column {column}:" in str(refused.value)
    assert refused.value.argument == "text"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The expression is empty"),
        (" \n ", "The expression is empty"),
        ("a\0b", "null byte"),
        ("n" * (LONGEST + 1), "characters"),
        ("-" * 1_900 + "n", "nested"),
        ("(" * 900 + "n" + ")" * 900, "."),
        ("not " * 400 + "n", "nested"),
        ("[" * 60 + "]" * 60, "nested"),
        ("+".join(["n"] * 200), "nested"),
        (".".join(["n"] * 200), "a path of more than 48 names"),
        ("n" + "[0]" * 200, "nested"),
        ("any(" * 60 + "n" + " for x in n)" * 60, "nested"),
    ],
)
def test_a_text_has_an_end_and_a_depth(text, says):
    """G10: whoever opens a run reads what somebody stored."""
    with pytest.raises(ExpressionError, match=says):
        Expression(text)


@pytest.mark.parametrize("given", [3, None, b"n > 2", ["n"]])
def test_what_is_no_text_is_refused(given):
    """Bad input, by the argument's name."""
    with pytest.raises(StateError, match="text is an expression") as refused:
        Expression(given)

    assert refused.value.argument == "text"


class Trap:
    """An object in a state of which nothing is to be called."""

    def __getattr__(self, name):
        raise AssertionError(f"{name} was asked for")

    def __call__(self, *args):
        raise AssertionError("it was called")


_PIECES = [
    *("__class__", "__import__", "eval", "exec", "open", "getattr", "globals", "os", "system"),
    *("trap", "n", "items", ".", "(", ")", "[", "]", ",", ":", "=", " ", "lambda", "for", "x"),
    *("in", "if", "else", "not", "*", "**", "9" * 6, "'x'", "f'{trap()}'", "await", ":=", "len"),
]


def refusal_of(text):
    """What the door says of a text; None where it takes it."""
    try:
        Expression(text)
    except ExpressionError as refused:
        return refused
    return None


@given(text=st.lists(st.sampled_from(_PIECES), max_size=12).map("".join) | st.text(max_size=30))
def test_no_text_does_more_than_look(text):
    """G10: it is refused, or asks of a state and touches nothing else."""
    state = {"n": 3, "items": [1, 2], "trap": Trap()}
    refused = refusal_of(text)
    if refused is None:
        with contextlib.suppress(ArithmeticError, TypeError, ValueError):
            Expression(text)(state)

    assert refused is None or str(refused).startswith("The expression")
    assert state["items"] == [1, 2]


@given(text=expressions(), at=st.integers(0, 60), piece=st.sampled_from(_PIECES))
def test_a_text_that_is_damaged_is_refused_or_means_something(text, at, piece):
    """G10: by no other error than that of the door."""
    damaged = text[:at] + piece + text[at:]
    refused = refusal_of(damaged)

    assert refused is None or 0 <= refused.column <= len(damaged) + 1
