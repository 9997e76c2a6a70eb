"""One go of LangGraph over a position: which tasks may run, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from langgraph.errors import GraphBubbleUp

from lellm_nb.adapters.langgraph.checks import resumes_siblings
from lellm_nb.adapters.langgraph.driving.attempt import RunningTask
from lellm_nb.adapters.langgraph.driving.gate import GateHold, quiet
from lellm_nb.adapters.langgraph.driving.inside import INSIDE, task_around
from lellm_nb.adapters.langgraph.driving.recorder import Recorder
from lellm_nb.adapters.langgraph.driving.serving import Served, looked_up
from lellm_nb.adapters.langgraph.position.copies import ATOMS
from lellm_nb.adapters.langgraph.position.level import PregelTask
from lellm_nb.adapters.langgraph.position.moves import TaskMove, task_move
from lellm_nb.adapters.langgraph.position.names import within
from lellm_nb.engine.driving.drive import ESCAPED
from lellm_nb.engine.output_capture import CAPTURING
from lellm_nb.record.frame import RAN, Frame
from lellm_nb.record.level_key import without_visits
from lellm_nb.record.outcome import Outcome
from lellm_nb.session.protocol import Controls

__all__ = ["Drive"]


class Drive(Recorder):
    """One go: it admits tasks as the controls say, and refuses all others.

    Attributes:
        one: Whether a single leaf may run.
        target: The namespace of the leaf that is to run, if that is known.
        served: Outcomes that were looked up in place of running a task.
        before: Tasks that a static interrupt holds before they run.
        over: A task that would be one super-step more than the limit of its level.
        limited: Whether the root has taken all steps that it may.
        unrecorded: Whether there was no outcome to look up.
    """

    def begin(
        self,
        controls: Controls,
        *,
        one: bool,
        target: str | None,
        looking: bool,
        limits: Callable[[str], int],
        names: Callable[[str], list[str]],
    ) -> None:
        """Say how it is to go.

        Args:
            looking: Whether no leaf may run at all.
            limits: Gives the super-step up to which a level may go.
            names: Gives the nodes of a level by its path without visits.
        """
        self.controls = controls
        self.one, self.target, self.looking = one, target, looking
        self.inside: str | None = None
        self.done = False
        self.served: list[Served] = []
        self.outcomes: dict[str, Outcome] = {}
        self.before: list[PregelTask] = []
        self.over: PregelTask | None = None
        self.limited = self.unrecorded = False
        self.frames = 0
        self._limits, self._names = limits, names
        self._started: set[str] = set()
        self._tried: dict[str, RunningTask] = {}
        self._runs: dict[UUID, RunningTask] = {}
        self._root_steps = 0
        self._together: tuple[str, str] | None = None

    # -- the run -----------------------------------------------------------------

    async def go(self, graph: Any, input: Any, config: Any, **options: Any) -> BaseException | None:
        """Let LangGraph run until nothing is let in any more; return what it raised.

        Raises:
            CancelledError: Somebody has cancelled it.
        """
        INSIDE.set((self, None))
        quiet(asyncio.get_running_loop())
        raised: BaseException | None = None
        with CAPTURING:
            try:
                async for _ in graph.astream(input, config, durability="async", **options):
                    pass  # it has no stream: frames are made of what it saves
            except GraphBubbleUp:
                pass
            except (Exception, KeyboardInterrupt, SystemExit) as error:
                raised = error
            finally:
                ESCAPED.pop(asyncio.get_running_loop(), None)  # it is told as a failure
                self.flush()
                self.closed = True
        return raised

    # -- at the gate -------------------------------------------------------------

    def foreign(self, namespace: str) -> bool:
        """Tell whether a task is of a graph with a thread of its own: part of who runs it."""
        around = self._around()
        if around is None:
            return False
        own = around.task.namespace
        return namespace != own and not within(namespace, own)

    def behind(self, namespace: str, step: int) -> bool:
        """Tell whether what was saved before a task has still to arrive."""
        if self.closed:
            return False
        around = namespace.rpartition("|")[0]
        level = self.levels.get(around)
        if level is None:
            return around in self.asked_for
        last: int = level.metadata.get("step", step)
        return last + 1 < step

    def catch_up(self, namespace: str, step: int) -> None:
        """Wait until it has arrived; on the loop's own thread nothing could arrive."""
        try:
            asyncio.get_running_loop()
            return
        except RuntimeError:
            pass
        with self.arrived:
            self.arrived.wait_for(lambda: not self.behind(namespace, step), timeout=_PATIENCE)

    def asks(self, metadata: Mapping[str, Any], run: UUID, inputs: Any) -> None:
        """Let a task go on, or raise a `GateHold`."""
        namespace, node = metadata["langgraph_checkpoint_ns"], metadata["langgraph_node"]
        with self.lock:
            if self.closed or self.swallowed is not None:
                raise GateHold(namespace)  # what comes after is of a position that nobody keeps
            id = namespace.rpartition("|")[2].partition(":")[2]
            task = self.standing.met(
                self.levels, id, node, namespace, tuple(metadata["langgraph_path"])
            )
            if self._passes(task):
                return
            if id not in self._started and not self._may(task, metadata["langgraph_step"], inputs):
                self.refused[id] = task
                raise GateHold(namespace)
            self._started.add(id)
            self._start(task, run, inputs)

    def _passes(self, task: PregelTask) -> bool:
        """Tell whether a task is inside of a composite that is one step."""
        level = self.levels.get(task.level)
        if task.level and (level is None or task.level not in self.asked_for) and not task.call:
            self.single.add(self.static_of(task.level))  # nothing inside is kept
        return self.in_single(without_visits(task.path))

    def _start(self, task: PregelTask, run: UUID, inputs: Any) -> None:
        running = RunningTask(task, self._clock.wall(), self._clock.tick())
        running.outcome = self.outcomes.get(task.id)
        self._runs[run] = running
        running.follows(self._tried.get(task.id), self.controls.on_retry)
        # LangChain tells of an end in a task of its own, where nothing could be set back
        running.outer = self._around()
        INSIDE.set((self, running))
        if self.controls.capture:
            tapes = self.controls.tapes
            opens = None if tapes is None else partial(tapes, task_move(task))
            running.captures(self._tried.get(task.id), opens)
        if type(inputs) is dict:
            for key, value in inputs.items():
                if type(value) not in ATOMS:
                    given = self.copies.given(value)
                    running.given[key] = given
                    inputs[key] = given.value

    def left(self, run: UUID, error: BaseException | None) -> GateHold | None:
        """Hear that a task has ended, or an attempt of it.

        Returns:
            What is to be raised in its place, where it was left by a stop inside of a call,
            whatever it made of that (CALLS.md, K2).
        """
        if run not in self._runs:
            return None
        with self.lock:
            running = self._runs.pop(run)
            stopped = running.ends(self._clock.tick(), error)
            if stopped is None:
                self.ended[running.task.id] = self._tried[running.task.id] = running
                return None
            self._started.discard(running.task.id)
            self.refused[running.task.id] = running.task
            self.controls.note(stopped)
            return GateHold(running.task.namespace)

    def token(self, text: str, chunk: Any) -> None:
        """Hear of a piece of what a model writes."""
        around = self._around()
        if around is not None and text:
            self.said(around, text)

    def _around(self) -> RunningTask | None:
        return task_around(self)

    def said(self, running: RunningTask, chunk: Any) -> None:
        """Take a chunk that a task streams."""
        running.chunks.append(chunk)
        if self.controls.on_chunk is not None:
            self.controls.on_chunk(running.task.path, chunk)

    # -- who may run -------------------------------------------------------------

    def _may(self, task: PregelTask, step: int, inputs: Any) -> bool:
        level = self.levels[task.level]
        for wrote in level.written:
            if wrote.task.id == task.id and wrote.waits:
                return False
            if wrote.task.id == task.id and not wrote.resumes and not resumes_siblings():
                return True  # it runs once more, and nobody can keep it from that
        if level.static:
            return False
        if not resumes_siblings() and task.level and self._together == (task.level, level.id):
            return True
        if step > self._limits(task.level):
            self.over = task
            return False
        facts = self.facts_of(task.level)
        if task.node in facts.before and task.node not in level.passed:
            self.before.append(task)
            return False
        entered = without_visits(task.path) in self.standing.facts.entered
        if self.looking:
            return entered and bool(self._inside(task))
        next_one = not self.one or self._is_next(task)
        if not (next_one and self._lets_in(task, level.data, inputs)):
            return False
        self._together = task.level, level.id
        return True

    def _is_next(self, task: PregelTask) -> bool:
        """Tell whether a task is the leaf that is to run, or leads there."""
        if self.done:
            return False
        own, target = task.namespace, self.target
        if target is None:
            self.target = own
            return True
        if own == target or within(target, own):
            return True
        if within(own, target):  # what looked like a leaf is a composite: go in
            if self.inside is None or within(own, self.inside):
                self.inside = own
                return True
            return own == self.inside or within(self.inside, own)
        return False

    def _lets_in(self, task: PregelTask, data: Any, inputs: Any) -> bool:
        """Ask what may stop the run here, and whether the outcome is known."""
        controls = self.controls
        if controls.stopping is not None:
            return False
        if not task.level and controls.max_steps is not None:
            ahead = sum(not one.task.level for one in self._runs.values())
            if self._root_steps + ahead >= controls.max_steps:
                self.limited = True
                return False
        static = without_visits(task.path)
        ask = (controls.gates or {}).get(static)
        if ask is None and controls.look_up is None:
            return True
        given = inputs if type(inputs) is not dict or inputs.keys() - data.keys() else None
        names = self._names(self.static_of(task.level))
        at = task.path, task.node, task.visit, data
        move = TaskMove(*at, given=given, names=names, task=task.id)
        if ask is not None:
            controls.stopping = ask(move)
            if controls.stopping is not None:
                return False
        return controls.look_up is None or self._looked_up(task, move)

    def _looked_up(self, task: PregelTask, move: TaskMove) -> bool:
        """Look for what a task is given in place of running; tell whether it runs."""
        controls, running = self.controls, self._around()
        assert controls.look_up is not None
        around = None
        if running is not None:
            outer = running.task
            level = self.levels[outer.level]
            around = outer, TaskMove(outer.path, outer.node, outer.visit, level.data, task=outer.id)
        found = looked_up(
            controls.look_up, controls.decided, move, task, self.levels[task.level], around
        )
        if isinstance(found, Served):
            self.served.append(found)
            return False
        if found is None:
            # what is inside of a composite is looked up for itself
            composite = without_visits(task.path) in self.standing.facts.entered
            self.unrecorded = self.unrecorded or not composite
            return composite
        return True

    # -- what it makes -----------------------------------------------------------

    def made(self, frame: Frame) -> None:
        """Take note of a frame that was taken into the history."""
        self.frames += 1
        if frame.level is frame.position and frame.kind in RAN:
            self._root_steps += 1
        if frame.kind in ("commit", "exit", "error"):
            self.done = True
        self.controls.tell(frame)


_PATIENCE = 10.0
"""Seconds that a graph in a thread waits for what it has saved itself."""
