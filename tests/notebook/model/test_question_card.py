"""The card of what waits: what is asked in full, the form of its answer, and no secret in it."""

from __future__ import annotations

import json

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from lellm_nb import Debugger, GraphBuilder, Question
from lellm_nb.notebook.messages.commands import read_order
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.answer_form import answer_fields, asked_parts
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.values.editable import RedactedEditError
from lellm_nb.record.redaction.redactor import Redactor
from tests.adapters.langgraph.case import Ran
from tests.adapters.langgraph.graphs_interrupts import (
    HAS_PER_CALL,
    HAS_SCHEMA,
    asks_by_schema,
    parallel_interrupts,
    send_subgraph_interrupt,
    static_both_levels,
)
from tests.adapters.langgraph.law import debugger
from tests.adapters.langgraph.models import Scripted, arithmetic, by_tools, call

KEY = "sk-" + "a1" * 20


def asking(value, **options):
    """Return a debugger of a node that asks, standing there."""
    g = StateGraph(dict).add_node("ask", lambda s: {"said": interrupt(value)})
    dbg = Debugger(g.add_edge(START, "ask").compile(), {"n": 1}, **options)
    dbg.run()
    return dbg


def agent(**options):
    """Return a debugger of an agent that wants two tools, standing where it asks; and its count."""
    ran = Ran()
    both = [call("add", "t1", a=1, b=2), call("mul", "t2", a=3, b=4)]
    says = by_tools(AIMessage("", id="ai1", tool_calls=both), AIMessage("done", id="ai2"))
    asks = HumanInTheLoopMiddleware(interrupt_on={"add": True, "mul": True}, **options)
    tools = arithmetic(ran)
    dbg = Debugger(
        create_agent(Scripted(script=says), tools=tools, middleware=[asks]),
        {"messages": [("user", "hi")]},
    )
    dbg.run()
    return dbg, ran


def card(dbg, place=0):
    """Return what a page is told of what waits."""
    return answer(Updates(dbg), {"ask": "card", "id": dbg.pending[place].id})


def preview(dbg, text):
    """Return what a page is told of an answer that is typed."""
    question = {"ask": "preview", "kind": "answer", "id": dbg.pending[0].id, "value": text}
    return answer(Updates(dbg), question)


def test_what_waits_says_how_it_waits():
    """A question, a static interrupt, and a node that asks are told apart."""
    asked, held = asking("sure?"), debugger(static_both_levels())
    held.run()
    kinds = [row["kind"] for row in Updates(asked).snapshot()["head"]["pending"]]

    assert kinds == ["question"]
    assert [one.kind for one in held.pending] == ["pause"]
    assert "asked" not in card(held)
    asked.rewind(0)
    asked.mode("ask", "ask")
    asked.run()
    assert [one.kind for one in asked.pending] == ["node"]


def test_two_of_one_name_are_told_apart_by_their_visits():
    """Others are named as the node in the graph."""
    sent, apart = debugger(send_subgraph_interrupt()), debugger(parallel_interrupts())
    sent.run()
    apart.run()

    def paths(dbg):
        return [row["path"] for row in Updates(dbg).snapshot()["head"]["pending"]]

    assert paths(sent) == ["w/w1", "w#2/w1"]
    assert paths(apart) == ["a", "b"]


def test_what_is_asked_is_told_whole():
    """A part for each key; what is no text as JSON, what has no JSON by its text."""
    long = "word " * 2000
    value = {"ask": "ship?", "draft": long, "items": [{"a": 1}, None], "what": {1, 2}}
    told = card(asking(value))["asked"]

    assert [part["key"] for part in told["parts"]] == ["ask", "draft", "items", "what"]
    assert told["parts"][1]["text"] == long
    assert told["parts"][2]["text"] == '[{"a": 1}, null]'
    assert (told["actions"], told["fields"], told["unfit"]) == ([], None, [])
    assert asked_parts([1, "<b>"]) == [{"key": "", "text": '[1, "<b>"]'}]
    assert asked_parts(None) == []


@pytest.mark.parametrize("place", ["pattern", "path"])
def test_a_secret_in_a_question_is_not_told_and_not_sent_back(place):
    """Found by how it looks, or by where it stands; the words in its place are no answer."""
    options = {} if place == "pattern" else {"redact": Redactor(paths=["token"])}
    secret = KEY if place == "pattern" else "hunter2"
    dbg = asking({"ask": "use this?", "token": secret}, **options)
    told = json.dumps(card(dbg))

    assert secret not in told
    assert "[redacted" in told
    if place == "pattern":
        order = {"do": "answer", "id": "ask#0", "stay": True, "value": '"[redacted: OpenAI key]"'}
        with pytest.raises(RedactedEditError):
            read_order(dbg, order)


def test_a_request_about_actions_has_a_block_for_each():
    """With its arguments as they are edited, and what may be decided; nothing is said twice."""
    dbg, _ = agent()
    told = card(dbg)["asked"]

    assert told["parts"] == []
    assert told["alone"] is False
    assert [one["name"] for one in told["actions"]] == ["add", "mul"]
    assert [one["args"] for one in told["actions"]] == ['{"a": 1, "b": 2}', '{"a": 3, "b": 4}']
    assert told["actions"][0]["told"] == "Tool execution requires approval"
    assert {"approve", "edit", "reject"} <= {*told["actions"][0]["allowed"]}


@pytest.mark.skipif(not HAS_PER_CALL, reason="the middleware of this version asks in batches only")
def test_one_call_that_asks_is_a_block_whose_answer_is_one_decision():
    """Each of them on a card of its own name, with all that its schema allows."""
    dbg, ran = agent(interrupt_mode="per_call")
    told = [card(dbg, place)["asked"] for place in (0, 1)]

    assert [row["path"] for row in Updates(dbg).snapshot()["head"]["pending"]] == [
        "tools", "tools#2",
    ]  # fmt: skip
    assert [one["alone"] for one in told] == [True, True]
    assert [one["actions"][0]["name"] for one in told] == ["add", "mul"]
    assert told[0]["actions"][0]["allowed"] == ["approve", "edit", "reject", "respond"]
    assert (told[0]["parts"], told[0]["fields"], told[0]["unfit"]) == ([], None, [])
    dbg.answer({"type": "reject", "message": "no"}, "tools#0")
    dbg.approve()
    dbg.run()
    assert ran.counts == {"tool:mul": 1}


def test_arguments_with_a_secret_are_not_edited_here():
    """They would come back without it."""
    action = {"name": "pay", "args": {"key": KEY, "sum": 3}, "description": ""}
    dbg = asking({"action_requests": [action], "review_configs": []})
    row = card(dbg)["asked"]["actions"][0]

    assert KEY not in json.dumps(row)
    assert "secret" in row["locked"]


@pytest.mark.skipif(not HAS_SCHEMA, reason="interrupts of this version declare no schema")
def test_a_declared_answer_is_a_form_and_short_answers_that_do_not_fit_are_not_offered():
    """What the form would send is looked at while it is typed."""
    dbg = debugger(asks_by_schema())
    dbg.run()
    told = card(dbg)["asked"]

    assert [(f["name"], f["kind"], f["required"]) for f in told["fields"]] == [
        ("age", "integer", True)
    ]
    assert told["unfit"] == ["approve", "reject"]
    assert "is not of type 'integer'" in preview(dbg, '{"age": "old"}')["error"]
    assert preview(dbg, '{"age": 42}') | {"note": ""} == {
        "next": "ask", "rows": [], "more": 0, "error": "", "note": "",
    }  # fmt: skip


def test_an_answer_is_json_where_it_is_some():
    """A whole number keeps all its digits; the rest is text."""
    dbg = asking("how many?")

    def given(text):
        return read_order(dbg, {"do": "answer", "id": "ask#0", "stay": False, "value": text})

    assert given("12345678901234567890").given == (12345678901234567890,)
    assert given("three").given == ("three",)
    assert given('{"a": [1]}').given == ({"a": [1]},)
    assert given("x").options == {"id": "ask#0", "then_run": True}


@pytest.mark.parametrize(
    ("part", "kind", "expected"),
    [
        ({"type": "string"}, "text", "text"),
        ({"type": "boolean"}, "boolean", "true or false"),
        ({"enum": ["a", 1, None]}, "choice", "one of these"),
        ({"const": "x"}, "choice", "one of these"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer", "a whole number, or null"),
        ({"type": ["number", "null"]}, "number", "a number, or null"),
        ({"type": ["number", "string"]}, "json", "JSON"),
        ({"type": "array", "items": {}}, "json", "a list, as JSON"),
        ({"$ref": "#/$defs/Deep"}, "json", "an object, as JSON"),
        ({"$ref": "#/$defs/Loop"}, "json", "JSON"),
        ({"$ref": "#/nowhere"}, "json", "JSON"),
        (True, "json", "JSON"),
        ({}, "json", "JSON"),
    ],
)
def test_the_kind_of_a_field(part, kind, expected):
    """References are followed, one that leads to itself ends; what is no simple field is JSON."""
    defs = {"Deep": {"type": "object"}, "Loop": {"$ref": "#/$defs/Loop"}}
    schema = {"type": "object", "properties": {"it": part}, "$defs": defs}
    row = answer_fields(schema)[0]

    assert (row["name"], row["kind"], row["expected"]) == ("it", kind, expected)


def test_a_schema_that_is_no_object_is_one_field_without_a_name():
    """A choice, a number, or one of many."""
    assert [row["name"] for row in answer_fields({"type": "integer"})] == [""]
    assert answer_fields({"enum": ["a", "b"]})[0]["choices"] == ['"a"', '"b"']
    assert answer_fields({"oneOf": [{"type": "object"}, {"type": "array"}]})[0]["kind"] == "json"
    assert answer_fields("nothing") is None


# -- a barrier of ours ----------------------------------------------------------------------


def native(ask, **options):
    """Return a debugger that waits at a barrier that asks."""
    g = GraphBuilder("g").barrier("q", ask=ask, **options).start("q").end("q")
    dbg = Debugger(g.build(), {"n": 1, "m": {"k": [2]}, "x": KEY})
    dbg.run()
    return dbg


def test_the_card_of_a_barrier_that_asks_has_its_choices_by_their_labels():
    """B8: as those of an interrupt; a yes is no answer, and is not offered."""
    dbg = native(Question("Which?", choices={"a": "The first", 2: "Two"}))
    told = card(dbg)
    (field,) = told["asked"]["fields"]

    assert told["asked"]["parts"] == [{"key": "", "text": "Which?"}]
    assert (field["kind"], field["choices"]) == ("choice", ['"a"', "2"])
    assert field["labels"] == ["The first", "Two"]
    assert told["asked"]["unfit"] == ["approve"]
    assert told["about"] == []
    assert preview(dbg, "3")["error"] == "it is one of 'a', 2."
    assert [row["path"] for row in preview(dbg, "2")["rows"]] == ["q.answer", "q.approved"]


def test_the_form_of_a_barrier_that_asks_is_answered_by_the_button():
    """B8: with a field for each of the form, and its refusal beside it."""
    form = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    dbg = native(Question("How many?", form=form))
    order = {"do": "answer", "id": "q#0", "stay": False, "value": '{"n": 3}'}

    assert [(f["name"], f["kind"]) for f in card(dbg)["asked"]["fields"]] == [("n", "integer")]
    assert preview(dbg, '{"n": "x"}')["error"] == "n takes a whole number, not text."
    read_order(dbg, order).post(dbg).result()
    assert dbg.status == "completed"
    assert dbg.state["q.answer"] == {"n": 3}


def test_a_card_shows_what_its_barrier_shows():
    """B8: those values and no others, without a secret."""
    told = card(native(Question("?"), show=["x", ("m", "k")]))

    assert [row["key"] for row in told["about"]] == ["x", "m.k"]
    assert KEY not in json.dumps(told["about"])
    assert [row["key"] for row in card(native(None, show="n"))["about"]] == ["n"]
