"""Puts the wrappers in their places while at least one recorder is on (CALLS.md)."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from lellm_nb.calls.wire.call_sink import CallSink
from lellm_nb.calls.wire.late_import import LateImport
from lellm_nb.calls.wire.node_here import found_by
from lellm_nb.calls.wire.patch import Patch
from lellm_nb.calls.wire.threads import thread_patches

__all__ = ["install", "uninstall"]

_BOUNDARIES: Final[Mapping[str, tuple[str, str, str]]] = {
    "httpx": ("AsyncClient", "httpx_clients", "httpx_patches"),
    "httpx2": ("AsyncClient", "httpx_clients", "httpx_patches"),
    "requests": ("Session", "requests_client", "requests_patches"),
    "aiohttp": ("ClientSession", "aiohttp_client", "aiohttp_patches"),
}
"""By module: the class that it has once it is imported, and the module here and the function that
wrap it: they are loaded when there is something to wrap."""

_lock = threading.RLock()  # a recorder may be collected, and go, while another one comes
_recorders = 0
_patches: list[Patch] = []
_wrapped: set[type] = set()


def install(find: Callable[[Any], CallSink | None], node: Callable[[], Any]) -> None:
    """Have requests taken down, until as many `uninstall` as `install` were called.

    With no recorder there is no wrapper; none of the clients is imported for it.

    Args:
        find: Gives the tape of a node, or `None`.
        node: Gives what `find` knows the node by that runs in the calling context, or `None`.
    """
    global _recorders
    with _lock:
        _recorders += 1
        found_by(find, node)
        if _recorders == 1:
            sys.meta_path.insert(0, _late)
        _wrap_imported()


def uninstall() -> None:
    """Hear that one recorder is off; the last one takes the wrappers away."""
    global _recorders
    with _lock:
        _recorders -= 1
        if _recorders == 0:
            found_by()
            if _late in sys.meta_path:
                sys.meta_path.remove(_late)
            while _patches:
                _patches.pop().undo()
            _wrapped.clear()


def _wrap_imported() -> None:
    with _lock:
        for name, (client, boundary, patches) in _BOUNDARIES.items():
            module = sys.modules.get(name)
            kind = getattr(module, client, None)  # not there yet while it is being imported
            if _recorders and module is not None and kind is not None and kind not in _wrapped:
                if not _wrapped:  # without a client no thread has anything to carry
                    _patches.extend(thread_patches())
                _wrapped.add(kind)
                wraps = import_module(f"{__package__}.{boundary}")
                made: list[Patch] = getattr(wraps, patches)(module)
                _patches.extend(made)


_late = LateImport(_BOUNDARIES, _wrap_imported)
