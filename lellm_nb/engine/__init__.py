"""The engine: find the spot, perform it, commit it. `spot` decides what happens next."""

from lellm_nb.engine.execute import ExecutionEngine, execute, run, run_inline
from lellm_nb.engine.result import GraphResult
from lellm_nb.engine.token import CancellationToken

__all__ = [
    "CancellationToken",
    "ExecutionEngine",
    "GraphResult",
    "execute",
    "run",
    "run_inline",
]
