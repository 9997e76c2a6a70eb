"""What a state's keys take: words for a form, and one rule for what fits."""

from __future__ import annotations

import dataclasses
import enum
import json
from typing import Any, Literal

import pydantic
import pytest

from lellm_nb import Debugger, GraphBuilder, Reducer, StateKey, typed_state
from lellm_nb.errors import StateTypeError
from lellm_nb.notebook.messages.commands import read_order
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.state.schema import Field, Schema
from lellm_nb.state.type_hints import misfit, words


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Author:
    name: str
    age: int = 0


@typed_state
@dataclasses.dataclass
class Review:
    topic: str
    stars: int = 3
    price: float | None = None
    ready: bool = False
    tone: Literal["dry", "warm"] = "dry"
    drafts: list[str] = dataclasses.field(default_factory=list)
    author: Author | None = None
    ok: bool = False
    why: str = ""
    client: Any = dataclasses.field(default=None, metadata={"transient": True})


@typed_state
class Order(pydantic.BaseModel):
    item: str
    amount: int = pydantic.Field(default=1, ge=1)
    colour: Colour = Colour.RED
    ok: bool = False
    why: str = ""


def waiting(state, **options):
    g = GraphBuilder("g", **options).barrier("approve", approve_key="ok", reject_key="why")
    g.node("last", lambda ctx: None)
    dbg = Debugger(g.edge("approve", "last").start("approve").end("last").build(), state)
    dbg.run()
    return dbg


def ask(dbg, **question):
    return answer(Updates(dbg), {"id": dbg.pending[0].id, **question})


def check(dbg, key, value):
    return ask(dbg, ask="preview", kind="modify", key=key, value=value)


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        (int, "a whole number"),
        (float | None, "a number, or null"),
        (Literal["a", 1], 'one of "a", 1'),
        (Colour, 'one of "red", "blue"'),
        (list[int], "a list of whole numbers"),
        (dict[str, list[str]], "an object of values, each a list of text"),
        (tuple[int, str], "a list of 2: a whole number, text"),
        (Author, "an object with name, age"),
        (int | str, "a whole number or text"),
        (Any, "any value"),
    ],
)
def test_types_are_told_in_words(hint, said):
    """A person who fills in a form need not know Python's names for types."""
    assert words(hint) == said


@pytest.mark.parametrize(
    ("hint", "good", "bad", "where"),
    [
        (int, 3, True, ()),
        (float, 3, "3", ()),
        (bool, True, 1, ()),
        (list[int], [1], [1, "x"], (1,)),
        (dict[str, int], {"a": 1}, {"a": None}, ("a",)),
        (tuple[int, str], [1, "a"], [1], ()),
        (Author, {"name": "Ada"}, {"age": 1}, ("name",)),
        (Author | None, None, {"name": 1}, ("name",)),
        (Literal["a"], "a", "b", ()),
        (Literal[1], 1, True, ()),
        (Colour, "red", "green", ()),
        (list, [1], {"a": 1}, ()),
    ],
)
def test_a_misfit_is_found_where_it_stands(hint, good, bad, where):
    """The path leads to the value that is wrong, and not to the whole."""
    assert misfit(hint, good) is None
    found = misfit(hint, bad)
    assert found is not None
    assert found[0] == where


def test_a_class_has_its_fields_with_defaults_and_no_others():
    """Transient fields are no part of the state."""
    schema = Schema.of(Review("otters"))

    names = ["topic", "stars", "price", "ready", "tone", "drafts", "author", "ok", "why"]
    assert list(schema.fields) == names
    kinds = [field.kind for field in schema.fields.values()][:7]
    assert kinds == ["text", "integer", "number", "boolean", "choice", "json", "json"]
    assert schema.fields["topic"].required
    assert schema.fields["drafts"].default == []
    assert not schema.open
    with pytest.raises(StateTypeError, match="Did you mean 'topic'"):
        schema.read("topics", "x")


def test_a_model_has_its_fields_too():
    """Of a pydantic model the annotations and the defaults."""
    fields = Schema.of(Order(item="pen")).fields

    assert [(f.kind, f.required, f.choices) for f in fields.values()][:3] == [
        ("text", True, ()),
        ("integer", False, ()),
        ("choice", False, ("red", "blue")),
    ]


def test_a_mapping_has_its_keys_and_those_that_are_declared():
    """What stands there gives a note and no refusal; what a StateKey declares is kept to."""
    keys = [StateKey("count", int, Reducer.SUM), StateKey("log", list, Reducer.APPEND)]
    dbg = waiting({"n": 1, "said": "hi", "count": 2}, reducers=keys)
    form = ask(dbg, ask="card")["form"]

    assert form["open"]
    rows = {row["name"]: row for row in form["fields"]}
    assert (rows["n"]["kind"], rows["n"]["declared"], rows["n"]["text"]) == ("integer", False, "1")
    assert (rows["count"]["declared"], rows["count"]["reducer"]) == (True, "sum")
    assert rows["log"]["text"] is None
    assert check(dbg, "n", "three")["note"] == "n holds a whole number; this is text."
    assert "invalid" not in check(dbg, "new key", "3")
    refused = check(dbg, "count", "many")
    assert (refused["invalid"], refused["error"]) == (
        "value",
        "count takes a whole number; this is text.",
    )


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("topic", "7", "7"),
        ("topic", '"seven"', "seven"),
        ("stars", "4", 4),
        ("price", "null", None),
        ("ready", "true", True),
        ("tone", '"warm"', "warm"),
        ("tone", "warm", "warm"),
        ("drafts", '["a"]', ["a"]),
        ("author", '{"name": "Ada"}', {"name": "Ada"}),
    ],
)
def test_what_is_typed_is_read_as_the_field_means_it(key, text, value):
    """A number for a text is a text; a choice need not be quoted."""
    assert Schema.of(Review("x")).read(key, text) == value


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("stars", "many", "stars takes a whole number; this is text."),
        ("stars", "4.5", "stars takes a whole number; this is a number."),
        ("tone", "loud", 'tone takes one of "dry", "warm"; this is text.'),
        ("drafts", '["a", 3]', "drafts[1] takes text; this is a whole number."),
        ("author", '{"age": 3}', "author.name takes text; this is missing."),
        ("ready", "yes", "ready takes true or false; this is text."),
    ],
)
def test_the_form_and_the_button_refuse_the_same_and_say_what_is_expected(key, text, said):
    """One rule: what is marked in the form is what Modify refuses."""
    dbg = waiting(Review("otters"))
    refused = check(dbg, key, text)

    assert (refused["invalid"], refused["error"]) == ("value", said)
    order = {"do": "modify", "id": dbg.pending[0].id, "key": key, "value": text, "stay": True}
    with pytest.raises(StateTypeError, match=said.split(" ")[0].replace("[", r"\[")):
        read_order(dbg, order).post(dbg)
    assert dbg.pending


def test_a_models_own_rules_count_and_are_told_in_its_words():
    """The engine asks the model; of what it says the part about the field is shown."""
    dbg = waiting(Order(item="pen"))

    assert check(dbg, "amount", "0") == {
        "next": None,
        "rows": [],
        "more": 0,
        "invalid": "value",
        "error": "amount: Input should be greater than or equal to 1",
    }
    assert check(dbg, "amounts", "2")["invalid"] == "key"
    assert check(dbg, "colour", "blue")["rows"][0]["new"]["text"] == "blue"


def test_a_good_value_shows_its_diff_and_is_written():
    """The preview is that of the decision itself."""
    dbg = waiting(Review("otters"))
    shown = check(dbg, "stars", "5")

    assert {"stars", "ok"} <= {row["path"] for row in shown["rows"]}
    order = {"do": "modify", "id": dbg.pending[0].id, "key": "stars", "value": "5", "stay": True}
    read_order(dbg, order).post(dbg).result(10)
    assert (dbg.state.stars, dbg.state.ok) == (5, True)


def test_a_class_without_the_barrier_s_own_keys_takes_every_answer():
    """B8: what it has no field for is left out, and what was typed is written."""
    g = GraphBuilder("g").barrier("approve").node("last", lambda ctx: None)
    g.edge("approve", "last").start("approve").end("last")
    dbg = Debugger(g.build(), Review("otters"))
    dbg.run()
    told = check(dbg, "stars", "5")

    assert [row["path"] for row in told["rows"]] == ["stars"]
    assert told["next"] == "last"


def test_an_object_is_made_of_what_is_typed_for_one():
    """S9: the field holds what its class says, and not a mapping."""
    dbg = waiting(Review("otters"))
    text = '{"name": "Ada"}'
    order = {"do": "modify", "id": dbg.pending[0].id, "key": "author", "value": text, "stay": True}
    read_order(dbg, order).post(dbg).result(10)

    assert dbg.state.author == Author("Ada")


def test_forms_travel_as_json():
    """Rows are plain, whatever the state holds."""
    dbg = waiting({"key": "sk-" + "a1" * 16, "odd": object(), "big": "x" * 10_000, "rows": [{}]})
    form = json.loads(json.dumps(ask(dbg, ask="card")["form"]))
    rows = {row["name"]: row for row in form["fields"]}

    assert (rows["key"]["text"], rows["key"]["redacted"]) == ("", "[redacted: OpenAI key]")
    assert rows["odd"]["text"] is rows["big"]["text"] is None
    assert rows["rows"]["kind"] == "json"
    assert Field("any").parse("[" * 100_000) == "[" * 100_000
