"""The view: a debugger in a notebook cell. Loads widgets only when shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lellm_nb.notebook.widget.barrier_card import WidgetBarrierSink
    from lellm_nb.notebook.widget.display import display_debugger, shown_panel
    from lellm_nb.notebook.widget.dock import dock
    from lellm_nb.notebook.widget.html_file import export_html
    from lellm_nb.notebook.widget.magics import load_ipython_extension, unload_ipython_extension

__all__ = [
    "WidgetBarrierSink",
    "display_debugger",
    "dock",
    "export_html",
    "load_ipython_extension",
    "shown_panel",
    "unload_ipython_extension",
]

_HOMES = {
    "WidgetBarrierSink": "widget.barrier_card",
    "display_debugger": "widget.display",
    "dock": "widget.dock",
    "export_html": "widget.html_file",
    "load_ipython_extension": "widget.magics",
    "shown_panel": "widget.display",
    "unload_ipython_extension": "widget.magics",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
