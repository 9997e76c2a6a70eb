"""A quick row is the row that the general way makes."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import ExecutionSession, GraphBuilder, Reducer
from lellm_nb.record.codec.frames import FrameWriter
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.rows.frame_row import FrameRow
from tests.strategies import finish
from tests.strategies_graphs import nested_plans, wild_plans

SECRET = "sk-" + "ab12" * 10


def looped(writes: list[dict[str, Any]], **edges: Any) -> ExecutionSession:
    """Return a run of which each step writes the next of some mappings."""
    g = GraphBuilder("looped", reducers={"log": Reducer.APPEND})
    g.node("step", lambda ctx: {"i": ctx.state["i"] + 1, **writes[ctx.state["i"]]})
    g.node("lone", lambda ctx: {"n": ctx.state["i"]})
    g.edge_if("step", "lone", lambda s: s["i"] < len(writes), **edges).edge("lone", "step", **edges)
    g.node("end", lambda ctx: None).edge("step", "end")
    session = ExecutionSession({"i": 0, "log": []}, g.start("step").end("end").build())
    finish(session)
    return session


def rows_of(
    session: ExecutionSession, codec: Codec
) -> tuple[list[FrameRow | None], list[FrameRow]]:
    """Return the quick rows of a run, where there are such, and the general ones."""
    writer = FrameWriter(codec, session.graph)
    quick, general = [], []
    for frame in session.line:
        quick.append(writer.plain.row(frame))
        general.append(writer.row(frame)[0])
        if writer.problems:
            writer.problems.clear()
    return quick, general


VALUES = (
    st.integers(-(2**70), 2**70)
    | st.floats()
    | st.booleans()
    | st.none()
    | st.text(max_size=5)
    | st.sampled_from([SECRET, "\ud800", "é", object()])
)
KEYS = st.sampled_from(["n", "log", "key with $", "é", "a.b", '"', "\\"])


@given(
    writes=st.lists(
        st.dictionaries(KEYS, VALUES | st.lists(VALUES, max_size=3)), min_size=1, max_size=12
    ),
    redact=st.sampled_from([None, Redactor(), Redactor(paths=["n"]), Redactor(paths=["log[*]"])]),
    limit=st.sampled_from([None, 100]),
)
def test_a_quick_row_is_the_general_one(writes: Any, redact: Any, limit: Any) -> None:
    """C5: whatever a step writes, and whatever of it is secret."""
    quick, general = rows_of(looped(writes, max_visits=limit), Codec(redactor=redact))

    for one, other in zip(quick, general, strict=True):
        assert one is None or one == other
    assert all(SECRET.encode() not in row.body for row in general if redact is not None)


@given(plan=nested_plans | wild_plans)
def test_of_any_graph(plan: Any) -> None:
    """C5: whatever kinds of steps there are."""
    session = ExecutionSession({"log": []}, plan.build())
    with contextlib.suppress(Exception):  # plans may fail; what was committed is compared
        finish(session)
    quick, general = rows_of(session, Codec())

    assert all(one is None or one == other for one, other in zip(quick, general, strict=True))


@pytest.mark.parametrize("value", [7, "text", [1, 2]], ids=["a number", "a text", "a list"])
def test_steps_of_a_loop_have_quick_rows(value: Any) -> None:
    """W6: from the second time that a way is gone."""
    quick, _ = rows_of(looped([{"n": value}] * 20), Codec(redactor=Redactor()))

    assert sum(row is None for row in quick) <= 5
