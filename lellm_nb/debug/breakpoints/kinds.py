"""The stops a user can set: at a node, on errors, where a value changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from lellm_nb.arguments import answered
from lellm_nb.debug.breakpoints.unsaved_condition import UnsavedCondition, name_of
from lellm_nb.debug.history.stored_values import kept_at
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.engine.driving.drive import apart
from lellm_nb.errors import DebuggerError
from lellm_nb.graph.item_branches import is_at
from lellm_nb.record.frame import RAN, Frame
from lellm_nb.session.protocol import NextMove
from lellm_nb.state.compact import MISSING, real
from lellm_nb.state.sameness import same

__all__ = [
    "Before",
    "Breakpoint",
    "ConditionalStop",
    "ErrorStop",
    "Hit",
    "Stopper",
    "Watch",
]

Before = Callable[[Frame], Any]
"""Gives the compact state that a frame's own level had before the frame."""


class Hit(NamedTuple):
    """That a stop was hit, and what is to be said of it.

    Attributes:
        stop: The stop.
        error: What its condition raised, if that is why it stops.
        old, new: The value before and after, of a watch.
        frame: The frame that hit it; `None` where none did: before a node, and going back.
        before: The path of the node that it stops before, with visits; else empty.
    """

    stop: Stopper
    error: BaseException | None = None
    old: Any = None
    new: Any = None
    frame: Frame | None = None
    before: str = ""

    def at(self, frame: Frame | None) -> Hit:
        """Return the same hit, of another frame or of none."""
        return self._replace(frame=frame)


class Stopper:
    """What all stops share.

    Attributes:
        id: A number to name it by.
        enabled: Set it to False to keep it for later.
        hits: How often it was met while enabled, going forward or back.
        note: What is worth knowing of it as long as it was not met.
        kept: Whether it was found again, and nobody has set it since.
        gone: Whether it is off only because the graph does not have what it is about.
    """

    note = ""
    kept = False
    gone = False
    asks = True
    """Whether it asks a condition, which may raise."""

    def __init__(self) -> None:
        self.id = 0
        self.enabled = True
        self.hits = 0

    @property
    def label(self) -> str:
        """What it is, in words."""
        raise NotImplementedError

    def names(self) -> tuple[Any, ...]:
        """What a user may call it by, beside its id."""
        return (self.label,)

    @property
    def missing(self) -> UnsavedCondition | None:
        """What is known of its condition where a store could not keep that; else `None`."""
        return None

    def rearm(self, condition: Callable[[Any], Any]) -> None:
        """Give the condition that is missing; it stops again if it did when it was stored.

        Raises:
            DebuggerError: It misses none.
        """
        raise DebuggerError(f"{self!r} misses no condition.")

    @property
    def inside(self) -> bool:
        """Whether it is about a level inside, and so has to know how that was entered."""
        return False

    def after(self, frame: Frame, before: Before | None = None) -> Hit | None:
        """Tell whether to stop after a frame; never raises.

        Args:
            before: Tells with what the level of a frame was entered.
        """
        return None

    def __repr__(self) -> str:
        off = "disabled" if self.missing is None else repr(self.missing)
        said = [*([] if self.enabled else [off]), *([] if self.hits else [self.note])]
        state = "; ".join(filter(None, said))
        more = f" ({state})" if state else ""
        return f"<{type(self).__name__} {self.id} {self.label}{more}, hits {self.hits}>"


class ConditionalStop(Stopper):
    """A stop that may have a condition.

    Attributes:
        when: Asked with what the stop is about; stops where it is true. `None` for always.
    """

    when: Callable[[Any], Any] | None

    @property
    def missing(self) -> UnsavedCondition | None:
        return self.when if isinstance(self.when, UnsavedCondition) else None

    def rearm(self, condition: Callable[[Any], Any]) -> None:
        if self.missing is None:
            super().rearm(condition)
        else:
            self.enabled = self.missing.was_on
            self.when = condition

    def refused(self, subject: Callable[[], Any]) -> Hit | Literal[False] | None:
        """Ask the condition: `False` where it holds, `None` where not, a hit where it raises.

        Args:
            subject: Gives what it is asked with.
        """
        assert self.when is not None
        try:
            answer = apart(self.when, subject())
            if not answer:
                return None
            answered(answer)
        except BaseException as error:  # stops there, to be shown
            return Hit(self, error)
        return False


class Breakpoint(ConditionalStop):
    """A stop at a node.

    Attributes:
        path: The node's path without visits, as it was named: ``check/3`` is one item of a map.
        static: The same with ``*`` for each item: what runs for all of them.
        when: Asked with the state of the node's level; stops where it is true.
        visit: Stops at this visit only.
        ignore: How many hits are let pass first.
        stops_after: Whether it stops after the node's commit, not before the node runs.
    """

    def __init__(
        self,
        path: str,
        *,
        static: str | None = None,
        when: Callable[[Any], Any] | None = None,
        visit: int | None = None,
        ignore: int = 0,
        after: bool = False,
    ) -> None:
        super().__init__()
        self.path = path
        self.static = path if static is None else static
        self.when = when
        self.visit = visit
        self.ignore = ignore
        self.stops_after = after

    @property
    def label(self) -> str:
        more = f" visit {self.visit}" if self.visit is not None else ""
        more += f" if {name_of(self.when)}" if self.when else ""
        return f"{'after' if self.stops_after else 'before'} {self.path}{more}"

    def names(self) -> tuple[Any, ...]:
        return self.label, self.path

    @property
    def one_item(self) -> bool:
        """Whether it stops at one item of a map alone."""
        return self.path != self.static

    def before(self, step: NextMove | Frame, state: Callable[[], Any]) -> Hit | None:
        """Tell whether to stop before a step of the node; never raises.

        Args:
            state: Gives what its condition is asked with.
        """
        if not self.enabled or (self.visit is not None and step.visit != self.visit):
            return None
        if self.path != self.static and not is_at(step.path, self.path):
            return None
        if self.when is not None and (refused := self.refused(state)) is not False:
            return refused
        return self.counted()

    def counted(self) -> Hit | None:
        """Count that it is met, and hit it unless it is to be let pass."""
        self.hits += 1
        return Hit(self) if self.hits > self.ignore else None

    def after(self, frame: Frame, before: Before | None = None) -> Hit | None:
        if frame.static_path != self.static or frame.kind not in RAN:
            return None
        hit = self.before(frame, lambda: frame.state)
        return None if hit is None else hit.at(frame)


class ErrorStop(Stopper):
    """A stop at every failure, also one that an error route takes."""

    asks = False

    @property
    def label(self) -> str:
        return "on any error"

    def after(self, frame: Frame, before: Before | None = None) -> Hit | None:
        if not self.enabled or frame.error is None:
            return None
        self.hits += 1
        return Hit(self, frame.error, frame=frame)


class Watch(Stopper):
    """A stop where a value changes: at a path of a state, or of a predicate of the root state.

    Attributes:
        what: A `ValuePath`, or the predicate.
    """

    def __init__(self, what: ValuePath | Callable[[Any], Any]) -> None:
        super().__init__()
        self.what = what

    @property
    def subject(self) -> str:
        """What it looks at: the place as it was asked for, or the name of the predicate."""
        return str(self.what) if isinstance(self.what, ValuePath) else name_of(self.what)

    @property
    def label(self) -> str:
        return f"when {self.subject} changes"

    @property
    def missing(self) -> UnsavedCondition | None:
        return self.what if isinstance(self.what, UnsavedCondition) else None

    def rearm(self, condition: Callable[[Any], Any]) -> None:
        if self.missing is None:
            super().rearm(condition)
        else:
            self.enabled = self.missing.was_on
            self.what = condition

    def names(self) -> tuple[Any, ...]:
        return self.label, self.what, getattr(self.what, "text", None)

    @property
    def inside(self) -> bool:
        return isinstance(self.what, ValuePath) and bool(self.what.level)

    def after(self, frame: Frame, before: Before | None = None) -> Hit | None:
        if isinstance(self.what, ValuePath):
            # asked of every frame, and mostly in vain: look first whether it was written at all
            if not self.what.may_change(frame) or not self.enabled or frame.parent is None:
                return None
            old, new = self.what.value(frame.parent, frame), self.what.value(frame, frame)
            if old is MISSING and self.what.level and before is not None:
                # the level may be entered by this very step: it began with what its lens gave
                begun = before(frame)
                old = MISSING if begun is None else real(kept_at(begun, self.what.parts))
        else:
            last = frame.parent
            if not self.enabled or last is None or last.position.data is frame.position.data:
                return None
            try:
                old, new = (answered(apart(self.what, f.root_state)) for f in (last, frame))
            except BaseException as error:
                return Hit(self, error, frame=frame)
        if same(old, new):
            return None
        self.hits += 1
        old, new = (None if value is MISSING else value for value in (old, new))
        return Hit(self, None, old, new, frame)
