"""LangGraph's compiled graphs as they are, behind the session protocol."""

from lellm_nb.adapters.langgraph.checks import check_called, check_once
from lellm_nb.adapters.langgraph.run import LangGraphSession
from lellm_nb.adapters.langgraph.self_check import self_check

__all__ = ["LangGraphSession", "check_called", "check_once", "self_check"]
