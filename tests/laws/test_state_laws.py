"""Laws of states and mutation logs."""

from __future__ import annotations

import copy
import json

from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import Debugger, State
from lellm_nb.debug.diff.diff import diff_states
from lellm_nb.errors import LellmError
from lellm_nb.state import fold, freeze, thaw
from lellm_nb.state.mutation import mutation_from_json
from tests.strategies import (
    TREE,
    batches,
    chain,
    finish_debugger,
    logs,
    mutations,
    states,
    values,
)


def tried(*arguments):
    """What a fold gives: the state, or the kind of its refusal."""
    try:
        return fold(*arguments)
    except LellmError as error:
        return type(error)


def good(initial, log):
    """The mutations of a log that can be applied one after another."""
    kept = []
    for mutation in log:
        if not isinstance(tried(initial, [*kept, mutation]), type):
            kept.append(mutation)
    return kept


@given(values)
def test_freezing_changes_nothing_to_see(value):
    """S1: a frozen value equals the plain one, and thaws into a private copy."""
    frozen = freeze(value)

    assert frozen == value
    assert json.loads(json.dumps(frozen)) == json.loads(json.dumps(value))
    assert freeze(frozen) is frozen
    assert thaw(frozen) == value
    assert copy.deepcopy(frozen) == value


@given(states)
def test_a_state_equals_the_dict_it_was_made_of(content):
    """S2: in both directions, and through JSON."""
    state = State(content)

    assert state == content
    assert content == {**state}
    assert json.loads(json.dumps(state)) == json.loads(json.dumps(content))


@given(mutations)
def test_a_mutation_survives_its_json_form(mutation):
    """S3: reading back what was written gives the same mutation."""
    assert mutation_from_json(json.loads(json.dumps(mutation.to_json()))) == mutation


@given(log=logs, cut=st.integers(0, 20))
def test_resuming_from_any_checkpoint_reaches_the_same_state(log, cut):
    """A checkpoint saves time; it never changes the answer."""
    log = good(TREE, log)
    checkpoint = fold(TREE, log[:cut])

    assert fold(checkpoint, log[cut:]) == fold(TREE, log)


@given(log=logs)
def test_folding_leaves_its_base_alone(log):
    """S2: nothing that is shared is written to."""
    base = State(TREE)
    tried(base, log)

    assert base == TREE


@given(batches)
def test_folding_a_prefix_of_the_log_is_travelling_back(steps):
    """Law: fold(log[:n]) equals the state of frame n."""
    log = good(TREE, [mutation for batch in steps for mutation in batch])

    def node(ctx):
        for mutation in log[2 * ctx.visit - 2 : 2 * ctx.visit]:
            ctx.record(mutation)
        if 2 * ctx.visit < len(log):
            ctx.goto("node")

    dbg = Debugger(chain(node), TREE)
    finish_debugger(dbg)
    written = []
    for frame in dbg.frames:
        written += frame.mutations
        assert frame.state == fold(TREE, written)
    assert written == log


@given(batches, st.integers(0, 8))
def test_a_batch_that_is_refused_leaves_no_trace(steps, at):
    """R3: all or nothing; forks and later steps see nothing of it, in shared buffers too."""

    def node(ctx):
        ctx.append("log", ctx.visit)
        for mutation in steps[(ctx.visit - 1) % max(1, len(steps))] if steps else ():
            ctx.record(mutation)
        if ctx.state.get("broken"):
            ctx.put(("absent", "x"), 1)
        if ctx.visit < 6:
            ctx.goto("node")

    dbg = Debugger(chain(node), TREE)
    dbg.run()
    before = [(f.kind, dict(f.state)) for f in dbg.frames]
    broken = dbg.fork(min(at, len(dbg.frames) - 1), put={"broken": True})
    state = dict(broken.state)
    broken.step()
    mended = broken.fork(put={"broken": False})
    mended.run()

    assert [(f.kind, f.state) for f in dbg.frames] == before
    assert broken.state == state or broken.position.ended
    again = dbg.fork(min(at, len(dbg.frames) - 1), put={"broken": False})
    again.run()
    assert again.state == mended.state or broken.position.ended


@given(states, states)
def test_a_diff_names_exactly_the_keys_that_differ(old, new):
    """DESIGN: nothing is left out and nothing made up; 1 and True differ."""
    changes = diff_states(State(old), State(new))
    told = [change.kind for change in changes if len(change.path) == 1]

    assert set(changes.keys) == {
        key for key in {**old, **new} if exact(old, key) != exact(new, key)
    }
    assert told.count("added") == len(new.keys() - old.keys())
    assert told.count("removed") == len(old.keys() - new.keys())
    assert list(diff_states(State(old), State(copy.deepcopy(old)))) == []


def exact(content, key):
    """What is at a key, as a text that tells types apart; nothing where it is absent."""
    return json.dumps(content[key], sort_keys=True) if key in content else None
