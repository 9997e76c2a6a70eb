"""How a request differs from another: where, and inside of texts in which words (CALLS.md, K3)."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb.calls.call import Call
from lellm_nb.calls.exchange import Exchange
from lellm_nb.calls.request_diff import compared, differs
from lellm_nb.errors import DebuggerError
from lellm_nb.errors.key_patterns import without_keys
from tests.calls.formats.samples import ASKED, call, exchange

KEY = "sk-" + "a1B2" * 8


def sent(data: object, url: str = "http://m/v1", method: str = "POST") -> Exchange:
    """A request of JSON data, or of bytes."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Exchange(method, url, (), body)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            {"messages": ["s", {"content": "Paris?"}]},
            {"messages": ["s", {"content": "Rome?"}]},
            "messages[1].content: 'Paris?' -> 'Rome?'",
        ),
        (
            {"q": "What is the capital of France today"},
            {"q": "What is the capital of Italy now"},
            "q: 'France today' -> 'Italy now'",
        ),
        ({"t": 0}, {"t": 0.5}, "t: 0 -> 0.5"),
        ({"t": 1}, {"t": True}, "t: 1 -> True"),
        ({"t": 1}, {"t": 1, "n": 2}, "n: added 2"),
        ({"t": 1, "n": 2}, {"t": 1}, "n: removed 2"),
        ({"m": [1, 2, 3]}, {"m": [1, 3]}, "m[1]: removed 2"),
        ({"m": [1, 3]}, {"m": [1, 2, 3]}, "m[1]: added 2"),
        (
            {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1},
            {"a": 2, "b": 2, "c": 2, "d": 2, "e": 2},
            "a: 1 -> 2, b: 1 -> 2, c: 1 -> 2, … 2 more",
        ),
        (b"\xff\x00", b"\xff\x01", "its body changed"),
        ({"a": 1, "b": 2}, b'{"b": 2, "a": 1}', None),
    ],
)
def test_a_difference_is_told_by_its_path(old, new, said):
    """At most three, and how many more there are."""
    told = differs(sent(new), sent(old))

    if said is None:
        assert told == "differs from the recorded one only in how it is written"
    else:
        assert told == f"differs from the recorded one: {said}"


def test_another_address_says_it_all():
    """What the bodies say of each other then means nothing."""
    old, new = sent({"a": 1}, "http://m/a"), sent({"a": 2}, "http://m/b")

    assert differs(new, old) == "goes to http://m/b, not http://m/a"
    assert differs(new, sent(b"", "http://m/a", "GET")) == (
        "goes to POST http://m/b, not GET http://m/a"
    )


def test_one_that_was_not_recorded_is_named():
    """By method and address."""
    assert differs(sent({}), None) == "(POST http://m/v1) was not recorded"


def test_an_answer_without_its_secrets_is_no_answer():
    """A miss says that it was recorded, and why it is not served (K5)."""
    old = sent({"a": 1})
    old.hidden = True

    assert "secrets were taken out of its answer" in differs(sent({"a": 1}), old)


def test_secrets_are_taken_out_of_what_is_told():
    """By place, and by how they look (K5, K14)."""

    def clean(value: object) -> object:
        if isinstance(value, dict):
            return {k: "hidden" if k == "password" else v for k, v in value.items()}
        return without_keys(value)

    old, new = {"password": "a", "q": f"{KEY} Paris"}, {"password": "b", "q": f"{KEY} Rome {KEY}"}
    told = differs(sent(new), sent(old), clean)

    assert KEY not in told
    assert "password" not in told
    assert "Rome" in told


def test_a_long_text_is_told_by_its_words():
    """Not by its beginning, where it is the same; and not for ever."""
    text = "word " * 4000
    told = differs(sent({"q": text + "Rome"}), sent({"q": text + "Paris"}))
    assert told.endswith("q: 'Paris' -> 'Rome'")

    long = differs(sent({"q": "b " * 9000}), sent({"q": "a " * 9000}))
    assert len(long) < 300


def test_calls_are_compared_by_what_they_ask():
    """Model, messages, tools and the rest; by default with the call before."""
    asked = copy.deepcopy(ASKED["chat"])
    asked["messages"].append({"role": "user", "content": "And Rome?"})
    asked["temperature"] = 1
    first, then = call("chat"), Call(3, [exchange("chat", **asked)])
    then.before = first
    found = then.diff()

    assert repr(found) == ("messages[4]: added 'user: And Rome?'\ntemperature: 0.2 -> 1")
    assert [(one.path, one.kind) for one in found] == [
        ("messages[4]", "added"),
        ("temperature", "changed"),
    ]
    assert found[1].old == 0.2
    assert first.diff(then)[0].kind == "removed"
    assert repr(first.diff(call("chat"))) == "(no difference)"


def test_the_first_call_has_none_before_it():
    """Then one is to be named."""
    with pytest.raises(DebuggerError, match=r"call.diff\(other\)"):
        call("chat").diff()


def test_other_formats_are_compared_by_what_was_said():
    """The same question to another API is the same question."""
    paths = {change.path for change in call("chat").diff(call("anthropic"))}

    assert "model" in paths
    assert "messages[0].content" in paths


def test_a_difference_is_a_table():
    """Typed, also when it is empty."""
    rows = compared({"a": 1}, {"a": 2, "b": [3]}).to_pandas()
    none = compared({}, {}).to_pandas()

    assert rows.to_dict("records") == [
        {"path": "a", "kind": "changed", "old": 1, "new": 2},
        {"path": "b", "kind": "added", "old": None, "new": [3]},
    ]
    assert list(none.columns) == ["path", "kind", "old", "new"]
    assert none.dtypes["path"] == rows.dtypes["path"] == "string"


def test_keys_are_not_shown_by_a_difference():
    """It is what a cell is saved with."""
    found = compared({"q": "nothing"}, {"q": f"use {KEY}"})

    assert KEY not in repr(found)
    assert KEY not in repr(found[0])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b c", "b d"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=10,
)


@given(VALUES, VALUES)
def test_only_what_is_equal_has_no_difference(old, new):
    """Whatever was compared."""
    equal = json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)

    assert (len(compared(old, new)) == 0) is equal
