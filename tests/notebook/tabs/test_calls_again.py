"""The Calls tab: asking again, running on from a call, and a page without a kernel."""

from __future__ import annotations

import json

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.notebook.export.offline_history import book_of
from lellm_nb.notebook.messages.commands import read_order
from lellm_nb.notebook.messages.queries import takes_long, waits_for_others
from tests.notebook.tabs.call_runs import KEY, agent, asked, asking, looked


def test_a_call_is_asked_again_with_other_messages_and_nothing_moves(server):
    """The answers stay with the call; what was not touched is sent as it was, secrets too."""
    dbg = agent(server, [{"role": "user", "content": f"my key is {KEY}"}])
    dbg.run()
    frames = len(dbg.frames)
    edited = [{"of": 0, "role": "user"}, {"of": -1, "role": "user", "text": "and then?"}]

    reply = asked(dbg, "call_ask", 0, messages=edited, model="gpt-4o", n=3)
    body = asked(dbg, "call", 0)

    assert [one["who"] for one in reply["asked"]] == ["gpt-4o"] * 3
    assert body["asked"] == reply["asked"]
    assert len(dbg.frames) == frames
    assert server.asked[-1].json["messages"] == [
        {"role": "user", "content": f"my key is {KEY}"},
        {"role": "user", "content": "and then?"},
    ]
    assert waits_for_others({"ask": "call_ask"})
    assert not takes_long({"ask": "call"})


def test_what_stands_for_a_secret_is_not_sent_in_its_place(server):
    """An edit of a text with a secret that is not shown is refused."""
    dbg = agent(server, [{"role": "user", "content": f"my key is {KEY}"}])
    dbg.run()
    count = server.count
    text = asked(dbg, "call_editor", 0)["rows"][0]["text"]

    reply = asked(dbg, "call_ask", 0, messages=[{"of": 0, "role": "user", "text": f"{text}!"}])

    assert "holds a secret that is not shown" in reply["error"]
    assert server.count == count


def test_a_call_that_nobody_has_keys_for_says_so(server, monkeypatch):
    """In a new process there are none: a sentence, and no error."""
    from lellm_nb.calls import credentials

    dbg = agent(server)
    dbg.run()
    monkeypatch.setattr(credentials, "_held", {})

    reply = asked(dbg, "call_ask", 0)

    assert reply["credentials"].startswith(f"Nothing was sent to {server.url}")


def test_run_on_from_a_call_is_a_fork_that_serves_those_before(server):
    """As it was, with other messages, with another answer, or with one that was asked for."""
    dbg = agent(server)
    dbg.run()
    asked(dbg, "call_ask", 1, n=1)

    def ordered(**more):
        order = read_order(dbg, {"do": "rerun", "frame": 1, "call": "agent#1/1", **more})
        return order.post(dbg).result(20)

    plain = ordered()
    other = ordered(messages=[{"of": 1, "role": "user", "text": "Bye"}])
    told = ordered(answer="It rains.")
    taken = ordered(answer=True, asked=0)

    assert [call.served for call in plain.frames[1].calls] == [True, False]
    assert other.frames[1].calls[1].messages == [{"role": "user", "content": "Bye"}]
    assert told.state["said"] == "It rains."
    assert taken.state["said"].startswith("answer")
    assert looked(plain)["calls"][0]["source"] == 1


def test_a_page_without_a_kernel_has_everything_once(server):
    """What a call has in common with the one before it is told there."""
    dbg = agent(server)
    dbg.run()

    book = book_of(dbg, None)
    [rows] = [more["tabs"]["calls"] for more in book["more"].values() if "tabs" in more]
    first, second = (row["body"] for row in rows["calls"])

    assert json.dumps(rows).count("Be brief.") == 1
    assert [item["what"] for item in first["items"]] == ["new"]
    assert [item["what"] for item in second["items"]] == ["same", "new"]
    assert '"weather"' in first["pages"]["tools"]["full"]


def test_a_page_without_a_kernel_has_what_no_call_of_the_frame_has(server):
    """Of the visit before it has what is the same, and what was left out."""
    texts = [{"role": "user", "content": text} for text in ("one", "two", "three")]

    def run(ctx):
        asking(server, texts if ctx.visit == 1 else texts[1:])
        return {"n": ctx.visit}

    g = GraphBuilder("g").node("agent", run).node("end", lambda ctx: None).edge("agent", "end")
    g.edge_if("agent", "agent", lambda s: s["n"] < 2)
    dbg = Debugger(g.start("agent").end("end").build(), {})
    dbg.run()

    book = book_of(dbg, None)
    _, [row] = [more["tabs"]["calls"]["calls"] for more in book["more"].values() if "tabs" in more]

    said = {
        item["what"]: [one["parts"][0]["text"] for one in item["rows"]]
        for item in row["body"]["items"]
    }
    assert said == {"gone": ["one"], "same": ["two", "three"]}
