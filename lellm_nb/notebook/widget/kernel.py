"""What the kernel around us can do."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Any

from lellm_nb.errors import DebuggerError


class ClicksUnavailableError(DebuggerError):
    """A cell would wait for a click that cannot reach Python while it waits."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"This cell cannot wait for a click: {why} Show a Debugger instead and"
            " press its buttons, or decide by call: dbg.run(); dbg.approve()."
        )


def shell() -> Any:
    """Return IPython's shell, or None where there is none."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def in_notebook() -> bool:
    """Say whether there is a kernel behind us, and so perhaps a page."""
    return getattr(shell(), "kernel", None) is not None


def check_clicks(waited: float = 0.0) -> None:
    """Refuse to wait for a click that cannot come.

    A click reaches an awaiting cell with ipykernel 7.4 and later. Before that,
    from 7.0 on, it comes on a subshell if the front end made one; it does so
    within moments of a widget being shown, so `waited` says for how long there
    has been one.

    Raises:
        ClicksUnavailableError: No click will come.
    """
    if not in_notebook():
        raise ClicksUnavailableError("there is no notebook around it.")
    installed = metadata.version("ipykernel")
    version = kernel_version(installed)
    if version >= (7, 4):
        return
    said = f"ipykernel {installed} takes no click while a cell awaits"
    if version < (7, 0):
        raise ClicksUnavailableError(f"{said} (7.4 does).")
    if waited > _SUBSHELL_PATIENCE and not _subshells():
        raise ClicksUnavailableError(
            f"{said} unless the front end uses subshells, and this one does not."
        )


_SUBSHELL_PATIENCE = 3.0


def kernel_version(text: str) -> tuple[int, int]:
    """Return the first two numbers of a version.

    Example:
        >>> kernel_version("7.4.0"), kernel_version("7.0.0a1")
        ((7, 4), (7, 0))
    """
    major, minor, *_ = text.split(".")
    return int(major), int(minor)


def _subshells() -> bool:
    kernel = getattr(shell(), "kernel", None)
    thread = getattr(kernel, "shell_channel_thread", None)
    manager = getattr(thread, "manager", None)
    try:
        return bool(manager.list_subshell()) if manager is not None else False
    except Exception:  # not ours: a front end that cannot be asked counts as able
        return True


def publish(thing: Any, display_id: str | None = None, *, again: bool = False) -> None:
    """Show `thing` in the cell that is running, or `again` where it was shown before."""
    from IPython import display as ipython

    named = {} if display_id is None else {"display_id": display_id}
    (ipython.update_display if again else ipython.display)(thing, **named)  # type: ignore[no-untyped-call]  # IPython ships no types here
