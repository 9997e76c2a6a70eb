"""One run with a secret in it, told in a debugger or without one."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lellm_nb import (
    Debugger,
    NoopBarrierSink,
)
from tests.record.redaction.matrix.story import Story


class Run:
    """One story told, and what came out of it."""

    def __init__(self, story: Story, folder: Path) -> None:
        self.story = story
        self.folder = folder
        self.logged = io.StringIO()
        self.warned: list[str] = []
        self.printed: list[str] = []
        self.raised: list[str] = []
        self._shown: Debugger | None = None

    @contextlib.contextmanager
    def hearing(self) -> Iterator[None]:
        """Note what is logged and warned of meanwhile."""
        handler = logging.StreamHandler(self.logged)
        log = logging.getLogger("lellm_nb")
        log.addHandler(handler)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                yield
                self.warned += [str(one.message) for one in caught]
        finally:
            log.removeHandler(handler)

    def told(self, **options: Any) -> Debugger:
        """Go through the run in a debugger."""
        story = self.story
        with self.hearing():
            dbg = Debugger(story.graph(), story.state(), name=story.name, **options)
            story.drive(dbg)
        return dbg

    def shown(self) -> Debugger:
        """The run in a debugger without a store."""
        if self._shown is None:
            self._shown = self.told(redact=self.story.redactor())
        return self._shown

    def headless(self, **options: Any) -> bool:
        """Go through the run without a debugger; tell whether it can be."""
        if not self.story.headless:
            return False
        with self.hearing():
            try:
                self.story.graph().run(self.story.state(), barrier=NoopBarrierSink(), **options)
            except Exception as error:
                self.raised.append(str(error))
        return True
