"""Every error is one of ours, says a sentence and knows where it happened."""

from __future__ import annotations

from lellm_nb import errors
from lellm_nb.errors import GraphError, LellmError


def test_every_error_is_one_of_ours_and_says_something():
    """DESIGN: one base, and messages that are sentences."""
    samples = [
        errors.UnknownNodeError("darft", where="Edge a -> b", known=["draft"]),
        errors.NodeNotFoundError("x", ["y"]),
        errors.NodeExecutionError("a/b", ValueError("no")),
        errors.EdgeError("a", "b", ValueError("no")),
        errors.UnroutedError("a", {"a -> b": False}),
        errors.StepsExceededError(3, path="a"),
        errors.BarrierCancelledError("a"),
        errors.RunCancelledError(path="a"),
        errors.MergeConflictError("k", {"one": 1, "two": 2}),
        errors.MissingKeyError("k", ["key"]),
        errors.GraphMismatchError(1, 2),
        errors.BusyError("step"),
        errors.NotWaitingError(None, []),
    ]

    assert all(isinstance(error, LellmError) for error in samples)
    assert all(len(str(error)) > 20 for error in samples)
    assert all(
        isinstance(getattr(errors, name), type) or name == "nearest" for name in errors.__all__
    )


def test_run_errors_know_where_they_happened():
    """DESIGN: every run error has path, node and state."""
    error = errors.NodeExecutionError("agent/llm", ValueError("no"), state={"n": 1})

    assert (error.path, error.node, error.state) == ("agent/llm", "llm", {"n": 1})


def test_a_graph_error_is_not_a_run_error():
    """DESIGN: families can be caught apart."""
    assert not issubclass(GraphError, errors.RunError)
    assert not issubclass(errors.RunError, GraphError)
    assert issubclass(errors.ReadOnlyStateError, TypeError)
    assert issubclass(errors.MissingKeyError, KeyError)
