"""Sessions: who owns position and history."""

from lellm_nb.session.session import ExecutionSession, GraphHashMode, SessionCheckpoint

__all__ = ["ExecutionSession", "GraphHashMode", "SessionCheckpoint"]
