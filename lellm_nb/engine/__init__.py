"""The engine: find the spot, perform it, commit it. `spot` decides what happens next."""

from lellm_nb.engine.cancellation import CancellationToken
from lellm_nb.engine.execute import ExecutionEngine
from lellm_nb.engine.result import GraphResult

__all__ = ["CancellationToken", "ExecutionEngine", "GraphResult"]
