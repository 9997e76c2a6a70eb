"""N: subgraphs as a session sees them."""

from __future__ import annotations

import pytest

from lellm_nb import ExecutionSession, GraphBuilder
from tests.session.graphs import paths
from tests.strategies import fanned, finish, nested, note, steps


def test_inner_steps_are_frames_with_a_path():
    """N2: entering is not a frame, leaving is; `visit` and cursor count within the level."""
    session = finish(ExecutionSession({}, nested()))
    once = ["commit plan", "commit agent/llm", "waiting agent/approve", "decision agent/approve"]
    once += ["commit agent/tool", "exit agent"]
    twice = [line.replace("agent/", "agent#2/") for line in once]

    assert paths(session.frame_stack) == [*once, *twice, "commit done"]
    assert [f.cursor for f in session.frame_stack][:6] == [1, 1, 2, 2, 3, 2]
    assert [f.visit for f in session.frame_stack if f.node == "llm"] == [1, 1]
    assert [f.visit for f in session.frame_stack if f.kind == "exit"] == [1, 2]
    assert {f.static_path for f in session.frame_stack if f.node == "llm"} == {"agent/llm"}


def test_the_outer_state_sees_the_result_when_the_inner_graph_ends():
    """N1, N3: the inner mutations are passed on, in the outer frame."""
    session = finish(ExecutionSession({}, nested()))
    frames = session.frame_stack.frames
    inside, leaves = frames[4], frames[5]

    assert inside.state["log"] == ["plan", "agent/llm", "agent/tool"]
    assert inside.root_state == {"log": ["plan"]}
    assert leaves.root_state == leaves.state == inside.state
    assert len(leaves.mutations) == 4
    assert leaves.graph_id == "outer"
    assert inside.graph_id == "agent graph"


def test_rewinding_into_a_composite_goes_on_inside():
    """N2: every inner frame can be rewound to, and ends in the same state."""
    session = finish(ExecutionSession({}, nested()))
    end = session.state
    for frame in list(session.line):
        session.rewind(frame)
        finish(session)

        assert session.state == end


@pytest.mark.parametrize(
    ("graph", "path"),
    [
        (nested, "agent/llm"),
        (nested, "agent/approve"),
        (nested, "agent#2/tool"),
        (fanned, "par/a"),
        (fanned, "par/check/look"),
        (fanned, "par/deep/one"),
    ],
)
def test_a_fork_writes_at_the_level_of_its_frame(graph, path):
    """DESIGN: `put` writes at the frame's own level, inside composites too."""
    session = finish(ExecutionSession({}, graph()))
    frame = next(f for f in session.line if f.path == path)
    edit = session.fork(frame, put={"log": ["mine"]}).head

    assert (edit.kind, edit.path) == ("edit", path)
    assert edit.state == {**frame.state, "log": ["mine"]}
    assert edit.root_state == frame.root_state


def test_a_fork_goes_on_with_what_was_written_inside():
    """N2: the rest of the inner graph sees it."""
    session = finish(ExecutionSession({}, nested()))
    child = finish(session.fork(session.line[2], put={"log": ["mine"]}))

    assert child.state["log"][:2] == ["mine", "agent/tool"]


def test_a_fork_inside_a_composite_leaves_by_its_own_mutations():
    """N3: what is written there is passed on when the composite is left."""
    g = GraphBuilder("g").subgraph("sub", steps("a", "b")).start("sub").end("sub")
    session = finish(ExecutionSession({}, g.build()))
    child = finish(session.fork(session.line[1], put={"mine": 1}))

    assert child.state == {"log": ["sub/a", "sub/b"], "mine": 1}
    assert session.state == {"log": ["sub/a", "sub/b"]}


def test_a_subgraph_in_a_subgraph_in_a_branch():
    """N2: paths are composites from the outside in, and the node."""
    inner = GraphBuilder("middle").subgraph("inner", steps("x")).start("inner").end("inner")
    g = GraphBuilder("g").parallel("par", {"deep": inner.build()}).start("par").end("par")
    session = finish(ExecutionSession({}, g.build()))

    assert paths(session.frame_stack) == [
        "commit par/deep/inner/x",
        "exit par/deep/inner",
        "exit par/deep",
        "join par",
    ]
    assert session.state == {"log": ["par/deep/inner/x"]}


def test_a_composite_may_share_its_name_with_what_is_in_it():
    """N2: a path is walked by place, not by name."""
    inner = GraphBuilder("x").subgraph("x", steps("x")).start("x").end("x").build()
    g = GraphBuilder("x").parallel("x", {"x": inner, "y": note}).start("x").end("x")
    session = finish(ExecutionSession({}, g.build()))
    for frame in list(session.line)[1:]:
        child = session.fork(frame, put={"mine": frame.path})

        assert child.head.state["mine"] == frame.path
        assert [f.kind for f in finish(child).line][-1] in ("join", "edit")
