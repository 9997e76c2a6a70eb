"""Each kind of checkpoint in a cell, with the panel: it opens, goes back and forks (C11)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.harness.panels import button, look_at, node, status

pytestmark = pytest.mark.timeout(180)

GRAPH = """
import tempfile
from lellm_nb import *
%load_ext lellm_nb
broken = False
g = GraphBuilder("review")

@g.task
def draft(ctx):
    return {"draft": ctx.state["topic"].upper()}

@g.task
def check(ctx):
    return {"length": len(ctx.state["draft"])}

@g.task
def publish(ctx):
    if broken:
        raise ValueError("no printer")
    return {"published": ctx.state["length"]}

g.edge("draft", "check").edge("check", "publish").start("draft").end("publish")
graph, state = g.build(), {"topic": "otters"}

async def session():
    made = ExecutionSession(state, graph)
    await made.run()
    return made
"""

KINDS = {
    "session checkpoint": "dbg = Debugger.from_checkpoint((await session()).checkpoint(), graph)",
    "checkpoint": "dbg = Debugger.from_checkpoint("
    "Checkpoint.of_session((await session()).checkpoint()), graph)",
    "id": "store = InMemoryStore(); one = (await session()).checkpoint(); store.save('run', one)\n"
    "dbg = Debugger.from_checkpoint(one.checkpoint_id, graph, store=store)",
    "bytes": "body = CheckpointCodec().encode((await session()).checkpoint())\n"
    "dbg = Debugger.from_checkpoint(body, graph)",
    "memory sink": "sink = MemorySink(); graph.run(state, checkpoint=sink)\n"
    "dbg = Debugger.from_checkpoint(sink, graph)",
    "frame stack": "dbg = Debugger.from_checkpoint((await session()).frame_stack, graph)",
    "folder": "folder = tempfile.mkdtemp(); graph.run(state, checkpoint=DiskSink(folder))\n"
    "dbg = Debugger.from_checkpoint(folder, graph)",
    "store": "store = InMemoryStore(); sink = StoreSink(store, graph.canonical_hash)\n"
    "graph.run(state, checkpoint=sink)\n"
    "dbg = Debugger.open(store, sink.trace_id, graph)",
    "post mortem": "broken, sink = True, MemorySink()\n"
    "try:\n    graph.run(state, checkpoint=sink)\n"
    "except Exception as error:\n    dbg = Debugger.post_mortem(error)\n"
    "broken = False",
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_opens_rewinds_and_forks_in_the_panel(shown, kind):
    """C11: what was captured is in the strip; a press goes back to it, and one forks from it."""
    page, panel = shown(setup=f"{GRAPH}\n{KINDS[kind]}")
    where = "failed at publish" if kind == "post mortem" else "completed"
    expect(status(panel)).to_have_text(f"{where} · frame 3 of 3 · main")

    look_at(panel, 1)
    button(panel, "Rewind here").click()

    expect(status(panel)).to_have_text("paused before check · frame 1 of 3 · main")
    expect(node(panel, "check, current")).to_be_visible()
    button(panel, "Fork here").click()
    expect(status(panel)).to_have_text("paused before check · frame 1 of 1 · fork 1")
    button(panel, "Run").click()
    expect(status(panel)).to_have_text("completed · frame 3 of 3 · fork 1")
    assert page.kernel("dict(dbg.branch('fork 1').state)") == {
        "topic": "otters",
        "draft": "OTTERS",
        "length": 6,
        "published": 6,
    }
    assert page.kernel("len(dbg.frames)") == 4
    assert page.complaints == []


def test_what_was_not_captured_is_said_over_the_frame(shown):
    """C11: a frame after steps that nobody captured has a badge, and *Who* names no node."""
    late = f"{GRAPH}\nsink = MemorySink(); graph.run(state, checkpoint=sink)\n"
    page, panel = shown(setup=f"{late}dbg = Debugger.from_checkpoint(sink.frames[::2], graph)")

    expect(panel.get_by_text("steps before it not captured")).to_be_visible()
    look_at(panel, 1)
    expect(panel.get_by_text("steps before it not captured")).to_have_count(0)
    assert page.complaints == []


def test_the_magic_stands_where_the_last_cell_failed(notebook):
    """C11: after a run that raised in a cell, `%lellm pm` shows where; mended, it goes on."""
    fails = "broken = True\ngraph.run(state)"
    page = notebook([GRAPH, fails, "%lellm pm", "broken = False"])
    page.run_cell(0)
    with pytest.raises(AssertionError, match="no printer"):
        page.run_cell(1)
    page.run_cell(2)
    panel = page.output(2).locator(".lellm-nb")

    expect(status(panel)).to_have_text("failed at publish · frame 2 of 2 · main")
    page.run_cell(3)
    button(panel, "Retry").click()

    expect(status(panel)).to_have_text("completed · frame 3 of 3 · main")
