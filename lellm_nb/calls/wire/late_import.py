"""What is imported while calls are taken down, inside of a node too, is wrapped right after."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["LateImport"]


class LateImport(MetaPathFinder):
    """A finder that finds nothing itself: it has somebody told when a module was imported.

    Args:
        names: Of the modules.
        told: Called after one of them was imported.
    """

    def __init__(self, names: Collection[str], told: Callable[[], None]) -> None:
        self._names = names
        self._told = told

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what the other finders find."""
        if fullname not in self._names:
            return None
        for finder in sys.meta_path:
            if finder is not self:
                spec = finder.find_spec(fullname, path, target)
                if spec is not None:
                    self._have_told(spec)
                    return spec
        return None

    def _have_told(self, spec: ModuleSpec) -> None:
        loader = spec.loader
        if loader is None or isinstance(loader, type):  # built in: what has no instance is no one's
            return
        load = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            vars(loader).pop("exec_module", None)  # its class has its own
            load(module)
            self._told()

        loader.exec_module = exec_module  # type: ignore[method-assign]  # for one import alone
