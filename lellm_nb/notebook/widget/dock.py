"""The panel beside the notebook instead of in a cell."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lellm_nb.errors import DebuggerError
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.widget.display import remember
from lellm_nb.notebook.widget.kernel import in_notebook, publish
from lellm_nb.notebook.widget.panel import panel_for

_docked: list[Any] = []


class DockError(DebuggerError):
    """The panel cannot be put beside the notebook."""


def dock(debugger: DebuggerLike) -> None:
    """Show the panel of `debugger` beside the notebook, in JupyterLab.

    There is one such place: docking another debugger takes it over. No front end says
    whether it has one, so the cell says what to do where nothing was to be seen.

    Raises:
        DockError: The package that makes the place is not installed, or there is no notebook.
    """
    try:
        sidecar = import_module("sidecar")
    except ImportError as error:
        raise DockError(
            "Docking needs the package sidecar (pip install sidecar). Without it:"
            " right-click the panel's cell, then Create New View for Cell Output."
        ) from error
    if not in_notebook():
        raise DockError("Docking needs a notebook in JupyterLab; elsewhere show the Debugger.")
    remember(debugger)
    while _docked:
        _docked.pop().close()
    place = sidecar.Sidecar(title=debugger.name, anchor="split-right")
    _docked.append(place)
    with place:
        publish(panel_for(debugger))
    publish(_Docked())


class _Docked:
    """What the cell itself shows: the same words each time."""

    def __repr__(self) -> str:
        return (
            "The panel stands beside the notebook, in JupyterLab."
            " Other front ends have no such place: end a cell with the Debugger there."
        )
