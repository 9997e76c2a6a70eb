"""The state after one node, and a state to change inside."""

from __future__ import annotations

from lellm_nb import ExecutionSession
from tests.strategies import chain, finish

PLAN = {"plan": {"steps": ["a", "b"], "owner": {"name": "Ada"}}}


def after(function, state=None, **options):
    """The state after one node."""
    function.__name__ = "node"
    return finish(ExecutionSession(state or {}, chain(function, **options))).state
