"""N1, N3: which part of a state an inner graph works on, and how its writes come out."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import (
    Delete,
    ExecutionSession,
    GraphBuilder,
    IdentityLens,
    KeyLens,
    Put,
    Reduce,
    Reducer,
    StateLens,
)
from lellm_nb.errors import (
    MissingKeyError,
    NodeExecutionError,
    StateError,
    StateTypeError,
    StepsExceededError,
)
from tests.strategies import chain, finish, note


def inside(*functions, lens=None, max_steps=1000, reducers=None):
    """An outer graph with one subgraph of functions in a row."""
    inner = chain(*functions, name="inner", reducers=reducers)
    g = GraphBuilder("outer").subgraph("sub", inner, lens=lens, max_steps=max_steps)
    return g.start("sub").end("sub").build()


class Upper:
    """Shows the outer key ``word`` as ``w`` in capitals, and writes it back in small letters."""

    def get(self, outer):
        """The word in capitals."""
        return {"w": outer["word"].upper()}

    def set(self, outer, inner):
        """The word in small letters."""
        return {**outer, "word": inner["w"].lower()}


# -- N1 ------------------------------------------------------------------------------------


def test_without_a_lens_the_inner_graph_works_on_the_same_state():
    """N1: it sees and writes the outer's keys."""

    def add(ctx):
        ctx.put("n", ctx.state["n"] + 1)

    assert inside(add).run({"n": 1}).state == {"n": 2}
    assert inside(add, lens=IdentityLens()).run({"n": 1}).state == {"n": 2}


def test_a_key_lens_shows_the_mapping_at_one_key():
    """N1: nothing else is seen, and nothing else is written."""
    seen = []

    def look(ctx):
        seen.append(dict(ctx.state))
        ctx.put("n", 2)

    state = inside(look, lens="part").run({"part": {"n": 1}, "other": 5}).state

    assert seen == [{"n": 1}]
    assert state == {"part": {"n": 2}, "other": 5}


def test_an_absent_key_is_an_empty_part():
    """N1: and it is put when something was written, not otherwise."""

    def nothing(ctx):
        ctx.put_nothing = True

    assert inside(put_n, lens="part").run({}).state == {"part": {"n": 1}}
    assert inside(nothing, lens="part").run({}).state == {}


def put_n(ctx):
    """Put one key."""
    ctx.put("n", 1)


def test_a_key_lens_on_what_is_no_mapping_says_so():
    """N1: names the key and what is there; nothing is committed."""
    session = ExecutionSession({"part": [1]}, inside(put_n, lens="part"))
    with pytest.raises(NodeExecutionError, match="part") as caught:
        asyncio.run(session.run())
    assert isinstance(caught.value.__cause__, StateTypeError)
    assert session.state == {"part": [1]}


def test_a_lens_is_any_object_with_get_and_set():
    """N1: a view of the user's own."""

    def exclaim(ctx):
        ctx.put("w", ctx.state["w"] + "!")

    assert isinstance(Upper(), StateLens)
    assert inside(exclaim, lens=Upper()).run({"word": "hey"}).state == {"word": "hey!"}


def test_the_outer_state_is_untouched_until_the_inner_graph_has_ended():
    """N1: the outer sees the result when the inner graph ends, in the exit frame."""

    def two(ctx):
        ctx.put("m", 2)

    session = ExecutionSession({"part": {}}, inside(put_n, two, lens="part"))
    asyncio.run(session.step())

    assert session.head.state == {"n": 1}
    assert session.state == session.head.root_state == {"part": {}}
    finish(session)
    assert session.state == {"part": {"n": 1, "m": 2}}
    assert session.head.kind == "exit"


def test_a_failure_inside_leaves_the_outer_state_alone():
    """N1, R3: nothing of a half-run inner graph comes out."""

    def fails(ctx):
        raise ValueError("no")

    with pytest.raises(NodeExecutionError) as caught:
        inside(put_n, fails, lens="part").run({"part": {}})
    assert caught.value.path == "sub/fails"
    assert caught.value.state == {"n": 1}


def test_inner_control_does_not_leak_out():
    """N1: `end` and `goto` of the inner graph are its own."""
    g = GraphBuilder("outer").subgraph("sub", chain(end_here, name="inner"))
    g.node("last", note).edge("sub", "last").start("sub").end("last")

    assert g.build().run({}).state == {"log": ["last"]}


def end_here(ctx):
    """End the level."""
    ctx.end()


def test_the_inner_limit_is_1000_by_default():
    """N1: exactly that many inner steps, however few the outer one may take."""

    def again(ctx):
        ctx.reduce("n", 1, Reducer.SUM)
        if ctx.state.get("n", 0) + 1 < ctx.state["most"]:
            ctx.goto("again")

    assert inside(again).run({"most": 1000}, max_steps=1).state["n"] == 1000
    with pytest.raises(StepsExceededError) as caught:
        inside(again).run({"most": 1001}, max_steps=1)
    assert (caught.value.limit, caught.value.path) == (1000, "sub/again")
    assert caught.value.state["n"] == 1000


# -- bad lenses ------------------------------------------------------------------------------


class Forgetful(Upper):
    """Sets something else than what it gets."""

    def set(self, outer, inner):
        """Lose the word."""
        return {**outer, "word": "lost"}


class Broken(Upper):
    """Raises."""

    def get(self, outer):
        """Raise."""
        raise RuntimeError("cannot look")


def test_a_lens_that_breaks_its_round_trip_is_a_clear_error():
    """N1: says which lens and what differs; the outer state is untouched."""

    def exclaim(ctx):
        ctx.put("w", "NEW")

    session = ExecutionSession({"word": "old"}, inside(exclaim, lens=Forgetful()))
    with pytest.raises(NodeExecutionError, match="round trip") as caught:
        asyncio.run(session.run())

    assert isinstance(caught.value.__cause__, StateError)
    assert "Forgetful" in str(caught.value)
    assert caught.value.path == "sub"
    assert session.state == {"word": "old"}
    assert session.position.inner.ended


def test_a_lens_that_raises_fails_its_subgraph():
    """N1, R3: a failure of the node, with the cause; a later step tries again."""
    session = ExecutionSession({"word": "old"}, inside(note, lens=Broken()))
    with pytest.raises(NodeExecutionError, match="cannot look") as caught:
        asyncio.run(session.run())

    assert caught.value.path == "sub"
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert session.head.kind == "error"
    with pytest.raises(NodeExecutionError, match="cannot look"):
        asyncio.run(session.step())


def test_a_lens_that_fails_can_be_routed():
    """R9: as any other failure of the node."""
    g = GraphBuilder("outer").subgraph("sub", chain(note), lens=Broken()).node("rescue", note)
    g.edge("sub", "rescue").on_error("sub", "rescue").start("sub").end("rescue")
    state = g.build().run({"word": "old"}).state

    assert state["sub.error"]["message"] == "cannot look"


def test_a_lens_that_gives_no_mapping_fails_its_subgraph():
    """N1: an inner state is a state."""

    class Text(Upper):
        def get(self, outer):
            return outer["word"]

    with pytest.raises(NodeExecutionError, match="mapping"):
        inside(note, lens=Text()).run({"word": "old"})


@pytest.mark.parametrize("lens", [5, object(), Upper, ["part"]])
def test_what_is_no_lens_is_refused_when_it_is_given(lens):
    """N1: where the mistake is."""
    with pytest.raises(StateError, match="lens is a key, or an object"):
        inside(note, lens=lens)


# -- N3 ------------------------------------------------------------------------------------------


def exits(graph, state):
    """The mutations of the exit frame, and those of the inner ones."""
    session = finish(ExecutionSession(state, graph))
    inner = [m for f in session.line if f.path.startswith("sub/") for m in f.mutations]
    return list(session.line[-1].mutations), inner


def writes(ctx):
    """One of each."""
    ctx.put("a", 1)
    ctx.put(("tree", "x"), 2)
    ctx.reduce("n", 3, Reducer.SUM)
    ctx.delete("gone")


def test_identity_passes_mutations_on():
    """N3: as they are, under their own keys."""
    out, inner = exits(inside(writes), {"tree": {}, "gone": 1})

    assert (
        out
        == inner
        == [
            Put("a", 1),
            Put(("tree", "x"), 2),
            Reduce("n", 3, Reducer.SUM),
            Delete("gone"),
        ]
    )


def test_a_key_lens_prefixes_the_path():
    """N3: they are recorded under their path; the inner frame has its own."""
    out, inner = exits(inside(writes, lens="part"), {"part": {"tree": {}, "gone": 1}})

    assert inner[0] == Put("a", 1)
    assert out == [
        Put(("part", "a"), 1),
        Put(("part", "tree", "x"), 2),
        Reduce(("part", "n"), 3, Reducer.SUM),
        Delete(("part", "gone")),
    ]


def test_any_other_lens_gives_one_put_per_changed_key():
    """N3: and a delete where a key went."""

    class Pair:
        def get(self, outer):
            return {k: v for k, v in outer.items() if k != "secret"}

        def set(self, outer, inner):
            return {"secret": outer["secret"], **inner}

    out, _ = exits(inside(writes, lens=Pair()), {"secret": 0, "tree": {}, "gone": 1, "same": [1]})

    assert sorted(out, key=str) == [
        Delete("gone"),
        Put("a", 1),
        Put("n", 3),
        Put("tree", {"x": 2}),
    ]


def test_lenses_nest():
    """N3: each prefixes once more."""
    inner = chain(put_n, name="inner")
    mid = GraphBuilder("mid").subgraph("in", inner, lens="b").start("in").end("in").build()
    g = GraphBuilder("outer").subgraph("mid", mid, lens=KeyLens("a")).start("mid").end("mid")
    session = finish(ExecutionSession({}, g.build()))

    assert session.state == {"a": {"b": {"n": 1}}}
    assert [f.path for f in session.line][1:] == ["mid/in/put_n", "mid/in", "mid"]


def test_a_lens_in_a_branch_merges_by_path():
    """N3, P2: two branches may write the parts of one mapping; the same part conflicts."""

    def part(key):
        return GraphBuilder("b").subgraph("s", chain(put_n), lens=key).start("s").end("s")

    g = GraphBuilder("g").parallel("par", {"x": part("x").build(), "y": part("y").build()})

    assert g.start("par").end("par").build().run({}).state == {"x": {"n": 1}, "y": {"n": 1}}


def test_an_inner_graph_uses_its_own_reducers_through_a_lens():
    """S3, N3: and the lifted mutation carries them."""

    def say(ctx):
        return {"words": ["hey"]}

    out, inner = exits(
        inside(say, lens="part", reducers={"words": Reducer.APPEND}), {"part": {"words": ["old"]}}
    )

    assert inner == [Reduce("words", ["hey"], Reducer.APPEND)]
    assert out == [Reduce(("part", "words"), ["hey"], Reducer.APPEND)]


def test_a_decision_inside_a_lens_is_lifted_as_well():
    """B3, N3: the barrier's keys are in the part."""
    inner = GraphBuilder("inner").barrier("ok").start("ok").end("ok").build()
    g = GraphBuilder("outer").subgraph("sub", inner, lens="part").start("sub").end("sub")
    session = finish(ExecutionSession({"part": {}}, g.build()))

    assert session.state == {"part": {"ok.approved": True}}


def test_a_path_inside_a_part_that_is_not_there_fails_the_inner_node():
    """S3: as it would outside."""

    def deep(ctx):
        ctx.put(("absent", "x"), 1)

    with pytest.raises(NodeExecutionError) as caught:
        inside(deep, lens="part").run({})
    assert isinstance(caught.value.__cause__, MissingKeyError)
    assert caught.value.path == "sub/deep"


# -- a part that other things change ------------------------------------------------------------


def test_a_growing_part_stays_right_in_a_loop():
    """N1, S2: a hundred entries; each sees what the last one left."""

    def add(ctx):
        ctx.append("log", len(ctx.state.get("log", [])))

    g = GraphBuilder("outer").subgraph("sub", chain(add, name="inner"), lens="part")
    g.node("end", lambda ctx: None)
    g.edge_if("sub", "sub", lambda s: len(s["part"]["log"]) < 100).edge("sub", "end")
    session = finish(ExecutionSession({}, g.start("sub").end("end").build()))

    assert session.state == {"part": {"log": list(range(100))}}
    assert session.line[-3].path == "sub#100/add"
    exits = [f for f in session.line if f.kind == "exit"]
    assert [len(f.state["part"]["log"]) for f in exits] == list(range(1, 101))
