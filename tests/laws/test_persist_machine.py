"""Law: what a store has of a run is the run, whatever commands it was given.

The machine of `test_debugger_machine`, with a run that is kept; at the end it is opened again.
"""

from __future__ import annotations

import gc
import os
import tempfile

import pytest
from hypothesis import seed, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant

from lellm_nb import Debugger, FolderStore, InMemoryStore
from tests.laws.machine_changes import Changes
from tests.laws.machine_inputs import Inputs
from tests.laws.machine_moves import Moves
from tests.laws.machine_rules import Rules

LONG = os.environ.get("LELLM_LONG", "") not in ("", "0")
EXAMPLES = 1_000 if LONG else 25


class Kept(Moves, Changes, Inputs, Rules, RuleBasedStateMachine):
    """Any verb at any time, on a run that is in a store."""

    def store(self):
        self.kept = InMemoryStore()
        self.shared = set()
        return self.kept

    @invariant()
    def note_the_lines_that_two_stand_on(self):
        """What a line has is that of one debugger: of two the last one counts."""
        lines = [dbg.line for dbg in self.debuggers[1:]] if hasattr(self, "debuggers") else []
        self.shared = getattr(self, "shared", set()) | {x for x in lines if lines.count(x) > 1}

    def teardown(self):
        if not hasattr(self, "debuggers"):
            return
        first, *forks = self.debuggers
        opened = Debugger.open(self.kept)
        self.compare_histories(first.session.history, opened.session.history)
        compare(first, opened)
        stood = {dbg.line: dbg for dbg in forks if dbg.line not in self.shared | {first.line}}
        for name, dbg in stood.items():
            compare(dbg, opened.branch(name))
        super().teardown()
        self.debuggers = []
        gc.collect()

    def compare_histories(self, live, stored):
        assert list(live.lines) == list(stored.lines)
        for name, line in live.lines.items():
            ours, theirs = list(line), list(stored.lines[name])
            assert len(ours) == len(theirs)
            for a, b in zip(ours, theirs, strict=True):
                assert (a.kind, a.path, a.visit, a.cursor) == (b.kind, b.path, b.visit, b.cursor)
                assert (a.mocked, a.skipped) == (b.mocked, b.skipped)
                assert a.position == b.position
                assert repr(a.root_state) == repr(b.root_state)
        for marks in ("notes", "pins"):
            mine, its = getattr(live, marks), getattr(stored, marks)
            assert sorted(f.index for f in mine) == sorted(f.index for f in its)


def compare(live, opened):
    """Where one stands and what it has set is what another one opened with."""
    assert (live.line, live.head) == (opened.line, opened.head)
    assert live.modes == opened.modes
    ours, theirs = ([(r.barrier, r.label, r.used) for r in d.standing] for d in (live, opened))
    assert ours == theirs
    assert not any(rule.armed for rule in opened.standing)
    assert [s.label for s in live.breakpoints] == [s.label for s in opened.breakpoints]
    for ours, theirs in zip(live.breakpoints, opened.breakpoints, strict=True):
        assert ours.id == theirs.id
        assert theirs.enabled is (ours.enabled and theirs.missing is None)


@pytest.mark.timeout(600 if not LONG else 900)
class TestKept(Kept.TestCase):
    """The machine, as pytest finds it."""

    settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)


class KeptInFolder(Kept):
    """The same in a folder."""

    def store(self):
        self.kept = FolderStore(tempfile.mkdtemp(dir=_FOLDERS.name))
        self.shared = set()
        return self.kept


_FOLDERS = tempfile.TemporaryDirectory()


@pytest.mark.timeout(600 if not LONG else 900)
class TestKeptInFolder(KeptInFolder.TestCase):
    """The machine, as pytest finds it."""

    settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)


if LONG:
    TestKept = seed(20261120)(TestKept)
    TestKeptInFolder = seed(20261120)(TestKeptInFolder)
