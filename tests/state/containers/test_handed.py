"""S1, S2, S8: what user code is given of a state is a copy, and C code changes no frame."""

from __future__ import annotations

import bisect
import builtins
import copy
import heapq
import json
import operator
import pickle
import random
from typing import Any

import orjson
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors import ReadOnlyStateError
from tests.strategies import chain, steps

CONTENT = {
    "queue": [5, 7],
    "plan": {"steps": [3, 4], "done": {"a": 1}},
    "vars": {"x": 5},
    "messages": [{"role": "user", "parts": ["hi"]}],
    "pair": ([1], {"k": [2]}),
    "tags": {"a", "b"},
    "n": 1,
}

# -- writing past the guard --------------------------------------------------------------

PAST = {
    "heappop": (lambda s: heapq.heappop(s["queue"]), "queue"),
    "heappush": (lambda s: heapq.heappush(s["queue"], 1), "queue"),
    "heapify": (lambda s: heapq.heapify(s["plan"]["steps"]) or s["plan"]["steps"], None),
    "heapreplace": (lambda s: heapq.heapreplace(s["plan"]["steps"], 9), "plan.steps"),
    "list.append": (lambda s: list.append(s["queue"], 1), "queue"),
    "list.sort": (lambda s: list.sort(s["queue"], reverse=True), "queue"),
    "list.__init__": (lambda s: s["queue"].__init__([1]), "queue"),
    "in a list": (lambda s: dict.update(s["messages"][0], role="x"), "messages[0]"),
    "deep in it": (lambda s: list.clear(s["messages"][0]["parts"]), "messages[0].parts"),
    "in a loop": (lambda s: [dict.clear(m) for m in s["messages"]], "messages[0]"),
    "in a slice": (lambda s: dict.clear(s["messages"][:1][0]), "messages[0]"),
    "in values": (lambda s: list.append(next(iter(s.values())), 1), "queue"),
    "in a tuple": (lambda s: list.append(s["pair"][1]["k"], 1), "pair[1].k"),
    "dict.__setitem__": (lambda s: dict.__setitem__(s["plan"]["done"], "a", 2), "plan.done"),
    "dict.pop": (lambda s: dict.pop(s["plan"], "done"), "plan"),
    "exec": (lambda s: exec("y = x * 2", s["vars"]), "vars"),
    "attributes": (lambda s: _Bag(s["vars"]).set("x", 6), "vars"),
    "set.add": (lambda s: set.add(s["tags"], "c"), "tags"),
    "unpacked": (lambda s: heapq.heappop({**s}["queue"]), "queue"),
    "a keyword": (lambda s: (lambda queue, **_: heapq.heappop(queue))(**s), "queue"),
    "a plain copy's item": (lambda s: list.append(s.copy()["plan"]["steps"], 1), "plan.steps"),
    "joined": (lambda s: heapq.heappop((s | {"m": 1})["queue"]), "queue"),
    "the state": (lambda s: dict.__setitem__(s, "new", 1), "new"),
    "exec in the state": (lambda s: exec("m = n + 1", s), "m"),
}  # fmt: skip
"""What C code does to what a node reads, and the key that is named; `None`: it changed nothing."""


class _Bag:
    """An object with a dict of the state for its attributes."""

    def __init__(self, content):
        self.__dict__ = content

    def set(self, name, value):
        setattr(self, name, value)


@pytest.mark.parametrize(("change", "key"), PAST.values(), ids=PAST.keys())
def test_c_code_that_writes_past_the_guard_is_refused_by_the_commit(change, key):
    """S8: no frame changes, the step is refused with the key's name, and the next one agrees."""

    def node(ctx):
        change(ctx.state)
        return {"n": 2}

    dbg = Debugger(chain(node), copy.deepcopy(CONTENT))
    stop = dbg.run()

    assert [dict(frame.state) for frame in dbg.frames][:1] == [CONTENT]
    if key is None:
        assert stop.error is None
        return
    assert isinstance(stop.error.__cause__, ReadOnlyStateError)
    assert stop.error.__cause__.key == key
    assert "copy" in str(stop.error)
    assert dbg.state == CONTENT


GUARDED = {
    "insort": lambda s: bisect.insort(s["queue"], 6),
    "setitem": lambda s: operator.setitem(s["queue"], 0, 6),
    "iadd": lambda s: operator.iadd(s["queue"], [6]),
    "shuffle": lambda s: random.Random(1).shuffle(s["queue"]),
    "set": lambda s: operator.ior(s["tags"], {"c"}),
    "deep": lambda s: s["messages"][0]["parts"].append("x"),
}


@pytest.mark.parametrize("change", GUARDED.values(), ids=GUARDED.keys())
def test_what_goes_through_the_methods_is_refused_where_it_stands(change):
    """S1: the error says so at the very line."""

    def node(ctx):
        with pytest.raises(ReadOnlyStateError):
            change(ctx.state)

    dbg = Debugger(chain(node), copy.deepcopy(CONTENT))

    assert dbg.run().error is None
    assert dbg.state == CONTENT


def test_an_expression_that_only_reads_may_run_in_a_dict_of_the_state():
    """S8: eval puts the built-ins into every namespace; that alone is no change of the state."""

    def node(ctx):
        return {"big": eval("x > 1", ctx.state["vars"]), "sum": eval("n + 1", ctx.state)}

    dbg = Debugger(chain(node), copy.deepcopy(CONTENT))

    assert dbg.run().error is None
    assert dbg.state == {**CONTENT, "big": True, "sum": 2}


def test_a_copy_may_be_changed_by_whatever_and_written():
    """S8: what the message advises works, for each of dict, list and set."""

    def node(ctx):
        queue, tags, names = (ctx.state[key].copy() for key in ("queue", "tags", "vars"))
        heapq.heappush(queue, 1)
        tags.add("c")
        exec("y = x * 2", names)
        del names["__builtins__"]
        return {"queue": queue, "tags": tags, "vars": names}

    dbg = Debugger(chain(node), copy.deepcopy(CONTENT))

    assert dbg.run().error is None
    assert dbg.state["queue"] == [1, 7, 5]
    assert dbg.state["tags"] == {"a", "b", "c"}
    assert dbg.state["vars"] == {"x": 5, "y": 10}
    assert dbg.frames[0].state == CONTENT


def test_a_failed_attempt_leaves_nothing_for_the_next():
    """S8, R8: each attempt is given copies of its own."""
    seen = []

    def node(ctx):
        seen.append(list(ctx.state["queue"]))
        if len(seen) == 1:
            heapq.heappop(ctx.state["queue"])
            raise ValueError("again")

    g = GraphBuilder("g")
    g.task(node, retries=1, backoff=0)
    dbg = Debugger(g.start("node").end("node").build(), {"queue": [5, 7]})

    assert dbg.run().error is None
    assert seen == [[5, 7], [5, 7]]


# -- what is given is like what was kept --------------------------------------------------


def test_copies_and_operators_give_plain_things_that_can_be_changed():
    """S8: `.copy()`, copy, pickle, slices and operators give what it looks like."""

    def node(ctx):
        queue, plan, tags = (ctx.state[key] for key in ("queue", "plan", "tags"))
        lists = [queue.copy(), copy.copy(queue), copy.deepcopy(queue), list(queue), queue[:]]
        lists += [
            sorted(queue),
            operator.add(queue, []),
            operator.add([], queue),
            operator.mul(queue, 1),
            pickle.loads(pickle.dumps(queue)),
        ]
        dicts = [plan.copy(), copy.copy(plan), copy.deepcopy(plan), dict(plan), {**plan}]
        dicts += [plan | {}, {} | plan, pickle.loads(pickle.dumps(plan))]
        sets = [tags.copy(), copy.copy(tags), copy.deepcopy(tags), set(tags), tags | {"a"}]
        sets += [tags & {"a", "b"}, tags - {"z"}, {"a"} | tags, pickle.loads(pickle.dumps(tags))]
        for many, plain, kind in (
            (lists, [5, 7], list),
            (dicts, CONTENT["plan"], dict),
            (sets, {"a", "b"}, set),
        ):
            for made in many:
                assert type(made) is kind
                assert made == plain
                made.clear()
        for deep in (copy.deepcopy(plan), pickle.loads(pickle.dumps(plan))):
            deep["steps"].append(1)

    dbg = Debugger(chain(node), copy.deepcopy(CONTENT))

    assert dbg.run().error is None
    assert dbg.state == CONTENT


def test_a_set_is_a_set():
    """S8: for isinstance, and for its methods."""
    state = Debugger(steps("node"), copy.deepcopy(CONTENT)).state

    assert isinstance(state["tags"], set)
    assert state["tags"] == {"a", "b"}
    with pytest.raises(ReadOnlyStateError, match=r"ctx\.put\('tags', new_value\)"):
        state["tags"] |= {"c"}


def test_libraries_read_the_very_content():
    """S2: json, orjson and pydantic, whatever was read before."""

    class Model(pydantic.BaseModel):
        queue: list[int]
        plan: dict[str, Any]
        tags: set[str]

    content = {key: CONTENT[key] for key in ("queue", "plan", "messages", "n")}

    def node(ctx):
        for _ in range(2):
            assert json.loads(json.dumps(ctx.state)) == content
            assert orjson.loads(orjson.dumps(ctx.state)) == content
            assert ctx.state == content
            assert {**ctx.state} == dict(ctx.state) == dict(ctx.state.items()) == content
            assert [*ctx.state["messages"]] == content["messages"]
        assert Model.model_validate({**ctx.state, "tags": ["a"]}).queue == [5, 7]

    assert Debugger(chain(node), copy.deepcopy(content)).run().error is None


def test_what_is_put_back_as_it_was_read_is_shared_with_the_frames_before():
    """S2: putting a part of the state elsewhere copies nothing."""

    def node(ctx):
        return {"again": ctx.state["plan"], "inside": {"plan": ctx.state["plan"]}}

    dbg = Debugger(chain(node), copy.deepcopy(CONTENT))
    dbg.run()
    data = dbg.frames[1].level.data

    assert data["again"] is data["plan"]
    assert data["inside"]["plan"] is data["plan"]


def test_a_look_gives_one_copy_while_somebody_has_it():
    """S2: two frames share what did not change, and one that was changed is given to nobody."""

    def node(ctx):
        return {"n": 2}

    dbg = Debugger(chain(node), copy.deepcopy(CONTENT))
    dbg.run()
    one, two = dbg.frames[0].state["queue"], dbg.frames[1].state["queue"]
    assert one is two
    heapq.heappop(one)

    assert dbg.frames[1].state["queue"] == [5, 7]


def test_a_look_copies_what_it_touches_and_nothing_else():
    """S8: the cost is bounded by what was read; the check at the commit goes no further."""
    asked = []

    class Asked(dict):
        def __eq__(self, other):
            asked.append(other)
            return NotImplemented

    def node(ctx):
        seen = ctx.state
        assert seen["n"] + len(seen["messages"]) + seen["messages"][1]["id"] == 1_002
        kept = [dict.__getitem__(seen, key) for key in ("big", "queue")]
        assert [value is data[key] for value, key in zip(kept, ("big", "queue"), strict=True)]
        touched = [m for m in list.__iter__(seen["messages"]) if hasattr(m, "of")]
        assert len(touched) == 1

    many = [{"id": i} for i in range(1_000)]
    dbg = Debugger(chain(node), {"n": 1, "messages": many, "big": Asked(a=1), "queue": [1]})
    data = dbg.frames[0].level.data

    assert dbg.run().error is None
    assert asked == []


# -- the law ------------------------------------------------------------------------------

CALLS = [
    lambda v: list.append(v, 1),
    lambda v: heapq.heapify(v) or heapq.heappop(v),
    lambda v: list.__setitem__(v, slice(0, 1), [8, 8]),
    lambda v: list.reverse(v),
    lambda v: dict.update(v, new=[1]),
    lambda v: dict.popitem(v),
    lambda v: exec("z = 1", v),
    lambda v: set.clear(v),
    lambda v: v.append(1),
    lambda v: v.update(p=3),
    lambda v: v.clear(),
    lambda v: v.pop(),
    lambda v: v.sort(),
    lambda v: v.copy().clear(),
    lambda v: copy.deepcopy(v).clear(),
    lambda v: list(v),
    lambda v: None,
]
WAYS = [
    lambda s, k: s[k],
    lambda s, k: s.get(k),
    lambda s, k: s.require(k),
    lambda s, k: {**s}[k],
    lambda s, k: dict(s)[k],
    lambda s, k: dict(s.items())[k],
    lambda s, k: list(s.values())[list(s).index(k)],
    lambda s, k: s.copy()[k],
]
values = st.recursive(
    st.integers(0, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pq"), inner),
    max_leaves=6,
)
containers = st.lists(values, max_size=3) | st.dictionaries(st.sampled_from("pq"), values)


@given(
    content=st.dictionaries(st.sampled_from("abc"), containers, min_size=1),
    acts=st.lists(
        st.tuples(st.sampled_from(WAYS), st.sampled_from(CALLS), st.integers(0, 2)), max_size=4
    ),
    back=st.booleans(),
)
def test_whatever_a_node_does_to_what_it_read_no_frame_changes(
    tmp_path_factory, content, acts, back
):
    """S8: frames before are what they were; memory, the store and the next step agree."""
    seen = []

    def act(ctx):
        for way, call, depth in acts:
            key = sorted(content)[0]
            value = way(ctx.state, key)
            for _ in range(depth):
                inside = list(value.values()) if isinstance(value, dict) else list(value)
                # exec puts the interpreter's own names there: to clear them would end this process
                inside = [v for v in inside if v is not builtins.__dict__]
                value = next((v for v in inside if isinstance(v, (dict, list))), value)
            try:
                call(value)
            except Exception:  # refused, or no such method: what is left must be right
                continue
        return {"back": ctx.state[sorted(content)[0]]} if back else {"n": 1}

    def look(ctx):
        seen.append(copy.deepcopy(ctx.state))

    folder = tmp_path_factory.mktemp("runs")
    before = copy.deepcopy(content)
    dbg = Debugger(chain(act, look), content, store=folder / "run.db")
    stop = dbg.run()

    assert dbg.frames[0].state == before
    if stop.error is None:
        assert seen[0] == dbg.frames[1].state
        assert {k: v for k, v in seen[0].items() if k in before} == before
        if back:
            assert seen[0]["back"] == before[sorted(before)[0]]
    dbg.close()
    again = Debugger.open(folder / "run.db", graph=chain(act, look))
    assert [f.state for f in again.frames] == [f.state for f in dbg.frames]
    again.close()
