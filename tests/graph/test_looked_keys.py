"""G2: a condition that only looks at keys is asked with less than a state, and never knows."""

from __future__ import annotations

import asyncio
import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import Debugger, ExecutionSession, GraphBuilder
from lellm_nb.errors import EdgeError
from lellm_nb.graph.code.looked_keys import LookedKeys, looked_keys
from lellm_nb.state import State
from lellm_nb.state.state import UNASKED, keep, view

LIMIT = 3


def default(state, other=2):
    return other < state["n"] <= LIMIT


PLAIN = [
    (lambda s: s["n"] < 3, ("n",)),
    (lambda s: s["n"] and not s["m"], ("n", "m")),
    (lambda s: "n" in s and "x" not in s, ("n", "x")),
    (lambda s: s.get("n") is None, ("n",)),
    (lambda s: s.get("n", 0) == 7 or s.get("m") == -1, ("n", "m")),
    (lambda s: 0 <= s["n"] < LIMIT, ("n",)),
    (lambda s: s["n"] if s["m"] else s["n"] + 1, ("m", "n")),
    (lambda s: (s["n"], s["m"]) == (1, 2), ("n", "m")),
    (lambda s: True, ()),
    (default, ("n",)),
]
MORE = [
    lambda s: s,
    lambda s: bool(s),
    lambda s: s == {"n": 1},
    lambda s: len(s["n"]) > 2,
    lambda s: s["n" if LIMIT else "m"],
    lambda s: s[LIMIT],
    lambda s: s.get,
    lambda s: s.get(LIMIT),
    lambda s: s.get(*["n"]),
    lambda s: s.items(),
    lambda s: [s for _ in "a"],
    lambda s: (lambda: s["n"])(),
    lambda s: f"{s}",
    lambda s: {**s},
    lambda s: s["n"]["m"].value,
    lambda *s: s["n"],
    lambda **s: s["n"],
    lambda s: (yield s["n"]),
    functools.partial(lambda a, s: s["n"], 1),
    len,
]


def writes(state):
    state["n"] = 5
    return True


def assigns(state):
    other = state
    return other["n"]


@pytest.mark.parametrize(("condition", "keys"), PLAIN)
def test_what_a_condition_looks_at_is_read_from_its_code(condition, keys):
    """Subscripts, `in` and `get` with a text that stands there, and nothing that is called."""
    assert looked_keys(condition) == keys


@pytest.mark.parametrize("condition", [*MORE, writes, assigns])
def test_a_condition_that_may_do_more_is_asked_with_the_state(condition):
    """Whatever calls, writes, or hands the state on may tell a state from a mapping."""
    assert looked_keys(condition) is None


values = st.one_of(st.none(), st.booleans(), st.integers(-2, 8), st.text(max_size=2), st.floats())


@given(st.dictionaries(st.sampled_from(["n", "m", "x", "y"]), values | st.lists(values)))
def test_the_answer_is_that_of_the_state(content):
    """The same answer, and the same error, as of the state that anybody else would be given."""
    data = keep(content)
    for condition, keys in PLAIN:
        seen = LookedKeys([condition]).glimpse(data)
        lists = any(isinstance(content.get(key), list) for key in keys)

        assert (seen is None) == lists
        if seen is not None:
            assert _asked(condition, seen) == _asked(condition, view(data, UNASKED))


def _asked(condition, state):
    try:
        return repr(condition(state))
    except Exception as error:
        return repr(error)


def test_a_function_that_is_reloaded_in_place_is_looked_at_again():
    """What IPython's autoreload exchanges is the code of the function that there is."""

    def condition(state):
        return state["n"] == 1

    def whole(state):
        return type(state) is State

    looks = LookedKeys([condition])
    assert looks.glimpse({"n": 1}) == {"n": 1}

    condition.__code__ = whole.__code__

    assert looks.glimpse({"n": 1}) is None


def test_what_stands_for_the_state_cannot_be_written_to():
    """A debugger of code that stops inside of a condition reaches no frame."""
    seen = LookedKeys([lambda s: s["n"]]).glimpse({"n": 1})

    with pytest.raises(TypeError):
        seen["n"] = 2


def cycle(condition, state):
    """A run of a graph whose edge asks the condition, and the same as a general one."""

    def asked(s):  # the call alone makes it one that may do more
        return condition(s)

    made = []
    for way in (condition, asked):
        g = GraphBuilder("g").node("a", lambda ctx: {"n": ctx.state.get("n", 0) + 1})
        g.node("b", lambda ctx: None).node("end", lambda ctx: None)
        g.edge_if("a", "b", way).edge("a", "a").edge("b", "end").start("a").end("end")
        session = ExecutionSession(state, g.build())
        try:
            asyncio.run(session.run(max_steps=9))
            error = None
        except EdgeError as failed:
            error = repr(failed.__cause__), failed.state
        frames = [(f.path, f.visit, f.route and f.route.next_node, f.state) for f in session.line]
        made.append((frames, error))
    return made


@pytest.mark.parametrize(
    "state",
    [
        {"n": 0, "m": 1},
        {"n": 0, "m": [1, {"x": 2}]},
        {"n": 0},
        {"n": 0, **{f"key {i}": i for i in range(60)}},
    ],
)
@pytest.mark.parametrize("condition", [c for c, _ in PLAIN] + [lambda s: s["m"] == [1, {"x": 2}]])
def test_a_run_takes_the_same_way(condition, state):
    """G2: frames, routes and errors are those of a run whose conditions get the state itself."""
    short, general = cycle(condition, state)

    assert short == general


@pytest.mark.parametrize("nested", [False, True])
def test_a_breakpoint_stops_at_the_same_place(nested):
    """Its condition is asked with the same answer, in the root and inside of a subgraph."""
    stops = []
    for when in (lambda s: s["n"] == 3, lambda s: bool(s["n"] == 3)):
        g = GraphBuilder("g").node("a", lambda ctx: {"n": ctx.state["n"] + 1})
        g.node("end", lambda ctx: None).edge_if("a", "a", lambda s: s["n"] < 6).edge("a", "end")
        graph = g.start("a").end("end").build()
        if nested:
            graph = GraphBuilder("o").subgraph("in", graph).start("in").end("in").build()
        dbg = Debugger(graph, {"n": 0, "log": ["x"]})
        dbg.break_at("in/a" if nested else "a", when=when)
        stop = dbg.run()
        stops.append((stop.reason, dbg.head, dbg.frames[-1].state, dbg.breakpoints[0].hits))

    assert stops[0] == stops[1]
    assert stops[0][2]["n"] == 3
