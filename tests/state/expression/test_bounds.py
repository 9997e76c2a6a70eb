"""No expression takes a machine down, whoever stored it (SEMANTICS G10)."""

from __future__ import annotations

import fractions

import pytest

from lellm_nb import Expression
from lellm_nb.state.expression.operations import MOST_STEPS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("'x' * 10**9", "more than 10,000 items"),
        ("10**9 * 'x'", "more than 10,000 items"),
        ("[0] * 10**9", "more than 10,000 items"),
        ("(1, 2) * 10001", "more than 10,000 items"),
        ("[[0]] * 3", "plain values only"),
        ("9 ** 9 ** 9", "a power of more than"),
        ("2 ** -(10**9)", "a power of more than"),
        ("part ** 10**9", "a power of more than"),
        ("round(5, -(10**9))", "digits"),
        ("'%1000000000d' % 3", "formats no text"),
        ("any(any(any(x == -1 for x in many) for y in many) for z in many)", "more than"),
        ("sum(1 for x in endless)", "goes over a list"),
    ],
)
def test_what_would_not_end_is_an_error(text, says):
    """G10: it is told at once, as an error of the condition."""
    state = {
        "many": list(range(500)),
        "part": fractions.Fraction(1, 3),
        "endless": iter(int, 1),
    }
    with pytest.raises((ValueError, TypeError), match=says):
        Expression(text)(state)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("'ab' * 3", "ababab"),
        ("[1] * 2", [1, 1]),
        ("2 ** 100", 2**100),
        ("round(1234, -2)", 1200),
        ("sum(1 for x in many)", MOST_STEPS // 10),
    ],
)
def test_what_people_write_is_far_from_the_bounds(text, means):
    """G10."""
    assert Expression(text)({"many": [0] * (MOST_STEPS // 10)}) == means
