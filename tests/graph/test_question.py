"""What may be asked, looked at where it is said."""

from __future__ import annotations

import pytest

from lellm_nb import DefaultAction, GraphBuilder, Question
from lellm_nb.errors import GraphError, InvalidNodeError

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}
CHOICE = Question("Ship it?", choices=["now", "later"])


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"text": ""}, "text"),
        ({"text": 3}, "text"),
        ({"text": "?", "choices": []}, "choices"),
        ({"text": "?", "choices": "abc"}, "choices"),
        ({"text": "?", "choices": ["a", "a"]}, "choices"),
        ({"text": "?", "choices": [object()]}, "choices"),
        ({"text": "?", "choices": {"a": 3}}, "choices"),
        ({"text": "?", "choices": ["a"], "form": SCHEMA}, "form"),
        ({"text": "?", "form": 3}, "form"),
        ({"text": "?", "form": int}, "form"),
        ({"text": "?", "form": {"not": {}}}, "form"),
        ({"text": "?", "form": {"type": object()}}, "form"),
    ],
)
def test_what_is_no_question_is_refused(given, argument):
    """B8: at the door, naming the argument."""
    with pytest.raises(GraphError) as caught:
        Question(**given)

    assert caught.value.argument == argument


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"ask": "Ship it?"}, "ask"),
        ({"ask": CHOICE, "default_action": DefaultAction.APPROVE}, "default_action"),
        ({"show": 3}, "show"),
        ({"show": [3]}, "show"),
        ({"show": {"n": 1}}, "show"),
    ],
)
def test_what_no_barrier_can_have_is_refused(given, argument):
    """B8: a question that would be approved by itself has no answer."""
    with pytest.raises(InvalidNodeError) as caught:
        GraphBuilder("g").barrier("ask", **given)

    assert caught.value.argument == argument
