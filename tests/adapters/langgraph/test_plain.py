"""The corpus itself is right: plain LangGraph comes to an end with every case."""

from __future__ import annotations

import copy

import pytest

from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.plain import normal, run_plain


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", CASES)
def test_plain_langgraph_comes_to_one_end_and_changes_no_input(name):
    """A case is a fixed point to compare with: twice the same values, its input as it was."""
    one, two = CASES[name](), CASES[name]()
    given = normal(copy.deepcopy(one.input))
    first, second = run_plain(one), run_plain(two)

    assert (first.error, second.error) == (None, None)
    assert first.values == second.values
    assert normal(one.input) == given
    assert first.ran
    if one.right is not None:
        assert first.values != one.right, "upstream was mended: compare with it again"


@pytest.mark.parametrize("name", CASES)
def test_what_runs_again_is_named_rightly(name):
    """`again` and `once` name functions of the case, so that a slip does not hide a count."""
    case = CASES[name]()
    ran = run_plain(case).ran

    assert case.again | case.once <= set(ran)
