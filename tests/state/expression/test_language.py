"""The expression language (SEMANTICS G10): what a text means."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given

from lellm_nb import Expression, State
from lellm_nb.state.expression.python_text import PythonText
from tests.state.expression.grammar import expressions, namespaces


def asked(ask):
    """What comes back, or the kind of what was raised."""
    try:
        found = ask()
    except (ArithmeticError, TypeError, ValueError) as error:
        return type(error)
    return type(found), found


@given(text=expressions(), names=namespaces())
def test_where_nothing_is_absent_it_means_what_python_means(text, names):
    """G10: operators, chains, functions and generators are Python's own."""
    python = asked(lambda: eval(text, dict(names)))

    assert asked(lambda: Expression(text)(names)) == python
    assert asked(lambda: Expression(text)(State(names))) == python


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("plan.steps[1].name", "b"),
        ('plan["steps"][-1]["name"]', "b"),
        ("plan.steps[i].name", "a"),
        ("approve.reject_reason", "short"),
        ("approve.reject_reason == 'short' and plan.done", True),
        ("a.b.c", 1),
        ("a.b.d", 2),
        ("state['odd key']", 7),
        ("'odd key' in state and len(state) == 5", True),
        ("state.i", 0),
    ],
)
def test_a_dotted_name_is_first_the_key_that_is_called_so(text, means):
    """G10: then a path, into the longest key that there is."""
    state = {
        "plan": {"steps": [{"name": "a"}, {"name": "b"}], "done": True},
        "approve.reject_reason": "short",
        "odd key": 7,
        "i": 0,
    }
    deep = {"a.b": {"c": 1, "d": 2}, "a": {"b": {"c": 5}}}
    state = deep if text.startswith("a.") else {**state, "more": 1}

    assert Expression(text)(state) == means
    assert Expression(text)(State(state)) == means


@pytest.mark.parametrize(
    ("text", "means"),
    [
        *[(f"gone {order} 3", False) for order in ("<", "<=", ">", ">=", "==")],
        *[("3 > gone", False), ("0 < gone < 5", False), ("gone != 3", True)],
        *[("gone is None", True), ("gone is not None", False), ("not gone", True)],
        *[("gone.deeper[3].still", None), ("items[9]", None), ("items['x']", None)],
        *[("'x' in gone", False), ("'x' not in gone", True), ("gone in [None]", True)],
        *[("len(gone)", None), ("len(gone) > 3", False), ("sum(gone)", None)],
        *[("any(x > 1 for x in gone)", False), ("all(gone)", False), ("max(gone, default=2)", 2)],
        *[("max((x for x in gone), default=2)", 2), ("round(gone, 2)", None)],
    ],
)
def test_what_is_absent_is_none_and_has_no_order(text, means):
    """G10: a condition on what comes later does not hold, and raises nothing."""
    assert Expression(text)({"items": [1]}) is means or Expression(text)({"items": [1]}) == means


def test_what_an_expression_raises_is_an_error_of_the_condition():
    """G10: arithmetic with what is absent is no answer."""
    with pytest.raises(TypeError):
        Expression("gone + 1")({})
    with pytest.raises(TypeError):
        Expression("'a' + 1")({})
    with pytest.raises(ZeroDivisionError):
        Expression("1 / n")({"n": 0})


def test_what_is_not_needed_is_not_asked():
    """G10: and, or and the conditional expression stop where the answer is known."""
    state = {"n": 0}

    assert Expression("n and 1 / n")(state) == 0
    assert Expression("1 / n if n else 5")(state) == 5
    assert Expression("n == 0 or 1 / n or 2 / n")(state) is True


def test_an_expression_is_a_value():
    """Equal by its text; copied, pickled, shown as its text."""
    one = Expression("  total > 100 ")

    assert one == Expression("total > 100") != Expression("total > 101")
    assert one != PythonText("py: total > 100")
    assert len({one, Expression("total > 100")}) == 1
    assert (repr(one), one.text) == ("total > 100", "total > 100")
    for again in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one), copy.copy(one)):
        assert again == one
        assert again({"total": 101}) is True


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("total > 100 and n < total", ("total", "n")),
        ("plan.steps[i]", ("plan.steps", "plan", "i")),
        ("any(x.ok and n for x in items)", ("items", "n")),
        ("state['odd key']", ("odd key", "state")),
        ("3 > 2", ()),
    ],
)
def test_an_expression_knows_every_key_that_it_may_look_up(text, keys):
    """G10, for who tells what was read."""
    assert Expression(text).keys == keys


def test_the_name_of_a_generator_hides_a_key_and_the_inner_one_the_outer():
    """As in Python."""
    state = {"x": 5, "rows": [[1, 2], [3]]}

    assert Expression("sum(sum(x for x in x) for x in rows)")(state) == 6
    assert Expression("any(x == 5 for y in rows)")(state) is True
    assert Expression("x")(state) == 5


def test_python_proper_is_another_language():
    """G10: after py: it is what it always was."""
    grown = PythonText("py: [w.upper() for w in words if len(w) > least]")

    assert grown({"words": ["a", "bc"], "least": 1}) == ["BC"]
    assert PythonText("py: state['odd key']")({"odd key": 3}) == 3
    assert pickle.loads(pickle.dumps(grown)) == grown
