"""Nodes whose outcome a cache has: LangGraph does not run them, and asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.cache.base import BaseCache

from lellm_nb.adapters.langgraph.driving.inside import INSIDE

__all__ = ["HeardCache"]


class HeardCache(BaseCache[Any]):
    """The user's own cache; a drive hears which nodes it had something for."""

    def __init__(self, cache: Any) -> None:
        super().__init__(serde=cache.serde)
        self._cache = cache

    @staticmethod
    def _note(found: Mapping[Any, Any]) -> None:
        inside = INSIDE.get()
        for namespace, _ in found if inside is not None else ():
            inside[0].cached.append(namespace[-1])  # type: ignore[index]  # as was asked

    def get(self, keys: Sequence[Any]) -> dict[Any, Any]:
        """Return what there is."""
        found: dict[Any, Any] = self._cache.get(keys)
        self._note(found)
        return found

    async def aget(self, keys: Sequence[Any]) -> dict[Any, Any]:
        """Return what there is."""
        found: dict[Any, Any] = await self._cache.aget(keys)
        self._note(found)
        return found

    def set(self, pairs: Mapping[Any, Any]) -> None:
        """Keep something."""
        self._cache.set(pairs)

    async def aset(self, pairs: Mapping[Any, Any]) -> None:
        """Keep something."""
        await self._cache.aset(pairs)

    def clear(self, namespaces: Any = None) -> None:
        """Forget."""
        self._cache.clear(namespaces)

    async def aclear(self, namespaces: Any = None) -> None:
        """Forget."""
        await self._cache.aclear(namespaces)
