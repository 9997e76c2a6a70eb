"""The debugger: verbs over a session, and questions to its history."""

from lellm_nb.debug.breakpoints.registry import Breakpoint, Breakpoints, EdgeStop, ErrorStop, Watch
from lellm_nb.debug.core.stop import Pending, Stop, StopReason
from lellm_nb.debug.debugger import Debugger
from lellm_nb.debug.diff.diff import Change, Diff

__all__ = [
    "Breakpoint",
    "Breakpoints",
    "Change",
    "Debugger",
    "Diff",
    "EdgeStop",
    "ErrorStop",
    "Pending",
    "Stop",
    "StopReason",
    "Watch",
]
