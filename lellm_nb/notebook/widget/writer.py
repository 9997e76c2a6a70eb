"""The one thread that writes to widgets.

Anything may happen thousands of times a second on a run's thread; what
reaches the browser is paced here. The first change goes out at once, later
ones at most about thirty times a second, each carrying all that changed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

PACE = 1 / 30
"""Time between two updates of one client in the long run, in seconds.

Twice as often is later, not sooner: a Jupyter server's socket holds a small message until the
one before is acknowledged, which takes a browser's machine up to 40 ms.
"""

GATHER = 0.002
"""How long the first change is held so that what belongs to it goes along."""

BURST = 2
"""Updates that may follow each other without a pause: a step begins and ends."""

_log = logging.getLogger(__name__)


class WidgetUpdater:
    """One widget's place at the writer: a flag and a row of tasks."""

    def __init__(self, update: Callable[[], None], writer: WidgetWriter | None = None):
        self._update = update
        self._writer = writer or the_writer()
        self._dirty = False
        self._tasks: deque[Callable[[], None]] = deque()
        self._due = 0.0
        self._free = 0.0
        self._alarm = 0.0

    def touch(self) -> None:
        """Say that something changed. Costs next to nothing when said again."""
        if not self._dirty:
            self._dirty = True
            self._writer.wake(self)

    def again(self, seconds: float) -> None:
        """Come back after that long, or as soon as something changes. From an update only."""
        self._alarm = time.monotonic() + seconds

    def do(self, task: Callable[[], None]) -> None:
        """Have `task` run on the writer's thread, soon and in order."""
        self._tasks.append(task)
        self._writer.wake(self)

    def serve(self, now: float) -> float | None:
        """Do what is due; return when to come back, or None when nothing is left."""
        while self._tasks:
            self._safely(self._tasks.popleft())
        if not self._dirty and not 0 < self._alarm <= now:
            self._due = 0.0
            return self._alarm or None
        if not self._due:
            self._due = max(now + GATHER, self._free - BURST * PACE)
        if now < self._due:
            return self._due
        # Down before the update: a change during it must bring another one.
        self._dirty = False
        self._due = self._alarm = 0.0
        self._safely(self._update)
        if not self._alarm:
            self._free = max(self._free, now) + PACE
        return self._alarm or None

    def _safely(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception:  # the writer serves every panel: it must live on
            _log.exception("The notebook view could not be updated.")


class WidgetWriter:
    """Serves its clients on a thread that starts when it is first needed."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting: set[WidgetUpdater] = set()
        self._thread: threading.Thread | None = None

    def wake(self, client: WidgetUpdater) -> None:
        with self._condition:
            self._waiting.add(client)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._serve, name="lellm-view", daemon=True)
                self._thread.start()
            self._condition.notify()

    def _serve(self) -> None:
        later: dict[WidgetUpdater, float] = {}
        while True:
            with self._condition:
                while not self._waiting:
                    pause = None
                    if later:
                        pause = min(later.values()) - time.monotonic()
                        if pause <= 0:
                            break
                    self._condition.wait(pause)
                now = time.monotonic()
                ready = self._waiting | {c for c, at in later.items() if at <= now}
                self._waiting = set()
            for client in ready:
                back_at = client.serve(time.monotonic())
                if back_at is None:
                    later.pop(client, None)
                else:
                    later[client] = back_at


_writer: WidgetWriter | None = None
_guard = threading.Lock()


def the_writer() -> WidgetWriter:
    """Return the process's writer."""
    global _writer
    with _guard:
        if _writer is None:
            _writer = WidgetWriter()
        return _writer
