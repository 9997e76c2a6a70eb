"""C1: what a sink captured is read as a table, like the frames of a Debugger."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, FrameStack, MemorySink, NoopBarrierSink
from lellm_nb.errors import MissingKeyError
from tests.strategies import nested


def test_a_sink_s_and_a_stack_s_frames_have_the_columns_of_a_debugger_s():
    sink = MemorySink()
    nested().run({}, checkpoint=sink, barrier=NoopBarrierSink())
    found, stacked = sink.to_pandas(), FrameStack(sink.frames).to_pandas(keys=["log"])
    of_debugger = Debugger(nested()).frames.to_pandas()

    assert found.columns.tolist() == of_debugger.columns.tolist()
    assert (found.dtypes == of_debugger.dtypes).all()
    assert found["path"].tolist() == [frame.path for frame in sink.frames]
    assert stacked["log"].iloc[-1].startswith("['plan', 'agent/llm'")
    assert len(MemorySink().to_pandas()) == 0


def test_a_key_that_no_frame_has_is_refused_with_the_nearest():
    sink = MemorySink()
    nested().run({}, checkpoint=sink, barrier=NoopBarrierSink())
    with pytest.raises(MissingKeyError, match="log"):
        sink.to_pandas(keys=["log_"])
