"""A LangGraph run that goes on: by step, by run, and by what was recorded."""

from __future__ import annotations

import asyncio
import warnings
from contextvars import copy_context
from typing import Any

from langgraph.errors import GraphRecursionError

from lellm_nb.adapters.langgraph.driving.drive import Drive
from lellm_nb.adapters.langgraph.driving.frames import Carried
from lellm_nb.adapters.langgraph.driving.inside import clean_context
from lellm_nb.adapters.langgraph.driving.recording import LangGraphRecording
from lellm_nb.adapters.langgraph.driving.serving import Served, serve, updates_of
from lellm_nb.adapters.langgraph.position.level import Levels
from lellm_nb.adapters.langgraph.session import LangGraphLooking
from lellm_nb.engine.driving.drive import own_task
from lellm_nb.errors import LellmError, NodeExecutionError, RunCancelledError, RunError
from lellm_nb.record.detail import Detail
from lellm_nb.record.frame import Frame, make_frame
from lellm_nb.record.history import Line
from lellm_nb.record.level_key import without_visits
from lellm_nb.record.place import Place
from lellm_nb.record.sinks import Decided
from lellm_nb.session.protocol import Controls, Halt

__all__ = ["LangGraphRunning"]


class LangGraphRunning(LangGraphLooking):
    """``advance``, and what LangGraph comes back with."""

    async def advance(self, controls: Controls) -> Halt:
        """Go on as the controls say; all forward movement comes here.

        Raises:
            RunError: It failed; the last frame says so.
            CheckpointStoreError: The store still refuses what was committed before.
        """
        if self.history.writer is not None:
            self.history.writer.check()
        self._moving = controls
        token, loop = controls.token, asyncio.get_running_loop()
        around = controls.cell.copy() if controls.cell is not None else copy_context()
        task = own_task(self._advance(controls), clean_context(around))
        forget = None
        if token is not None:

            def cancel() -> None:
                loop.call_soon_threadsafe(task.cancel)

            forget = token.heard_by(cancel)
        try:
            return await task
        except asyncio.CancelledError:
            if token is not None and token.is_cancelled:
                raise RunCancelledError(path=self._next_path(), state=self.state) from None
            if token is not None and token.interrupted:
                return Halt.STOPPED
            raise
        finally:
            self._moving = None
            self._standing_of.forget(self.levels)
            if forget is not None:
                forget()

    def recorded(self, line: Line | None = None, end: int | None = None) -> LangGraphRecording:
        """Return what was recorded; what a line, the current one by default, has comes first."""
        return LangGraphRecording(self.history, self.line if line is None else line, end)

    def _next_path(self) -> str:
        move = self.next_move()
        return "" if move is None else move.path

    async def _advance(self, controls: Controls) -> Halt:
        idle = 0
        while True:
            head = self.head
            halt = await self._go(controls, first=not idle)
            idle = 0 if self.head is not head else idle + 1
            if idle > _TRIES:
                raise self._unexpected(RuntimeError(_STUCK))
            if halt is Halt.HELD:
                halt = await self._decided(controls)
            if halt is not None:
                return halt

    async def _go(self, controls: Controls, *, first: bool) -> Halt | None:
        """Let LangGraph run once; `None` where it is to be let once more."""
        if self.position.ended:
            return Halt.ENDED
        one = controls.one or self._standing_of.facts.counts_steps
        target = self.next_move() if one and first else None
        wanted = target.task or None if target else None
        go = self._made_drive(self._from_here(), controls, one=one, target=wanted)
        raised = await self._went(go)
        if go.served and not go.failures and raised is None and go.swallowed is None:
            return await self._serve(go, controls)
        return self._came_back(go, controls, raised)

    def _from_here(self) -> Carried:
        """Return where a go begins: at the head, with commits that have no frame yet."""
        carried, self._carried = self._carried, None
        return Carried(self.levels) if carried is None else carried

    def _came_back(
        self, go: Drive, controls: Controls, raised: BaseException | None
    ) -> Halt | None:
        if go.swallowed is not None:
            path = without_visits(go.swallowed.path)
            self._single.add(path)
            warnings.warn(
                f"{path} catches what holds a node inside of it, by an except around the graph"
                " that it calls: it is one step from now on, and was begun again.",
                stacklevel=2,
            )
            return None
        if go.failures:
            raise self._failure()
        if any(raised is error or raised is error.__cause__ for error in go.taken):
            raised = None
        if raised is not None and not isinstance(raised, GraphRecursionError):
            raise self._unexpected(raised)
        for task in go.before:
            go.held_before(task)
        if self.position.ended:
            return self._ended(controls)
        if controls.one and go.frames:
            return Halt.STEPPED
        if go.over is not None or raised is not None:
            level = "" if go.over is None else go.over.level
            self._more[level] = self._more.get(level, 0) + self._app.limit
            return Halt.LIMIT
        if controls.stopping is not None:
            return Halt.STOPPED
        if go.limited:
            return Halt.LIMIT
        if go.unrecorded:
            return Halt.UNRECORDED
        if self.waiting and (not go.frames or not controls.one):
            return Halt.HELD
        if go.frames:
            return None
        if go.refused:
            return None
        raise self._unexpected(RuntimeError(_STUCK))

    def _ended(self, controls: Controls) -> Halt:
        """Tell how a run has ended: LangGraph raises after its last step, whatever is left."""
        most = self._app.limit + self._more.get("", 0) + self._before("")
        if self.levels[""].metadata["step"] + 1 > most:
            self._more[""] = self._more.get("", 0) + self._app.limit
            return Halt.LIMIT
        return Halt.STEPPED if controls.one else Halt.ENDED

    # -- failures ----------------------------------------------------------------

    def _failure(self) -> RunError:
        frame: Frame | None = self.head
        while frame is not None and not (frame.kind == "error" and frame.failed):
            frame = frame.parent
        assert frame is not None
        assert frame.error is not None
        return frame.error

    def _unexpected(self, cause: BaseException) -> RunError:
        """Make a frame of what LangGraph itself refuses, as an update that a join cannot take."""
        level = self.position
        node = level.node or ""
        error = NodeExecutionError(node, cause, state=self.state)
        frame = make_frame(
            *(Place(self.graph.name, node, node), "error", 1, level, level, (), None),
            *(self.clock.wall(), 0.0, Detail(error=error)),
        )
        self._emit(frame)
        if self._moving is not None:
            self._moving.tell(frame)
        return error

    # -- what is looked up -------------------------------------------------------

    async def _serve(self, go: Drive, controls: Controls) -> Halt | None:
        """Write what was looked up in place of running tasks, and let LangGraph go on from it."""
        levels, by_code = serve(go, go.served)
        for one in by_code:
            await self._by_code(levels, one)
            levels = self.levels
        if go.failures:
            go.flush()
            raise self._failure()
        self._carried = Carried(levels, go.pending, go.ended)
        if controls.one:
            # nothing but what was looked up: the super-step is applied, and no task is let in
            settled = self._made_drive(self._from_here(), Controls(), looking=True)
            await self._went(settled)
            return Halt.STEPPED
        return None

    async def _by_code(self, levels: Levels, served: Served) -> None:
        """Have LangGraph run a task whose function only writes: the way out is its own to find."""
        task, outcome = served.task, served.outcome
        update = {key: self._copies.plain(value) for key, value in updates_of(outcome).items()}

        def written(state: Any) -> Any:
            return update

        patched = self._app.of(self.graph.patched({without_visits(task.path): written}).compiled)
        go = self._made_drive(Carried(levels), Controls(), one=True, target=task.namespace)
        go.outcomes[task.id] = outcome
        raised = await self._went(go, app=patched)
        if raised is not None:
            raise self._unexpected(raised)

    async def _decided(self, controls: Controls) -> Halt | None:
        """Get decisions for what waits: recorded ones, or those of whoever is asked."""
        for waiting in self.waiting:
            try:
                record = controls.decided(waiting.barrier_id) if controls.decided else None
                if record is None:
                    continue
                await self.decide(record.decision, waiting.barrier_id, by=record.by)  # type: ignore[attr-defined]
            except LellmError as refusal:  # it goes on waiting, and the stop says why (B9)
                controls.refused = controls.refused or refusal
                continue
            return Halt.STEPPED if controls.one else None
        if controls.replaying and controls.refused is None:
            return Halt.UNRECORDED
        if controls.barrier is None or controls.one or controls.refused is not None:
            return Halt.HELD
        asked = {
            asyncio.ensure_future(controls.barrier.wait_decision(w.barrier_id, w.timeout)): w
            for w in self.waiting
        }
        done, left = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        for future in left:
            future.cancel()
        for future in done:
            given = future.result()
            if isinstance(given, Decided):
                await self.decide(given.decision, asked[future].barrier_id, by=given.by)  # type: ignore[attr-defined]
                return None
        return Halt.HELD


_TRIES = 3
"""So often LangGraph may come back without anything done."""

_STUCK = "LangGraph came back without having run anything that is next"
