"""Every tab of the inspector, in order: found by looking through this folder."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from lellm_nb.notebook.tabs.tab import Tab, TabQuestion

__all__ = ["QUESTIONS", "TABS", "Tab", "tab_of"]


def _found() -> tuple[Tab, ...]:
    package, _, me = __name__.rpartition(".")
    names = [module.name for module in iter_modules([str(Path(__file__).parent)])]
    modules = [import_module(f"{package}.{name}") for name in names if name != me]
    return tuple(sorted((m.TAB for m in modules if hasattr(m, "TAB")), key=lambda tab: tab.place))


TABS: tuple[Tab, ...] = _found()
"""Every tab, in the order in which they stand."""

QUESTIONS: dict[str, TabQuestion] = {one.name: one for tab in TABS for one in tab.questions}
"""What the tabs ask for themselves, by name."""


def tab_of(id: str) -> Tab:
    """Return the tab with that id.

    Raises:
        LookupError: There is none.

    Example:
        >>> tab_of("route").name
        'Route'
    """
    for tab in TABS:
        if tab.id == id:
            return tab
    raise LookupError(f"There is no tab {id!r}.")
