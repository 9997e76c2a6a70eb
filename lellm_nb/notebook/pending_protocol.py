"""What the view asks of what waits, and of what a decision would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lellm_nb.notebook.frame_protocol import ChangeLike


class PendingLike(Protocol):
    """What waits for a decision: a barrier, a question, a pause, or a node in mode ask."""

    @property
    def id(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def timeout(self) -> float | None: ...
    @property
    def since(self) -> float: ...
    @property
    def frame(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def value(self) -> Any: ...
    @property
    def schema(self) -> Any: ...
    @property
    def actions(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def shown(self) -> Mapping[str, Any]: ...


class PreviewLike(Protocol):
    """What a decision would do."""

    @property
    def next_node(self) -> str | None: ...
    @property
    def diff(self) -> Sequence[ChangeLike]: ...
    @property
    def error(self) -> BaseException | None: ...
