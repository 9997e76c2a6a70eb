"""Names that people outside this repository use. Written by hand; a name only ever joins."""

from __future__ import annotations

import importlib
import inspect

import pytest

NAMES = {
    "build": ["GraphBuilder", "Graph"],
    "state": [
        "State",
        "StateKey",
        "Put",
        "Delete",
        "Reduce",
        "Reducer",
    ],
    "run": [
        "ExecutionEngine",
        "ExecutionSession",
        "CancellationToken",
        "StepCallback",
        "NoopStepCallback",
        "GraphResult",
    ],
    "record": ["Frame", "FrameStack", "Position"],
    "sinks": [
        "CheckpointSink",
        "NoopCheckpointSink",
        "MemorySink",
        "BarrierSink",
        "NoopBarrierSink",
        "WidgetBarrierSink",
        "Approve",
        "Reject",
        "Modify",
        "Reroute",
        "Decided",
        "TimedOut",
        "Cancelled",
    ],
    "debug": ["Debugger", "Stop", "StopReason"],
}

ERRORS = {
    # Each error and what it is a kind of.
    "LellmError": "Exception",
    "BuildErrors": "LellmError",
    "MissingStartError": "LellmError",
    "MissingEndError": "LellmError",
    "UnknownNodeError": "LellmError",
    "DuplicateNodeError": "LellmError",
    "InvalidGraphError": "LellmError",
    "NodeNotFoundError": "LellmError",
    "NodeExecutionError": "LellmError",
    "UnroutedError": "LellmError",
    "EdgeError": "LellmError",
    "StepsExceededError": "LellmError",
    "LoopLimitError": "LellmError",
    "BarrierCancelledError": "LellmError",
    "RunCancelledError": "LellmError",
    "StateError": "LellmError",
    "ReadOnlyStateError": "StateError",
    "MissingKeyError": "StateError",
    "StateTypeError": "StateError",
    "ReducerError": "StateError",
    "DebuggerError": "LellmError",
    "BusyError": "DebuggerError",
    "NoSuchFrameError": "DebuggerError",
    "NotWaitingError": "DebuggerError",
}

SIGNATURES = {
    # Parameters that callers may name. Others may join.
    "GraphBuilder": "name reducers enforce_max_visits",
    "GraphBuilder.task": "name",
    "GraphBuilder.node": "",
    "GraphBuilder.condition": "",
    "GraphBuilder.barrier": "timeout default_action approve_key reject_key",
    "GraphBuilder.edge": "max_visits",
    "GraphBuilder.edge_if": "max_visits",
    "GraphBuilder.edge_fallback": "max_visits",
    "GraphBuilder.start": "",
    "GraphBuilder.end": "",
    "GraphBuilder.canonical_hash": "",
    "GraphBuilder.build": "",
    "Graph.execute": "state",
    "Graph.run": "state",
    "Graph.run_inline": "engine max_steps callback start_at",
    "State.require": "",
    "ExecutionEngine": "state stream cancel checkpoint barrier trace log",
    "ExecutionSession": "state graph",
    "ExecutionSession.step": "",
    "ExecutionSession.run": "",
    "Debugger": "graph state max_steps name",
    "Debugger.step": "n",
    "Debugger.run": "until",
    "Debugger.retry": "",
    "Debugger.pause": "",
    "Debugger.stop": "",
    "Debugger.astep": "",
    "Debugger.arun": "through_barriers",
    "Debugger.start": "",
    "Debugger.back": "n",
    "Debugger.rewind": "frame",
    "Debugger.break_at": "node when visit ignore after",
    "Debugger.approve": "id",
    "Debugger.reject": "reason id",
    "Debugger.modify": "key value id",
    "Debugger.reroute": "target id",
    "Debugger.preview": "decision",
    "Debugger.fork": "at put delete name",
    "Debugger.at": "node visit",
    "Debugger.diff": "a b",
    "Debugger.who": "path",
    "BarrierSink.wait_decision": "barrier_id timeout",
    "CheckpointSink.on_checkpoint": "state frame_info",
    "FrameStack.push": "",
    "FrameStack.pop": "",
}

ATTRIBUTES = {
    "Graph": "name nodes edges start end canonical_hash",
    "ExecutionSession": "state graph frame_stack position",
    "ExecutionEngine": "state",
    "Debugger": "state position frames pending breakpoints",
    "FrameStack": "current depth is_empty frames",
    "MemorySink": "frames",
    "Frame": "graph_id node_id state cursor index kind path node visit mutations route error",
    "Position": "state",
    "Stop": "reason frame error pending breakpoint",
}

REASONS = [
    "STEP",
    "BREAKPOINT",
    "WATCH",
    "BARRIER",
    "PAUSED",
    "COMPLETED",
    "FAILED",
    "LIMIT",
    "CANCELLED",
    "START",
]
REDUCERS = ["ERROR", "REPLACE", "APPEND", "MERGE_OBJECT", "SUM", "MAX", "MIN"]
DECISION_FIELDS = {
    "Approve": [],
    "Reject": ["reason"],
    "Modify": ["key", "value"],
    "Reroute": ["target"],
}


def public(name: str) -> object:
    """A public name, or a method of one, as a caller would reach it."""
    found: object = importlib.import_module("lellm_nb")
    for part in name.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", [name for group in NAMES.values() for name in group])
def test_the_name_is_public(name):
    """`from lellm_nb import name` works, and the package lists it."""
    package = importlib.import_module("lellm_nb")

    assert getattr(package, name) is not None
    assert name in package.__all__


def test_every_listed_name_exists():
    """`__all__` promises nothing that is not there."""
    package = importlib.import_module("lellm_nb")

    assert [name for name in package.__all__ if not hasattr(package, name)] == []


@pytest.mark.parametrize(("name", "base"), ERRORS.items())
def test_the_error_is_public(name, base):
    """Errors live in `lellm_nb.errors` and can be caught by family."""
    errors = importlib.import_module("lellm_nb.errors")
    family = Exception if base == "Exception" else getattr(errors, base)

    assert issubclass(getattr(errors, name), family)


def test_build_errors_are_a_group():
    """`except*` takes a faulty graph apart."""
    errors = importlib.import_module("lellm_nb.errors")

    assert issubclass(errors.BuildErrors, ExceptionGroup)


@pytest.mark.parametrize(("name", "wanted"), SIGNATURES.items())
def test_the_signature_keeps_its_parameters(name, wanted):
    """Parameters that callers name stay."""
    parameters = inspect.signature(public(name)).parameters
    missing = [parameter for parameter in wanted.split() if parameter not in parameters]

    assert not missing, f"{name}{inspect.signature(public(name))} has no {missing}"


@pytest.fixture(scope="module")
def things():
    """One real object of each class that has public attributes."""
    graph = public("GraphBuilder")("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
    debugger = public("Debugger")(graph, {})
    stop = debugger.run()
    return {
        "Graph": graph,
        "ExecutionSession": public("ExecutionSession")({}, graph),
        "ExecutionEngine": public("ExecutionEngine")({}),
        "Debugger": debugger,
        "FrameStack": public("FrameStack")(),
        "MemorySink": public("MemorySink")(),
        "Frame": debugger.frames[1],
        "Position": debugger.position,
        "Stop": stop,
    }


@pytest.mark.parametrize(("name", "wanted"), ATTRIBUTES.items())
def test_the_object_keeps_its_attributes(name, wanted, things):
    """Attributes can be read, whether they are set or worked out."""
    assert [part for part in wanted.split() if not hasattr(things[name], part)] == []


@pytest.mark.parametrize("options", [{"max_steps": 5}, {"checkpoint": None}, {"barrier": None}])
def test_a_graph_runs_with_its_documented_options(options, things):
    """`graph.run(state, max_steps=…, checkpoint=…, barrier=…)`."""
    assert things["Graph"].run({}, **options).state == {"n": 1}


def test_stop_reasons_are_spelled_as_documented():
    """A `Stop` says why in one of these words."""
    assert {reason.name for reason in public("StopReason")} >= set(REASONS)


def test_reducers_are_spelled_as_documented():
    """S4: the ready-made reducers."""
    assert [name for name in REDUCERS if not hasattr(public("Reducer"), name)] == []


@pytest.mark.parametrize(("name", "fields"), DECISION_FIELDS.items())
def test_decisions_are_plain_values(name, fields):
    """B3: two equal decisions are equal, and their parts can be read."""
    decision = public(name)
    values = ["a key", 1][: len(fields)]

    assert decision(*values) == decision(*values)
    assert [getattr(decision(*values), field) for field in fields] == values
