"""Commands that change what a run goes on with, and those that only look."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from lellm_nb import Answer, Approve, Reject
from lellm_nb.errors import DebuggerError, MissingKeyError, NoSuchFrameError, NoSuchNodeError
from tests.laws.machine_model import MOST, Model, any_number, tasks, which
from tests.strategies import scalars


class Changes(Model):
    """Forks, new code, sweeps, notes and pins; and every question there is."""

    # -- change ------------------------------------------------------------------------------

    @precondition(lambda self: len(self.debuggers) < MOST)
    @rule(number=which, index=any_number, broken=st.booleans(), named=st.booleans())
    def fork(self, number, index, broken, named):
        dbg = self.pick(number)
        frame = dbg.frames[index % len(dbg.frames)]
        name = f"line {len(dbg.lines)}" if named else None
        before, ran = dict(self.stands), self.runs
        child = dbg.fork(frame, put={"broken": broken}, delete=["n"], name=name)
        assert self.runs == ran
        assert all((self.frame_of(d), d.line) == before[id(d)] for d in self.debuggers)

        edit = self.frame_of(child)
        assert (edit.kind, edit.parent) == ("edit", frame)
        assert child.line == (name or child.line)
        assert dbg.branch(child.line) is child
        self.debuggers.append(child)
        with pytest.raises(DebuggerError, match="another name"):
            dbg.fork(name=child.line)

    @precondition(lambda self: len(self.debuggers) < MOST)
    @rule(number=which, pick=any_number, mutation=st.integers(0, 3))
    def without(self, number, pick, mutation):
        dbg = self.pick(number)
        frame = dbg.frames[pick % (dbg.head + 1)]
        lines = dbg.lines
        ran, before = self.runs, dict(self.stands)
        try:
            child = dbg.without(frame, mutation)
        except DebuggerError:
            assert frame.kind not in ("commit", "edit", "input") or mutation >= len(frame.mutations)
            assert dbg.lines == lines
        else:
            assert child.frames[frame.index - 1] is frame.parent
            assert child.head <= dbg.head
            assert all(
                f.recorded for f in child.frames[frame.index : child.head + 1] if f.kind == "commit"
            )
            self.debuggers.append(child)
        assert self.runs == ran
        assert all(
            (self.frame_of(d), d.line) == before[id(d)] for d in self.debuggers if id(d) in before
        )

    @rule(number=which, node=any_number)
    def patch(self, number, node):
        dbg = self.pick(number)
        found = list(tasks(dbg.graph).items())
        path, task = found[node % len(found)]
        old = task.fn

        def patched(ctx):
            ctx.put(f"patched.{ctx.path}", True)
            return old(ctx)

        with self.only(runs=False):
            dbg.patch({path: patched})
            with pytest.raises(NoSuchNodeError):
                dbg.patch({"not there": patched})

    @rule(number=which, how=st.sampled_from(["keep", "drop", "retry"]))
    def resolve_join(self, number, how):
        dbg = self.pick(number)
        with self.only(dbg):
            dbg.run()  # to where it may have failed
            self.learn()
            before, frames = self.frame_of(dbg), len(dbg.frames)
            try:
                stop = dbg.resolve_join(how)
            except DebuggerError:
                assert (self.frame_of(dbg), len(dbg.frames)) == (before, frames)
            else:
                assert before.failed
                assert (stop.head or stop.frame) is self.frame_of(dbg)

    @precondition(lambda self: len(self.debuggers[0].lines) < 12)
    @rule(number=which, index=any_number, values=st.lists(scalars, min_size=1, max_size=2))
    def sweep(self, number, index, values):
        dbg = self.pick(number)
        lines = dbg.lines
        before = dict(self.stands)
        variants = [{"n": value} for value in values]
        table = dbg.sweep(index % len(dbg.frames), variants, progress=False)

        assert list(table["line"]) == dbg.lines[len(lines) :]
        assert len(table) == len(values)
        assert all((self.frame_of(d), d.line) == before[id(d)] for d in self.debuggers)

    @rule(number=which, pick=any_number, text=st.sampled_from(["", "here", "<b>"]))
    def note(self, number, pick, text):
        frame = self.any_frame(pick)
        with self.only(runs=False):
            self.pick(number).note(frame, text)
        self.notes[id(frame)] = text

    @rule(number=which, pick=any_number, on=st.booleans())
    def pin(self, number, pick, on):
        frame = self.any_frame(pick)
        with self.only(runs=False):
            self.pick(number).pin(frame, on)
        (self.pins.add if on else self.pins.discard)(id(frame))

    @rule(number=which, line=any_number)
    def follow_a_line(self, number, line):
        dbg = self.pick(number)
        name = dbg.lines[line % len(dbg.lines)]
        with self.only():
            other = dbg.branch(name)

        assert other.line == name
        assert dbg.branch(name) is other
        if other not in self.debuggers and len(self.debuggers) < MOST:
            self.debuggers.append(other)

    # -- looking -----------------------------------------------------------------------------

    @rule(number=which, pick=any_number, key=st.sampled_from(["log", "n", "broken", "not there"]))
    def ask(self, number, pick, key):
        """No question moves or loses anything, or raises but for a key that never was."""
        dbg = self.pick(number)
        frame = self.any_frame(pick)
        frames = list(dbg.frames)
        with self.only(runs=False):
            for question in (dbg.who, dbg.history):
                with contextlib.suppress(MissingKeyError):
                    found = question(key)
                    assert len(repr(found))
            assert dbg.why(frame).frame is frame
            dbg.find(key)
            assert list(dbg.evaluate("frame.index")["value"]) == [f.index for f in frames]
            with contextlib.suppress(NoSuchFrameError):
                assert dbg.bisect(lambda f: f.index >= frame.index).index <= dbg.head
            assert dbg.timing()["visits"].sum() >= 0
            dbg.loops()
            assert len(dbg.frames.to_pandas()) == len(frames)
            frame.to_pandas()
            dbg.diff(frame, 0)
            assert dbg.has_old_code(frame) in (True, False)
            if frame.kind == "commit" and frame.static_path in tasks(dbg.graph):
                compile(dbg.to_test(frame), "<test>", "exec")
                compile(dbg.to_cell(frame), "<cell>", "exec")
            for pending in dbg.pending:
                yes = Approve() if pending.question is None else Answer(1)
                dbg.preview(yes, pending.id)
                with contextlib.suppress(DebuggerError):
                    dbg.preview(Reject("no"), pending.id)
            assert len(repr(dbg)) < 1_000

    @rule(number=which, other=which)
    def compare(self, number, other):
        """Both sides are there whole, each frame once and in its order."""
        a, b = self.pick(number), self.pick(other)
        with self.only(runs=False):
            found = a.compare(b)
            repr(found)
        left = [pair.left for pair in found.pairs if pair.left is not None]
        right = [pair.right for pair in found.pairs if pair.right is not None]
        assert left == self.way_to(self.frame_of(a))
        assert sorted(right, key=lambda f: f.index) == self.way_to(self.frame_of(b))
        if a is b:
            assert found.first_difference is None
