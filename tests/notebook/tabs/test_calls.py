"""The Calls tab: what a model saw and answered, and what of it travels."""

from __future__ import annotations

import json

import httpx

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.debug.core.stop import StopReason
from lellm_nb.notebook.export.offline_history import book_of
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.updates import Updates
from tests.notebook.tabs.call_runs import KEY, agent, asked, asking, looked
from tests.waiting import until

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42"
    "mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_a_frame_has_its_calls_with_their_sums(server):
    """One row each, and nothing of their bodies."""
    dbg = agent(server)
    dbg.run()

    rows = looked(dbg)

    assert [(row["number"], row["who"], row["in"], row["out"]) for row in rows["calls"]] == [
        (0, "gpt-4o-mini", 11, 7),
        (1, "gpt-4o-mini", 11, 7),
    ]
    assert rows["sums"]["calls"] == 2
    assert rows["sums"]["in"] == 22
    assert rows["title"]["calls"] == rows["sums"]
    assert "Be brief" not in json.dumps(rows)
    assert looked(dbg, 2)["calls"] == []


def test_what_was_in_the_call_before_is_folded(server):
    """What is new is what one sees; the rest comes when somebody asks for it."""
    dbg = agent(server)
    dbg.run()

    items = asked(dbg, "call", 1)["items"]
    old = asked(dbg, "call_stretch", 1, start=0, count=2)["rows"]

    assert [(item["what"], item.get("count")) for item in items] == [("same", 2), ("new", None)]
    assert [row["role"] for row in old] == ["system", "user"]


def test_a_result_stands_with_the_call_of_the_tool(server):
    """In the request that has both, and with the answer that asked for it."""
    dbg = agent(server)
    dbg.run()

    [message] = asked(dbg, "call", 1)["items"][1]["rows"]
    [part] = asked(dbg, "call", 0)["answer"]["parts"]

    assert message["role"] == "assistant"
    assert message["parts"][0]["args"] == 'city="Paris"'
    assert message["parts"][0]["results"][0]["text"] == "21 degrees"
    assert part["results"][0]["text"] == "21 degrees"


def test_messages_that_were_left_out_are_marked(server):
    """A conversation that was cut says what of the call before is not there."""
    texts = [{"role": "user", "content": text} for text in ("one", "two", "three")]

    def run(ctx):
        asking(server, texts)
        asking(server, texts[2:])

    g = GraphBuilder("g").node("agent", run).start("agent").end("agent")
    dbg = Debugger(g.build(), {})
    dbg.run()

    items = asked(dbg, "call", 1)["items"]
    gone = asked(dbg, "call_stretch", 1, start=0, count=2, gone=True)["rows"]

    assert [(item["what"], item["count"]) for item in items] == [("gone", 2), ("same", 1)]
    assert [row["parts"][0]["text"] for row in gone] == ["one", "two"]


def test_pictures_are_those_that_the_message_holds_whole(server):
    """Any other address is a text, and nothing is loaded from anywhere."""
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    drawing = {"type": "image_url", "image_url": {"url": "data:image/svg+xml;base64,PHN2Zz4="}}
    address = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
    dbg = agent(server, [{"role": "user", "content": [picture, drawing, address]}])
    dbg.run()

    [message] = asked(dbg, "call", 0)["items"][0]["rows"]
    first, second, third = message["parts"]

    assert first["picture"]["kind"] == "image/png"
    assert first["picture"]["data"] == PNG
    assert "picture" not in second
    assert third == {"part": 2, "kind": "image", "text": "https://example.com/cat.png"}


def test_a_long_text_is_cut_and_comes_whole_when_it_is_asked_for(server):
    """What nobody has opened does not travel."""
    words = "word " * 3_000
    dbg = agent(server, [{"role": "user", "content": words}])
    dbg.run()

    body = asked(dbg, "call", 0)
    [part] = body["items"][0]["rows"][0]["parts"]
    whole = asked(dbg, "call_text", 0, at=0, part=0)

    assert len(json.dumps(body)) < 4_000
    assert len(part["text"]) + part["cut"] == len(words)
    assert whole["full"] == words


def test_secrets_are_out_of_everything_that_is_shown(server):
    """Of the conversation, its values, the editor and a page without a kernel (K14)."""
    dbg = agent(server, [{"role": "user", "content": f"my key is {KEY}"}])
    dbg.run()

    shown = [
        looked(dbg),
        asked(dbg, "call", 0),
        asked(dbg, "call", 1),
        asked(dbg, "call_text", 0, at=0, part=0),
        asked(dbg, "call_editor", 0),
        *(asked(dbg, "call_inside", 0, value=name, steps=[], start=0) for name in ("response",)),
        book_of(dbg, None),
    ]

    assert "[redacted: OpenAI key]" in json.dumps(shown[1])
    assert all(KEY not in json.dumps(one) for one in shown)
    assert KEY in json.dumps(dbg.frames[1].calls[0].messages)


def test_what_is_no_conversation_is_a_request_and_a_response(server):
    """Method, address, status, and both bodies as values to look into."""

    def run(ctx):
        httpx.post(f"{server.url}/orders?token=abcdef", json={"id": "A-17", "lines": [1, 2]})

    g = GraphBuilder("g").node("agent", run).start("agent").end("agent")
    dbg = Debugger(g.build(), {})
    dbg.run()

    [row] = looked(dbg)["calls"]
    body = asked(dbg, "call", 0)
    request = asked(dbg, "call_inside", 0, value="request", steps=[], start=0)
    lines = asked(dbg, "call_inside", 0, value="request", steps=[1], start=0)

    assert row["who"] == server.url.removeprefix("http://")
    assert (body["chat"], body["method"], body["values"]) == (
        False,
        "POST",
        ["request", "response"],
    )
    assert body["url"].endswith("/orders?token=hidden")
    assert [one["key"] for one in request["rows"]] == ["id", "lines"]
    assert lines["total"] == 2


def test_an_answer_that_comes_grows_and_the_head_beats(server):
    """While a node runs, its calls are shown at the head with what came so far."""

    def run(ctx):
        asking(server, [{"role": "user", "content": "Hi"}], model="held", stream=True)

    def asking(server, said, model, stream):
        url, body = f"{server.url}/v1/chat/completions", {"model": model, "messages": said}
        with httpx.stream("POST", url, json={**body, "stream": stream}) as came:
            for _ in came.iter_lines():
                pass

    g = GraphBuilder("g").node("agent", run).start("agent").end("agent")
    dbg = Debugger(g.build(), {})
    running = dbg.start()
    call = until(lambda: next((c for c in dbg.calls if c.last.chunks), None), "a piece")
    until(lambda: "answer" in call.text, "words of it")

    updates = Updates(dbg)
    head = updates.snapshot()["head"]
    [row] = looked(dbg, 0)["calls"]
    body = asked(dbg, "call", 0, frame=0)
    server.release.set()
    running.result(20)

    assert updates.growing
    assert head["calls"]["calls"] == 1
    assert (row["live"], row["open"], row["node"]) == (True, True, "agent, visit 1")
    assert body["answer"]["live"]
    assert body["answer"]["parts"][0]["text"].startswith("answer")
    updates.delta()
    assert not updates.growing


def test_a_stop_inside_of_a_node_is_said_and_its_call_marked(server):
    """In the status line, at the call, and not counted as a call that was made."""
    dbg = agent(server)
    dbg.break_on_call(nth=1)

    stop = dbg.run()
    head = Updates(dbg).snapshot()["head"]
    rows = looked(dbg, 0)["calls"]

    assert stop.reason is StopReason.BREAKPOINT
    assert head["line_text"].startswith("paused in agent, before call 1")
    assert [(row["number"], row["stopped"]) for row in rows] == [
        (0, ""),
        (1, "before call 1 of agent"),
    ]
    assert head["calls"]["calls"] == 1


def test_a_budget_that_holds_is_said_in_words(server):
    """With what was spent, and how to go on."""
    dbg = agent(server)
    dbg.budget(calls=1)

    assert dbg.run().reason is StopReason.BUDGET
    said = Updates(dbg).snapshot()["head"]["stop"]

    assert said.startswith("the budget holds before call 1 of agent: 1 of 1 call spent")
    assert said.endswith("Run goes on with as much more")


def test_totals_go_with_the_head(server):
    """Forward by what is new, back by what was there, and over a node's visits on its card."""
    dbg = agent(server)
    updates = Updates(dbg)
    counted = [updates.snapshot()["head"]["calls"]]
    for act in (dbg.run, lambda: dbg.rewind(0), lambda: dbg.rewind(1)):
        act()
        updates.delta()
        counted.append(updates.snapshot()["head"]["calls"])

    assert [row and row["calls"] for row in counted] == [None, 2, None, 2]
    card = answer(updates, {"ask": "node", "node": 0, "frame": 1})
    assert card["calls"]["calls"] == 2
    assert answer(updates, {"ask": "node", "node": 1, "frame": 1})["calls"] is None


def test_a_call_that_is_gone_is_said(server):
    """A page may ask for what the run has left behind."""
    dbg = agent(server)
    dbg.run()

    assert "not there any more" in asked(dbg, "call", 7)["error"]


def test_a_miss_is_said_with_what_differs(server):
    """A node whose calls are looked up asks something else: the run holds and says what."""
    words = ["Paris?"]

    def run(ctx):
        return {"said": asking(server, [{"role": "user", "content": words[0]}])["id"]}

    g = GraphBuilder("g").node("agent", run).start("agent").end("agent")
    dbg = Debugger(g.build(), {})
    dbg.run()
    words[0] = "Rome?"
    dbg.rewind(0)
    dbg.mode("agent", "calls")

    assert dbg.run().reason is StopReason.PAUSED
    head = Updates(dbg).snapshot()["head"]

    assert head["line_text"].startswith("paused in agent, at call 0")
    assert "'Paris?' -> 'Rome?'" in head["stop"]
    assert looked(dbg, 0)["calls"][-1]["stopped"].startswith("call 0")
