"""R11, C12: what opening or closing a run has acquired is let go on every way out of it."""

from __future__ import annotations

import gc
import linecache
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import lellm_nb
from lellm_nb import Debugger, FolderStore, InMemoryStore, StopReason, interrupts
from lellm_nb.errors import CheckpointStoreError
from tests.strategies import steps

OURS = str(Path(lellm_nb.__file__).parent)
GUARD = str(Path(OURS) / "interrupts.py")
"""Its lines are those at which a signal is taken: it is only sent there, and not raised."""


def raises(frame: FrameType) -> None:
    """Interrupt where it stands, whatever has been done about signals."""
    if frame.f_code.co_filename != GUARD:
        raise KeyboardInterrupt


def is_sent(frame: FrameType) -> None:
    """Interrupt as a signal does: by the handler that is there now."""
    handler: Any = signal.getsignal(signal.SIGINT)
    handler(signal.SIGINT, frame)


class InterruptedAt:
    """Interrupts once, at the n-th line of ours that is run in a block.

    Attributes:
        came: Whether there were so many lines.
    """

    def __init__(self, n: int, how: Callable[[FrameType], None]) -> None:
        self.left = n
        self.how = how
        self.came = False
        self._within: set[tuple[int, int]] = set()

    def _leaves(self, frame: FrameType) -> bool:
        """Tell whether a block is left: no signal is heard there."""
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        if not line.lstrip().startswith("with "):
            return False
        at = (id(frame), frame.f_lineno)  # not the frame: it would keep what it holds
        seen = at in self._within
        self._within.add(at)
        return seen

    def _trace(self, frame: FrameType, event: str, arg: Any) -> Any:
        if self.came or not frame.f_code.co_filename.startswith(OURS):
            return None
        if event == "line" and not self._leaves(frame):
            self.left -= 1
            if self.left == 0:
                self.came = True
                self.how(frame)
        return None if self.came else self._trace

    def __enter__(self) -> InterruptedAt:
        gc.disable()  # what it would clear away is not what is interrupted here
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, kind: Any, error: Any, at: Any) -> bool:
        sys.settrace(self._before)
        gc.enable()
        return kind is KeyboardInterrupt


def every(
    act: Callable[[], Any],
    check: Callable[[], Any],
    how: Callable[[FrameType], None],
    stride: int,
) -> int:
    """Interrupt something at every n-th line of it, and look afterwards; count how often."""
    count, n = 0, 1
    while True:
        made: list[Any] = []
        with InterruptedAt(n, how) as interrupted:
            made.append(act())
        for each in made:
            each.close()
        heard = signal.getsignal(signal.SIGINT)
        if how is raises:  # a signal is never raised where a lock is held, which a trace can
            interrupts._whole.clear()
            signal.signal(signal.SIGINT, signal.default_int_handler)
        else:
            assert heard is signal.default_int_handler
        check()
        if not interrupted.came:
            return count
        count += 1
        n += stride


def graph() -> Any:
    return steps("a", "b", "c")


class Place:
    """Where the runs of a test are; `fresh` puts it back to what it was when it was kept.

    A file of a folder grows with every close, and with it the lines that an open runs.
    """

    def __init__(self, kind: str, tmp_path: Path) -> None:
        self.kind, self.path, self.kept = kind, tmp_path / "runs", tmp_path / "kept"
        self.memory = InMemoryStore()

    @property
    def store(self) -> Any:
        """The store, or its path."""
        if self.kind == "folder":
            return FolderStore(self.path, timeout=0.1)
        return self.memory if self.kind == "memory" else self.path

    def keep(self) -> None:
        """Keep what there is."""
        if self.kind == "folder":
            shutil.copytree(self.path, self.kept)

    def fresh(self) -> None:
        """Put it back."""
        if self.kind == "folder":
            shutil.rmtree(self.path)
            shutil.copytree(self.kept, self.path)


@pytest.fixture(params=["sqlite", "folder", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for runs."""
    return Place(request.param, tmp_path)


WAYS = {"raised": raises, "sent": is_sent}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", WAYS)
def test_an_interrupted_open_leaves_the_run_to_this_process(
    place: Place, how: str, long_form: bool
) -> None:
    dbg = Debugger(graph(), store=place.store)
    dbg.step(2)
    dbg.close()
    place.keep()
    shape = graph()

    def check() -> None:
        again = Debugger.open(place.store, graph=shape)
        assert again.state == {"log": ["a", "b"]}
        again.close()
        place.fresh()

    def act() -> Debugger:
        return Debugger.open(place.store, graph=shape)

    assert every(act, check, WAYS[how], 1 if long_form else 41) > 10


@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", WAYS)
def test_an_interrupted_beginning_leaves_nothing_or_a_run_that_can_be_opened(
    place: Place, how: str, long_form: bool
) -> None:
    shape = graph()
    first = Debugger(shape, store=place.store, name="first")
    first.run()
    first.close()
    place.keep()

    def check() -> None:
        again = Debugger.open(place.store, graph=shape)  # the newest, or the one that was there
        assert again.frames[0].kind == "start"
        again.close()
        again = Debugger.open(place.store, "first", graph=shape)
        assert len(again.frames) == 4
        again.close()
        place.fresh()

    def act() -> Debugger:
        return Debugger(shape, store=place.store)

    assert every(act, check, WAYS[how], 1 if long_form else 41) > 10


@pytest.mark.timeout(600)
def test_an_interrupted_close_can_be_done_again_or_has_let_the_run_go(
    place: Place, long_form: bool
) -> None:
    shape = graph()
    Debugger(shape, store=place.store).close()
    place.keep()
    there: list[Debugger] = [Debugger.open(place.store, graph=shape)]

    def check() -> None:
        there[0].close()
        place.fresh()
        there[0] = Debugger.open(place.store, graph=shape)

    def act() -> Any:
        there[0].close()
        return there[0]

    assert every(act, check, is_sent, 1 if long_form else 3) > 10


def test_a_close_that_the_store_refuses_lets_the_run_go_and_can_be_done_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = graph()
    dbg = Debugger(shape, store=file)
    dbg.step()
    rows = dbg.session.history.writer.rows

    def refuse(*args: Any) -> None:
        raise CheckpointStoreError("The disk is full.")

    monkeypatch.setattr(rows, "write", refuse)
    monkeypatch.setattr(rows, "write_frame", refuse)
    assert dbg.step().reason is StopReason.FAILED
    for _ in range(2):
        with pytest.raises(CheckpointStoreError, match="The disk is full"):
            dbg.close()
    monkeypatch.undo()

    other = Debugger.open(file, graph=shape)
    assert other.state == {"log": ["a"]}
    with pytest.raises(CheckpointStoreError, match="being written"):
        dbg.close()
    other.close()
    with pytest.raises(CheckpointStoreError, match="opened by somebody else"):
        dbg.close()  # what it has would be written over what the other one wrote
    assert dbg.state == {"log": ["a", "b"]}


def test_a_close_that_was_refused_is_done_when_there_is_room(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbg = Debugger(graph(), store=file)
    rows = dbg.session.history.writer.rows

    def refuse(*args: Any) -> None:
        raise CheckpointStoreError("The disk is full.")

    monkeypatch.setattr(rows, "write", refuse)
    monkeypatch.setattr(rows, "write_frame", refuse)
    dbg.step()
    with pytest.raises(CheckpointStoreError, match="The disk is full"):
        dbg.close()
    monkeypatch.undo()
    assert dbg.step().error is None
    dbg.close()
    assert Debugger.open(file).state == {"log": ["a", "b"]}


def test_a_run_that_nobody_has_any_more_is_let_go(file: Path) -> None:
    dbg = Debugger(graph(), store=file)
    dbg.step()
    del dbg
    again = Debugger.open(file, graph=graph())
    assert again.state == {"log": ["a"]}
