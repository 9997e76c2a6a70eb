"""A stop on an edge: where it was taken, or where it was asked and another way was taken."""

from __future__ import annotations

from lellm_nb.debug.breakpoints.kinds import Before, Hit, Stopper
from lellm_nb.record.frame import Frame

__all__ = ["EdgeStop"]


class EdgeStop(Stopper):
    """A stop after the step that took an edge, or that asked it in vain.

    Attributes:
        source: The path, without visits, of the node that the edge leaves.
        target: The name of the node that it leads to.
        refused: Whether it stops where the edge's condition did not hold and another way was
            taken, in place of where the edge was taken.
    """

    def __init__(self, source: str, target: str, refused: bool = False) -> None:
        super().__init__()
        self.source = source
        self.target = target
        self.refused = refused

    @property
    def label(self) -> str:
        return f"on {self.source} -> {self.target}{' refused' if self.refused else ''}"

    def after(self, frame: Frame, before: Before | None = None) -> Hit | None:
        if not self.enabled or frame.static_path != self.source or frame.kind == "edit":
            return None  # an edit has the route of the frame that it follows
        route = frame.route
        if route is None or route.leads_to(self.target) is self.refused:
            return None
        if self.refused and not self._asked(frame):
            return None
        self.hits += 1
        return Hit(self, frame=frame)

    def _asked(self, frame: Frame) -> bool:
        """Tell whether a step that went another way had asked the edge."""
        if frame.position.native is not None:
            # LangGraph asks all conditional edges of a node that has returned
            return frame.kind in ("commit", "exit")
        source = self.source.rpartition("/")[2]
        tried = () if frame.route is None else frame.route.tried
        return (f"{source} -> {self.target}", False) in tried
