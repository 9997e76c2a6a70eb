"""What a node's context asks of the run that performs it."""

from __future__ import annotations

from typing import Any, Protocol

from lellm_nb.engine.cancellation import CancellationToken
from lellm_nb.engine.scope import Scope, Site
from lellm_nb.record.position import Position

__all__ = ["NodeHost"]


class NodeHost(Protocol):
    """What a context asks of the run that performs its node."""

    token: CancellationToken
    doomed: Any
    position: Position
    executor: Any
    tapes: Any
    sendable: dict[str, Exception | None]

    def open_tape(self, scope: Scope, site: Site, level: Position) -> Any:
        """Return where a node's calls are taken down, `None` where nobody wants them."""

    def on_chunk(self, site: Site, chunk: Any) -> None:
        """Pass a stream chunk on."""
