"""A kept run that is only read: without its graph, and where LangGraph is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import Command

from lellm_nb import Debugger
from lellm_nb.errors import DebuggerError
from tests.adapters.langgraph.corpus import CASES
from tests.adapters.langgraph.law import finish, state_of
from tests.adapters.langgraph.plain import normal, run_plain

WITHOUT_LANGGRAPH = """
import sys
for name in ("langgraph", "langchain_core", "langchain"):
    sys.modules[name] = None
from lellm_nb import Debugger
dbg = Debugger.open(sys.argv[1])
print(dbg.status, len(dbg.frames), [frame.path for frame in dbg.frames])
assert [frame.state for frame in dbg.frames]
dbg.rewind(3)
dbg.stack, dbg.loops(), dbg.timing(), dbg.who("log"), dbg.graph.to_svg(), dbg.graph.to_mermaid()
dbg.export_html(sys.argv[2])
dbg.save(sys.argv[3])
print(Debugger.runs(sys.argv[1])["status"][0])
"""


def test_a_run_is_read_where_langgraph_is_not_installed(file, tmp_path):
    """C9: reading imports nothing and runs nothing; the page and the saved file are whole."""
    case = CASES["nested"]()
    dbg = Debugger(case.graph, case.input, store=file)
    finish(case, dbg, "step")
    paths = [frame.path for frame in dbg.frames]
    dbg.close()
    root, page, saved = Path(__file__).parents[4], tmp_path / "run.html", tmp_path / "run.lellm"
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_LANGGRAPH, str(file), str(page), str(saved)],
        env={**os.environ, "PYTHONPATH": str(root)},
        cwd=root,
        timeout=50,
        check=False,
        capture_output=True,
        text=True,
    )

    assert ended.stdout.splitlines() == [f"completed {len(paths)} {paths}", "completed"]
    assert "sub/deep/i2" in page.read_text()
    again = Debugger.load(saved, graph=case.graph)
    for frame in list(again.frames):
        again.rewind(frame)
        finish(case, again, "run")
        assert state_of(case, again) == run_plain(CASES["nested"]()).values


def test_the_graph_of_a_run_that_is_read_has_what_the_run_learned(file):
    """Ways that only a Command goes are on the picture, and in `who` asks."""

    def decides(state: dict) -> Command:
        return Command(goto="b")

    g = StateGraph(dict).add_node("a", decides).add_node("b", lambda state: None)
    graph = g.add_edge(START, "a").compile()
    dbg = Debugger(graph, {}, store=file)
    dbg.run()
    edges = [(edge.source, edge.target, edge.kind) for edge in dbg.graph.edges]
    dbg.close()
    for known in (None, g.compile()):
        again = Debugger.open(file, graph=known)

        assert ("a", "b", "goto") in edges
        assert [(edge.source, edge.target, edge.kind) for edge in again.graph.edges] == edges
        again.close()


def test_what_moves_is_refused_where_a_run_is_read(file):
    """It says how to open it to go on."""
    case = CASES["chain"]()
    dbg = Debugger(case.graph, case.input, store=file)
    dbg.step(2)
    dbg.close()
    again = Debugger.open(file)

    with pytest.raises(DebuggerError, match=r"Debugger\.open\(store, run, graph=…\)"):
        again.step()
    assert again.status == "paused"
    again.close()


def test_a_run_that_another_process_writes_is_followed(file):
    """`refresh`: frames that came meanwhile are there."""
    case = CASES["chain"]()
    writes = Debugger(case.graph, case.input, store=file)
    writes.step()
    reads = Debugger.open(file)
    writes.step(2)

    assert reads.refresh() == 2
    assert normal(reads.state) == normal(writes.state)
    writes.close()


def test_stops_modes_notes_and_pins_are_there_again(file):
    """What a person has put beside the frames is kept as of a graph of ours."""
    case = CASES["nested"]()
    dbg = Debugger(case.graph, case.input, store=file)
    dbg.step(4)
    dbg.break_at("post")
    dbg.mode("pre", "recorded")
    dbg.note(2, "look here")
    dbg.pin(3)
    dbg.close()
    again = Debugger.open(file, graph=case.graph)

    assert [stop.path for stop in again.breakpoints] == ["post"]
    assert again.modes == {"pre": "recorded"}
    history = again.session.history
    assert history.notes == {again.frames[2]: "look here"}
    assert history.pins == {again.frames[3]}
    again.close()


def test_config_and_context_are_given_again(file):
    """They are the person's own, and no part of what is kept."""
    case = CASES["context_and_store"]()
    dbg = Debugger(case.graph, case.input, store=file, **case.given())
    dbg.step()
    dbg.close()
    again = Debugger.open(file, graph=case.graph, **case.given())
    finish(case, again, "run")

    assert state_of(case, again) == run_plain(CASES["context_and_store"]()).values
    again.close()
