"""The panel beside the notebook instead of in a cell."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lellm_nb.errors import DebuggerError

from .display import remember
from .kernel import publish
from .panel import panel_for
from .protocols import DebuggerLike

_docked: list[Any] = []


class DockError(DebuggerError):
    """The panel cannot be put beside the notebook."""


def dock(debugger: DebuggerLike) -> None:
    """Show the panel of `debugger` beside the notebook, in JupyterLab.

    There is one such place: docking another debugger takes it over.

    Raises:
        DockError: The package that makes the place is not installed.
    """
    try:
        sidecar = import_module("sidecar")
    except ImportError as error:
        raise DockError(
            "Docking needs the package sidecar (pip install sidecar). Without it:"
            " right-click the panel's cell, then Create New View for Cell Output."
        ) from error
    remember(debugger)
    while _docked:
        _docked.pop().close()
    place = sidecar.Sidecar(title=debugger.name, anchor="split-right")
    _docked.append(place)
    with place:
        publish(panel_for(debugger))
