"""The debugger: verbs over a session, and questions to its history."""

from lellm_nb.debug.breakpoints import Breakpoint, Breakpoints, EdgeStop, ErrorStop, Watch
from lellm_nb.debug.debugger import Debugger
from lellm_nb.debug.diff import Change, Diff
from lellm_nb.debug.onestep import run_step
from lellm_nb.debug.stop import Pending, Stop, StopReason
from lellm_nb.debug.sweeping import grid

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
    "grid",
    "run_step",
]
