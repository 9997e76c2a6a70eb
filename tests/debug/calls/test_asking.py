"""One call asked again, changed; nothing moves (K5, K12)."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import anthropic
import pytest

from lellm_nb import Debugger, StopReason
from lellm_nb.calls.credentials import forget_credentials, held
from lellm_nb.errors import DebuggerError
from tests.debug.calls.agents import (
    KEY,
    TOOLS,
    aclient,
    ask,
    atalk,
    debug,
    heard,
    talk,
    user,
    weather_agent,
)

R = StopReason


@pytest.mark.parametrize("kind", ["sync", "async", "anthropic", "stream"])
def test_a_call_is_asked_again_with_what_the_client_sent_along(server, ai, kind):
    """K12: a list of calls, outside of `calls`; the server sees the same key."""
    claude = anthropic.Anthropic(api_key=KEY, base_url=server.url)

    def streamed(ctx):
        stream = ai.chat.completions.create(model="gpt-4o", messages=user("a"), stream=True)
        return {"said": [chunk.id for chunk in stream]}

    def by_claude(ctx):
        asked: Any = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": user("a")}
        return {"said": claude.messages.create(**asked).content[0].text}

    node = {
        "sync": talk(ai, "a"),
        "async": atalk(server, "a"),
        "anthropic": by_claude,
        "stream": streamed,
    }[kind]
    dbg = debug(node)
    dbg.run()
    (answer,) = dbg.calls[0].ask()

    assert server.count == 2
    assert server.asked[1].json == server.asked[0].json
    assert KEY in str(server.asked[1].headers)
    assert answer.text.strip("!").endswith(" 2")
    assert (len(dbg.calls), len(dbg.frames), dbg.head) == (1, 2, 1)
    assert (answer.before, answer.path, answer.served) == (dbg.calls[0], "", False)


def test_it_is_asked_with_other_messages_another_model_or_an_edit(server, ai):
    """K12: each changes its part alone; `n` answers come."""
    dbg = debug(weather_agent(ai))
    dbg.run()
    call = dbg.calls[0]

    def colder(request):
        return {**request, "temperature": 0}

    answers = [*call.ask(user("Rome?")), *call.ask(model="gpt-5"), *call.ask(edit=colder, n=2)]
    asked = [one.json for one in server.asked[2:]]

    assert [one["messages"][-1]["content"] for one in asked] == ["Rome?", *["Paris?"] * 3]
    assert [one["model"] for one in asked] == ["gpt-4o", "gpt-5", "gpt-4o", "gpt-4o"]
    assert [one.get("temperature") for one in asked] == [None, None, 0, 0]
    assert all(one["tools"] == TOOLS for one in asked)
    assert [answer.params.get("temperature") for answer in answers] == [None, None, 0, 0]
    assert "Rome?" in str(answers[0].diff())


def test_asking_between_the_stops_of_a_node_moves_nothing(server, ai):
    """K12: what is unfinished goes on as it would."""
    dbg = debug(talk(ai, "a", "b"))
    dbg.break_on_call(nth=1)
    stop = dbg.run()
    dbg.calls[0].ask()
    stop.call.ask(user("B?"))

    assert dbg.run().reason is R.COMPLETED
    assert heard(server) == ["a", "a", "B?", "b"]
    assert dbg.state["said"] == ["answer 1", "answer 4"]


def test_without_credentials_it_says_how_to_come_by_them(server, ai):
    """K5, K12: a new kernel has none; they are held in this process alone."""
    dbg = debug(talk(ai, "a"))
    dbg.run()
    vault = held(dbg.calls[0].url)
    forget_credentials()
    with pytest.raises(DebuggerError, match="keys are never stored"):
        dbg.calls[0].ask()

    assert server.count == 1
    assert KEY not in repr(vault)
    assert KEY not in str(vault)
    for cannot in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            cannot(vault)


@pytest.mark.parametrize("kind", ["chat", "anthropic"])
def test_a_key_is_given_for_where_a_call_goes(server, ai, kind):
    """K5: in this process alone, in the header that the provider reads."""
    claude = anthropic.Anthropic(api_key=KEY, base_url=server.url)

    def by_claude(ctx):
        said = claude.messages.create(model="claude", max_tokens=9, messages=user("a"))
        return {"said": said.content[0].text}

    dbg = debug(by_claude if kind == "anthropic" else talk(ai, "a"))
    dbg.run()
    forget_credentials()
    call = dbg.calls[0]
    call.use_key("another key")

    (answer,) = call.ask()

    header, form = {"chat": ("authorization", "Bearer {}"), "anthropic": ("x-api-key", "{}")}[kind]
    assert server.asked[1].headers[header] == form.format("another key")
    assert (answer.status, answer.error) == (200, None)
    assert "another key" not in repr(held(call.url))


def test_a_refused_answer_is_a_call_with_an_error(server, ai):
    """K12: it raises nothing: one looks at it."""
    dbg = debug(talk(ai, "a"))
    dbg.run()
    (answer,) = dbg.calls[0].ask(model="broken")

    assert (answer.status, answer.text) == (400, "")
    assert "bad schema" in (answer.error or "")


def test_a_server_that_is_gone_is_told_of(server, ai):
    """K12: an error of the client is the call's."""
    dbg = debug(talk(ai, "a"))
    dbg.run()
    ai.close()  # the server would answer on what is open still
    server.end()
    (answer,) = dbg.calls[0].ask()

    assert (answer.status, bool(answer.error)) == (None, True)


def test_what_does_not_fit_is_refused(server, ai):
    """K12: named; nothing is sent."""
    dbg = debug(lambda ctx: {"said": [ask(ai, "a"), ctx.call(sorted, [1])]})
    dbg.run()
    for given, named in (
        ({"n": 0}, "n"),
        ({"messages": "hi"}, "messages"),
        ({"model": 3}, "model"),
    ):
        with pytest.raises(DebuggerError, match=named):
            dbg.calls[0].ask(**given)
    with pytest.raises(DebuggerError, match="function"):
        dbg.calls[1].ask()

    assert server.count == 1


def test_asking_inside_of_a_running_node_is_nobodys_call(server, ai):
    """K1, K12: what a person asks from a cell is filed nowhere; from code in a node, too."""
    kept: list[Any] = []
    dbg = Debugger.of(lambda: ask(ai, "a"))
    dbg.run()
    kept.append(dbg.calls[0])

    async def node(ctx):
        async with aclient(server) as made:
            await made.chat.completions.create(model="gpt-4o", messages=user("b"))
        return {"said": kept[0].ask()[0].text}

    other = debug(node)
    other.run()

    assert len(other.calls) == 1
    assert other.state["said"] == "answer 3"
