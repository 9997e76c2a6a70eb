"""Sessions: who owns position and history, and what any engine gives to be debugged."""

from lellm_nb.session.run_step import run_step
from lellm_nb.session.session import ExecutionSession, GraphHashMode, SessionCheckpoint

__all__ = ["ExecutionSession", "GraphHashMode", "SessionCheckpoint", "run_step"]
