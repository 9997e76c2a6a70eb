"""What a debugger is made of: every verb gets this, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from lellm_nb.debug.breakpoints.registry import Breakpoints
from lellm_nb.debug.breakpoints.triggers import Triggers
from lellm_nb.debug.calls.book import CallBook
from lellm_nb.debug.calls.settings import CallSettings
from lellm_nb.debug.core.commands import CommandQueue
from lellm_nb.debug.core.family import Family
from lellm_nb.debug.core.live_streams import LiveRetries, LiveStreams
from lellm_nb.debug.core.node_modes import NodeModes
from lellm_nb.debug.core.protocols import RunStorage
from lellm_nb.debug.core.replaced_code import ReplacedCode
from lellm_nb.debug.core.seed import Seed
from lellm_nb.debug.core.verb_runner import VerbRunner
from lellm_nb.debug.deciding.rules import StandingRules
from lellm_nb.debug.inputs.steering import write_late
from lellm_nb.graph.code.code_place import CodePlace, condition_at
from lellm_nb.record.frame import Frame
from lellm_nb.session.protocol import Capability, Session

if TYPE_CHECKING:
    from lellm_nb.debug.history.hide import Hide
    from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["DebugContext"]

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(eq=False, repr=False)
class DebugContext(VerbRunner):
    """One line of a run as the debugger works on it.

    Attributes:
        session: Where the run stands, and every way to move it.
        name: For people.
        max_steps: How many steps one `run` may take.
        family: Shared by all lines of the run.
        storage: Where the run is kept; shared by all lines as well.
        breakpoints, standing, modes, code: Copied for another line, to be changed apart.
        redact: What is secret in what is shown, if it was chosen; else the store's own.
        seed: What nodes' random numbers are made of, or `None` for any.
        call_settings: What all lines of the run have in common about calls.
        executor: Where plain functions in branches are performed that name none of their own.
        calls: The calls of this line.
        commands: Claims the run for one command after the other.
        triggers: What may stop it.
        streams: What nodes that run now have emitted.
        retries: Which of them failed before, and when they are tried again.
        user: Who decides, as it is recorded; empty for the login.
        triggers, streams: What may stop it; what nodes that run now have emitted.
    """

    session: Session
    name: str
    max_steps: int
    family: Family
    storage: RunStorage
    breakpoints: Breakpoints = field(default_factory=Breakpoints)
    modes: NodeModes = field(init=False)
    code: ReplacedCode = field(default_factory=ReplacedCode)
    redact: Redactor | None = None
    seed: Seed | None = None
    call_settings: CallSettings = field(default_factory=CallSettings)
    executor: Executor | None = None
    calls: CallBook = field(init=False)
    commands: CommandQueue = field(init=False)
    triggers: Triggers = field(init=False)
    streams: LiveStreams = field(init=False)
    retries: LiveRetries = field(init=False)
    standing: StandingRules = field(default_factory=StandingRules)
    user: str = ""

    def __post_init__(self) -> None:
        self.modes = NodeModes(self.session, self.before)
        self.commands = CommandQueue(
            self.session.listeners, self._stopped, lambda: self.session.head
        )
        self.commands.leave = partial(write_late, self.session)
        self.triggers = Triggers(self.breakpoints, self.before)
        self.calls = CallBook(
            *(self.session, self.breakpoints, self.modes, self.call_settings),
            lambda: self.redactor,
            lambda call: self.storage.call_ended(self, call),
        )
        told = (lambda: self.session.head), self.commands.changed
        self.streams = LiveStreams(*told)
        self.retries = LiveRetries(*told, lambda: self.session.clock.wall())
        self.breakpoints.told = lambda: self.changed("stops")
        self.standing.told = lambda: self.changed("rules")

    def for_line(self, session: Session) -> DebugContext:
        """Return the context of another line of the same run."""
        made = DebugContext(
            session,
            self.name,
            self.max_steps,
            self.family,
            self.storage,
            self.breakpoints.copied(),
            self.code.copied(),
            self.redactor,
            self.seed,
            self.call_settings,
            self.executor,
            standing=self.standing.copied(),
            user=self.user,
        )
        made.modes.take_over(self.modes)
        made.calls.take_over(self.calls, session.head)
        made.commands.follow(self.commands)
        self.storage.opened(made)
        return made

    def follow_items(self) -> None:
        """Have what is secret in a list be so where a map has an item of it."""
        places = getattr(self.redact, "places", None)
        if places is not None:
            places.follow_items(self.session.graph)

    def before(self, frame: Frame) -> Any:
        """Return the compact state that a frame's own level had before the frame.

        `None` where it can't be told: steps before it were not captured, say. A level that is
        entered by this very frame begins as its lens, or its fork, says.
        """
        if frame.parent is None or frame.gap:
            return None
        return self.session.data_at(frame.parent, frame)

    def changed(self, kind: str) -> None:
        """Have it kept that what the line has beside its frames changed."""
        self.storage.changed(self, kind)

    # -- new code ------------------------------------------------------------------

    def refresh_code(self) -> None:
        """Use functions that were defined again since, in a cell or a reloaded module."""
        if Capability.PATCH in self.session.capabilities:
            found = self.code.redefined(self.session.graph)
            if found:
                self.session.use(self.session.graph.recoded(found))
                self.code_changed(found)
                self.code.news = tuple(dict.fromkeys((*self.code.news, *map(str, found))))

    def use_code(
        self,
        nodes: Mapping[str, Callable[[Any], Any]],
        edges: Mapping[tuple[str, str], Callable[[Any], Any]] | None = None,
    ) -> None:
        """Go on with other functions for some nodes, and other conditions of some edges.

        Raises:
            NoSuchNodeError: There is no such node or conditional edge.
        """
        graph = self.session.graph
        self.session.use(graph.patched(nodes, edges))
        ways = [condition_at(graph, source, target) for source, target in edges or ()]
        self.code_changed([*map(CodePlace, nodes), *ways])

    def code_changed(self, places: Collection[CodePlace]) -> None:
        """Take note that there is new code at some places, from now on and on this line."""
        if places:
            self.code.exchanged(places, self.session.clock.wall())
            self.changed("code")

    def _stopped(self) -> None:
        self.breakpoints.moved()
        if self.standing.rules:
            self.standing.moved()
        self.code.news = self.breakpoints.news = ()

    @property
    def redactor(self) -> Redactor:
        """What takes secrets out of what is shown: if none was chosen, the store's own."""
        if self.redact is None:
            from lellm_nb.record.redaction.redactor import Redactor

            self.redact = self._said or Redactor()
        return self.redact

    @property
    def _said(self) -> Redactor | None:
        """What somebody said is secret: what was chosen, else what the store takes out."""
        codec = getattr(self.storage.writer, "codec", None)
        return self.redact or getattr(codec, "redactor", None)

    def hide(self) -> Hide | None:
        """What takes out of values in a cell what is secret by its place; `None` for no place."""
        redactor = self._said
        if redactor is None or not redactor.paths:
            return None
        from lellm_nb.debug.history.hide import Hide

        return Hide(redactor, getattr(self.session.graph, "nodes", {}))
