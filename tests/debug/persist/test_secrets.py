"""Giving a reopened run its secrets again, at whatever level they are read."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors import DebuggerError, RedactedValueError
from lellm_nb.notebook.messages.commands import read_order
from lellm_nb.notebook.model.updates import Updates

KEY = "sk-" + "a1" * 20


def told(ctx):
    return {f"length {ctx.node}": len(ctx.state["config"]["key"])}


def nested(lens):
    """A barrier inside a subgraph, and a node after it that reads the secret."""
    inner = GraphBuilder("inner").barrier("ok").node("y", lambda ctx: {"n": 2}).edge("ok", "y")
    g = GraphBuilder("outer").node("a", lambda ctx: {"job": {"n": 0}})
    g.subgraph("agent", inner.start("ok").end("y").build(), lens=lens).node("z", told)
    return g.edge("a", "agent").edge("agent", "z").start("a").end("z").build()


def fanned():
    """Two branches that wait, and read the secret after that."""
    branches = {}
    for name in ("left", "right"):
        one = GraphBuilder(name).barrier("ok", approve_key=f"{name} ok", reject_key=f"{name} no")
        branches[name] = one.node(name, told).edge("ok", name).start("ok").end(name).build()
    g = GraphBuilder("fan").parallel("both", branches).node("z", told).edge("both", "z")
    return g.start("both").end("z").build()


def reopened(graph, file):
    dbg = Debugger(graph, {"config": {"key": KEY, "user": "me"}}, store=file)
    dbg.run()
    dbg.close()
    again = Debugger.open(file, graph=graph)
    for waiting in again.pending:
        again.approve(waiting.id)
    return again


@pytest.mark.parametrize("graph", [nested("job"), nested(None), fanned()], ids=str)
def test_every_level_that_lacks_a_secret_gets_it(graph, tmp_path):
    """A run that waits deep inside goes on to the end, and so does it when opened once more."""
    file = tmp_path / "runs.db"
    dbg = reopened(graph, file)

    stop = dbg.run()

    assert isinstance(stop.error, RedactedValueError)
    assert stop.error.paths == [("config", "key")]
    assert "dbg.supply({('config', 'key'): …})" in str(stop.error)
    dbg.supply({("config", "key"): KEY})
    assert dbg.run().reason.name == "COMPLETED"
    assert dbg.state["length z"] == len(KEY)
    dbg.close()
    assert KEY not in file.read_bytes().decode("latin-1")
    last = Debugger.open(file)
    assert [f.kind for f in last.frames] == [f.kind for f in dbg.frames]
    assert last.state["length z"] == len(KEY)


def test_what_awaits_no_secret_is_refused_by_name(tmp_path):
    """A text is a key, not a path: nothing of that name is made in the state."""
    dbg = reopened(nested(None), tmp_path / "runs.db")
    frames = len(dbg.frames)

    with pytest.raises(DebuggerError, match=r"Nothing was taken out at .* \('config', 'key'\)"):
        dbg.supply({"config.key": KEY})
    with pytest.raises(DebuggerError, match=r"Nothing was taken out at config\.user"):
        dbg.supply({("config", "user"): "you"})

    assert len(dbg.frames) == frames
    assert "config.key" not in dbg.state


def test_a_text_that_nobody_needs_may_go_on_as_it_is_shown(tmp_path):
    """C13: what was derived from a secret need not be written again to go on."""
    dbg = reopened(nested(None), tmp_path / "runs.db")
    shown = dbg.state["config"]["key"]

    dbg.supply({("config", "key"): shown})

    assert dbg.lacking == []
    assert dbg.state["config"]["key"] == str(shown)
    assert dbg.run().reason.name == "COMPLETED"


def test_what_is_around_a_secret_may_be_given_whole(tmp_path):
    """A mapping may be easier to give again than what is in it."""
    dbg = reopened(nested("job"), tmp_path / "runs.db")

    dbg.supply({"config": {"key": KEY, "user": "me"}})

    assert dbg.run().reason.name == "COMPLETED"


def test_the_panel_asks_for_what_is_lacking_until_it_is_given(tmp_path):
    """By its place, and only while the run could not go on without it."""
    dbg = reopened(nested("job"), tmp_path / "runs.db")
    updates = Updates(dbg)
    assert updates.snapshot()["head"]["lacking"] == ["config.key"]

    read_order(dbg, {"do": "supply", "values": {"config.key": KEY, "nowhere": "x"}}).post(
        dbg
    ).result(10)

    assert dbg.lacking == []
    assert updates.delta()["head"]["lacking"] == []
    assert dbg.run().reason.name == "COMPLETED"
    reader = Debugger.open(tmp_path / "runs.db")
    assert Updates(reader).snapshot()["head"]["lacking"] == []
