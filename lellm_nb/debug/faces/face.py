"""What every face of the debugger stands on."""

from __future__ import annotations

from types import FunctionType
from typing import Any

from lellm_nb.arguments import text
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.core.family import Family
from lellm_nb.debug.verbs.backward import frame_of
from lellm_nb.errors import DebuggerError
from lellm_nb.record.frame import Frame
from lellm_nb.session.protocol import Session

__all__ = ["Face"]


class Face:
    """Some of the debugger's verbs, over one context and nothing else."""

    _context: DebugContext

    def __init_subclass__(cls) -> None:
        # a call with wrong arguments names the class that people know, whichever face it is of
        for name, verb in vars(cls).items():
            if isinstance(verb, FunctionType) and not name.startswith("_"):
                verb.__qualname__ = f"Debugger.{name}"

    @classmethod
    def _of(cls, context: DebugContext) -> Any:
        """Make the debugger of a context: the first of a run, or the next."""
        made = cls.__new__(cls)
        made._stand_on(context)
        return made

    def _stand_on(self, context: DebugContext) -> None:
        self._context = context
        context.follow_items()
        context.family.born(self, context)

    @classmethod
    def _family(cls) -> Family:
        """Return who will know the debuggers of a run, and make the next of them."""
        return Family(cls._of, cls._before_run)

    @staticmethod
    def _before_run() -> None:
        """Do what has to be done before nodes run."""

    @property
    def session(self) -> Session:
        """What runs: the engine's own session behind the protocol."""
        return self._context.session

    @property
    def name(self) -> str:
        """What the run is called, for people."""
        return self._context.name

    @name.setter
    def name(self, name: str) -> None:
        self._context.name = text(name, "name", DebuggerError)

    def _frame(self, which: Any) -> Frame:
        return frame_of(self._context, which)
