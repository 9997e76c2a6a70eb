"""Bad input gets a clear error and loses nothing: the list of it, one rule a test.

What belongs to one verb stands beside that verb's tests; here is what a person types
wrong at the edges: graphs, states, keys, names and frames.
"""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import (
    Debugger,
    ExecutionEngine,
    ExecutionSession,
    GraphBuilder,
    Reduce,
    Reducer,
    State,
    StateKey,
    errors,
)
from lellm_nb.errors import (
    DebuggerError,
    InvalidNodeError,
    LellmError,
    NodeExecutionError,
    NoSuchNodeError,
    ReducerError,
    StateError,
    StateTypeError,
)
from tests.strategies import chain, note, review, steps

MAKERS = {
    "State": lambda state: State(state),
    "execute": lambda state: steps("a").run(state),
    "session": lambda state: ExecutionSession(state, steps("a")),
    "debugger": lambda state: Debugger(steps("a"), state),
    "engine": lambda state: ExecutionEngine(state),
}


# -- states --------------------------------------------------------------------------------


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
@pytest.mark.parametrize(
    "state",
    [3, "text", ["a"], {"a"}, object(), [("a", 1)]],
    ids=["number", "text", "list", "set", "object", "pairs"],
)
def test_a_state_that_is_no_mapping(make, state):
    """S2: said at once, with what was given."""
    with pytest.raises(StateTypeError, match="a mapping of text keys") as caught:
        make(state)

    assert caught.value.found == type(state).__name__


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
@pytest.mark.parametrize("key", [1, None, ("a", "b"), b"a"], ids=repr)
def test_a_state_with_keys_that_are_not_text(make, key):
    """S2: names the key."""
    with pytest.raises(StateTypeError, match="State keys are text") as caught:
        make({"fine": 1, key: 2})

    assert caught.value.key == key


def looped():
    """A list that contains itself."""
    loop = [1]
    loop.append({"again": loop})
    return loop


def deep():
    """A value nested ten thousand lists deep."""
    value = []
    for _ in range(10_000):
        value = [value]
    return value


@pytest.mark.parametrize(("make", "says"), [(looped, "contains itself"), (deep, "too deeply")])
def test_a_value_that_is_no_tree_of_finite_depth(make, says):
    """S1: refused where it is recorded, with its key; the run can go on."""

    def a(ctx):
        ctx.put("value", make())

    with pytest.raises(StateError, match=says):
        State({"value": make()})
    stop = Debugger(chain(a)).run()
    assert isinstance(stop.error.__cause__, StateError)
    assert stop.error.__cause__.key == "value"


def test_a_state_key_of_several_types():
    """S5: a union, or a generic alias, is checked by what it can be."""
    assert StateKey("n", list[int]).check([1]) == [1]
    assert StateKey("n", int | None).check(None) is None
    with pytest.raises(StateTypeError):
        StateKey("n", int | None).check("x")


# -- inside a node ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda ctx: ctx.put(3, 1),
        lambda ctx: ctx.put((), 1),
        lambda ctx: ctx.put((1, "a"), 1),
        lambda ctx: ctx.put(None, 1),
        lambda ctx: ctx.delete(3),
        lambda ctx: ctx.append(["log"], 1),
        lambda ctx: ctx.reduce(None, 1, Reducer.SUM),
        lambda ctx: ctx.record({"Put": ["a", 1]}),
        lambda ctx: ctx.record(None),
    ],
)
def test_a_key_or_mutation_that_is_none(call):
    """S3: a failure of the node that says what a key is; nothing is committed."""

    def a(ctx):
        ctx.put("early", 1)
        call(ctx)

    dbg = Debugger(chain(a))
    stop = dbg.run()

    assert isinstance(stop.error, NodeExecutionError)
    assert isinstance(stop.error.__cause__, StateTypeError)
    assert dbg.state == {}


@pytest.mark.parametrize("reducer", ["sum", max, None], ids=repr)
def test_a_reducer_that_is_none(reducer):
    """S4: says what to use."""
    with pytest.raises(ReducerError, match="needs a Reducer"):
        Reduce("n", 1, reducer)
    with pytest.raises(ReducerError, match=r"There is no ready-made reducer 'summ'. Did you mean"):
        Reducer.named("summ")


@pytest.mark.parametrize("target", [None, 3, ("a",), ""], ids=repr)
def test_a_goto_to_what_is_no_name(target):
    """R2: nothing is committed, and `None` is not silently ignored."""

    def a(ctx):
        ctx.put("n", 1)
        ctx.goto(target)

    dbg = Debugger(chain(a))
    stop = dbg.run()

    assert stop.error is not None
    assert isinstance(stop.error, LellmError)
    assert dbg.state == {}


# -- graphs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["break_at", "run", "fork", "who", "back", "approve", "pause"])
def test_a_call_with_wrong_arguments_names_the_debugger(verb):
    """The classes that it is made of are nobody's business."""
    dbg = Debugger(steps("a"))

    with pytest.raises(TypeError, match=rf"^Debugger\.{verb}\(\)"):
        getattr(dbg, verb)("a", "b", "c", "d")


def test_a_debugger_needs_a_graph():
    """Forgetting .build() is said as such."""
    g = GraphBuilder("g").node("a", note).start("a").end("a")
    with pytest.raises(DebuggerError, match=r"forget \.build\(\)"):
        Debugger(g)
    with pytest.raises(DebuggerError, match="graph is a Graph, not None"):
        Debugger(None)


def test_an_unknown_option_of_a_task_is_refused():
    """A slip in a keyword is not swallowed."""
    with pytest.raises(TypeError, match="retrys"):
        GraphBuilder("g").task(note, retrys=3)


@pytest.mark.parametrize("name", ["", "a/b", 3, None], ids=repr)
def test_a_graph_has_a_name(name):
    """DESIGN: names are non-empty text."""
    with pytest.raises(InvalidNodeError, match="graph name"):
        GraphBuilder(name)


@pytest.mark.parametrize("reducers", [{"n": "sum"}, [3], {"n": None}], ids=repr)
def test_reducers_of_a_graph_that_are_none(reducers):
    """S4: said when the graph is begun."""
    with pytest.raises((StateError, TypeError)):
        GraphBuilder("g", reducers)


# -- names and frames --------------------------------------------------------------------------


@pytest.mark.parametrize("node", ["", "nope", None, 3, ("a", 1)], ids=repr)
def test_a_breakpoint_at_what_is_no_node(node):
    """G3 in spirit: a clear error of ours, that lists the nodes."""
    dbg = Debugger(steps("a", "b"))
    with pytest.raises(NoSuchNodeError, match="a, b"):
        dbg.break_at(node)
    assert list(dbg.breakpoints) == []


@pytest.mark.parametrize("target", ["", "nope", None, 3], ids=repr)
def test_a_reroute_to_what_is_no_node(target):
    """R2: refused, and it goes on waiting."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    with pytest.raises(errors.NodeNotFoundError):
        dbg.reroute(target)
    assert [p.id for p in dbg.pending] == ["approve#0"]


@pytest.mark.parametrize(
    "until",
    [3, [], object(), ("a",), ("a", 1, 2)],
    ids=["number", "list", "object", "no visit", "too long"],
)
def test_running_until_what_is_nothing(until):
    """DESIGN: until is a node, (node, visit), or a predicate; nothing runs otherwise."""
    dbg = Debugger(steps("a", "b"))
    for verb in (dbg.run, dbg.run_back):
        with pytest.raises(DebuggerError):
            verb(until)
    assert len(dbg.frames) == 1
    assert not dbg.busy


@pytest.mark.parametrize("decision", [None, "approve", True, {"approve": True}], ids=repr)
def test_a_decision_that_is_none(decision):
    """B3: refused, and it goes on waiting."""
    dbg = Debugger(review(), {"topic": "x"})
    dbg.run()
    session = ExecutionSession({"topic": "x"}, review())
    asyncio.run(session.run())
    with pytest.raises(LellmError):
        dbg.preview(decision)
    with pytest.raises(LellmError):
        asyncio.run(session.decide(decision))
    assert session.waiting[0].barrier_id == "approve#0"


@pytest.mark.parametrize("outcome", [None, True, "approve"], ids=repr)
def test_a_sink_that_answers_with_no_outcome(outcome):
    """B4: a wrong answer is not taken for a timeout; nothing is written by it."""

    class Wrong:
        asked = 0

        async def wait_decision(self, barrier_id, timeout):
            self.asked += 1
            if self.asked > 3:
                raise RuntimeError("asked too often")
            return outcome

    engine = ExecutionEngine({"topic": "x"}, barrier=Wrong())
    with pytest.raises((LellmError, RuntimeError, TypeError)):
        asyncio.run(review(default_action="approve").run_inline(engine, 10))

    assert "approve.approved" not in engine.state


@pytest.mark.parametrize("put", [{3: 1}, {None: 1}, {(): 1}, 3, ["a"]], ids=repr)
def test_a_fork_that_writes_what_is_no_key(put):
    """S3: no line is made."""
    dbg = Debugger(steps("a"))
    with pytest.raises((StateError, DebuggerError)):
        dbg.fork(put=put)
    assert dbg.lines == ["main"]
    assert dbg.state == {}


def test_a_frame_of_another_debugger():
    """DESIGN: a wrong frame says what is wrong, for every verb that takes one."""
    one, other = Debugger(steps("a")), Debugger(steps("a"))
    one.run()
    other.run()
    for verb in (one.rewind, one.fork, lambda f: one.diff(f, 0)):
        with pytest.raises(errors.NoSuchFrameError, match="another run"):
            verb(other.frames[1])
    assert one.head == 1
