"""S1, S2: what a node reads can be read like a dict, and cannot be changed."""

from __future__ import annotations

import copy
import json
import pickle

import orjson
import pydantic
import pytest

from lellm_nb import Debugger, ExecutionSession, Reducer, State
from lellm_nb.errors import NodeExecutionError, ReadOnlyStateError
from tests.strategies import chain, finish

# -- S2: a mapping like any other ----------------------------------------------------

CONTENT = {"n": 1, "messages": [{"role": "user", "text": "é"}], "plan": {"steps": ["a", "b"]}}


def test_a_state_equals_the_dict_it_was_made_of():
    """S2: a State is equal to a plain dict with the same content."""
    assert State(CONTENT) == CONTENT
    assert CONTENT == State(CONTENT)
    assert State(CONTENT) != {**CONTENT, "n": 2}


def test_a_state_does_not_follow_the_dict_it_was_made_of():
    """S2: what the caller changes later is not seen."""
    content = copy.deepcopy(CONTENT)
    state = State(content)
    content["messages"].append("late")
    content["plan"]["steps"].clear()

    assert state == CONTENT


def test_a_state_is_written_by_the_json_module():
    """S2: the standard json module writes it, nested values included."""
    assert json.loads(json.dumps(State(CONTENT))) == CONTENT


def test_a_state_holds_its_items_in_its_own_storage():
    """S2: orjson, pydantic and {**s} look into the dict itself, not at its methods."""

    class Model(pydantic.BaseModel):
        n: int
        messages: list[dict[str, str]]
        plan: dict[str, list[str]]

    state = State(CONTENT)

    assert {**state} == CONTENT
    assert json.loads(orjson.dumps(state)) == CONTENT
    assert Model.model_validate(state).messages[0]["text"] == "é"
    assert dict.__len__(state) == 3
    assert list.__len__(state["messages"]) == 1
    assert state | {"n": 2} == {**CONTENT, "n": 2}


def grown(items: int, keys: int = 0) -> Debugger:
    """A debugger whose node `add` appends to ``log`` in a state that also has many keys."""

    def add(ctx):
        ctx.append("log", ctx.visit)
        ctx.put("key 7", ctx.visit)
        if ctx.visit < items:
            ctx.goto("add")

    content = {f"key {i}": [i] for i in range(keys)}
    dbg = Debugger(chain(add), content, max_steps=100_000)
    dbg.run()
    return dbg


def test_a_state_of_compact_forms_reads_like_any_other():
    """S2: 200 keys and a grown list are real dicts and lists where user code looks."""
    dbg = grown(60, keys=200)
    state = dbg.state
    expected = {f"key {i}": [i] for i in range(200)} | {"key 7": 60, "log": list(range(1, 61))}

    assert isinstance(state, dict)
    assert isinstance(state["log"], list)
    assert state == expected
    assert {**state} == expected
    assert json.loads(json.dumps(state)) == expected
    assert json.loads(orjson.dumps(state)) == expected
    assert list(state)[:3] == ["key 0", "key 1", "key 2"]
    assert len(state) == 201


def test_a_state_survives_pickling_and_deep_copies_are_plain():
    """S2: copies are private and plain, so a library may change one; pickled it stays frozen."""
    state = State(CONTENT)
    sent = pickle.loads(pickle.dumps(state))
    assert sent == CONTENT
    with pytest.raises(ReadOnlyStateError):
        sent["messages"].append("mine")
    for twin in (copy.deepcopy(state), state.copy()):
        assert twin == CONTENT
        twin["n"] = 9
    deep = copy.deepcopy(state)
    deep["messages"].append("mine")

    assert state == CONTENT


# -- S2: sharing ---------------------------------------------------------------------


def test_frames_share_every_value_that_did_not_change_between_them():
    """S2: a snapshot costs what changed; the rest is the very same object."""

    def first(ctx):
        ctx.put("small", 1)

    def second(ctx):
        ctx.put("small", 2)

    dbg = Debugger(chain(first, second), {"big": [["x"] * 10], "map": {"k": {"deep": []}}})
    dbg.run()
    states = [frame.state for frame in dbg.frames]

    assert states[0]["big"] is states[1]["big"] is states[2]["big"]
    assert states[0]["map"] is states[2]["map"]


def test_a_write_through_a_path_shares_the_siblings():
    """S2, S3: only the containers on the way to the change are new."""

    def mend(ctx):
        ctx.put(("plan", "a", "x"), 2)

    dbg = Debugger(chain(mend), {"plan": {"a": {"x": 1}, "b": {"y": [1]}}})
    dbg.run()
    before, after = dbg.frames[0].state, dbg.frames[1].state

    assert after == {"plan": {"a": {"x": 2}, "b": {"y": [1]}}}
    assert before == {"plan": {"a": {"x": 1}, "b": {"y": [1]}}}
    assert after["plan"]["b"] is before["plan"]["b"]


def test_appended_items_are_shared_between_frames():
    """S2: ten thousand frames of a growing list hold each item once."""
    dbg = grown(10_000)
    middle, last = dbg.frames[5_000].state["log"], dbg.frames[-1].state["log"]

    assert [len(dbg.frames[i].state["log"]) for i in (1, 2, 9_999, 10_000)] == [1, 2, 9_999, 10_000]
    assert middle == list(range(1, 5_001))
    assert middle[4_999] is last[4_999]


def test_a_compact_form_is_made_real_once():
    """S2: reading a frame's grown list twice gives the same list, not two copies."""
    frame = grown(10).frames[5]

    assert frame.state["log"] is frame.state["log"]


def test_forks_of_a_grown_list_do_not_see_each_other():
    """S2: two lines that append after the same frame share its items and nothing else."""
    dbg = grown(3)
    left = dbg.fork(2, put={"mark": "left"}, name="left")
    right = dbg.fork(2, put={"mark": "right"}, name="right")
    left.run()
    right.step()
    dbg.rewind(1)
    dbg.run()

    assert left.state["log"] == [1, 2, 3]
    assert right.state["log"] == [1, 2, 3]
    assert dbg.branch("main").frames[3].state["log"] == [1, 2, 3]
    assert dbg.branch("main").frames[2].state["log"] == [1, 2]


def test_forks_of_a_wide_state_do_not_see_each_other():
    """S2: the same for a state of 200 keys, through puts and deletes."""

    def change(ctx):
        for i in range(ctx.visit, 200, 7):
            ctx.put(f"key {i}", "changed")
        ctx.delete(f"key {ctx.visit}")
        if ctx.visit < 5:
            ctx.goto("change")

    content = {f"key {i}": i for i in range(200)}
    dbg = Debugger(chain(change), content)
    dbg.run()
    twin = dbg.fork(3, delete=["key 100"], put={"key 101": "mine"})
    twin.run()
    again = Debugger(chain(change), content)
    again.run()

    assert [f.state for f in dbg.frames] == [f.state for f in again.frames]
    assert "key 100" in dbg.frames[3].state
    assert "key 100" not in twin.frames[4].state
    assert twin.frames[4].state["key 101"] == "mine"
    assert dict(dbg.frames[0].state) == content


# -- S1: read only -------------------------------------------------------------------

CHANGES = {
    "append": (lambda s: s["messages"].append(1), "messages", "ctx.append('messages', item)"),
    "extend": (
        lambda s: s["messages"].extend([1]),
        "messages",
        "ctx.reduce('messages', items, Reducer.APPEND)",
    ),
    "insert": (lambda s: s["messages"].insert(0, 1), "messages", "ctx.put('messages', new_value)"),
    "sort": (lambda s: s["messages"].sort(), "messages", "ctx.put('messages', new_value)"),
    "clear": (lambda s: s["messages"].clear(), "messages", "ctx.put('messages', [])"),
    "item": (
        lambda s: s["messages"].__setitem__(0, 1),
        "messages",
        "ctx.put(('messages', item), new_value)",
    ),
    "top": (lambda s: s.__setitem__("n", 2), "n", "ctx.put('n', new_value)"),
    "delete": (lambda s: s.__delitem__("n"), "n", "ctx.delete('n')"),
    "deep dict": (
        lambda s: s["plan"].__setitem__("done", True),
        "plan",
        "ctx.put(('plan', item), new_value)",
    ),
    "deep pop": (lambda s: s["plan"].pop("steps"), "plan", "ctx.delete(('plan', item))"),
    "deep list": (
        lambda s: s["plan"]["steps"].append("c"),
        "plan.steps",
        "ctx.append(('plan', 'steps'), item)",
    ),
    "in a list": (
        lambda s: s["messages"][0].update(x=1),
        "messages[0]",
        "ctx.put(('messages', 0), new_value)",
    ),
    "set": (lambda s: s["tags"].add("x"), "tags", "ctx.put('tags', new_value)"),
}


@pytest.mark.parametrize(("change", "key", "instead"), CHANGES.values(), ids=CHANGES.keys())
def test_changing_state_in_place_says_what_to_call_instead(change, key, instead):
    """S1: an attempt to change state in place names the key and the call to use."""

    def node(ctx):
        change(ctx.state)

    dbg = Debugger(chain(node), {**CONTENT, "tags": {"a"}})
    stop = dbg.run()
    cause = stop.error.__cause__

    assert isinstance(stop.error, NodeExecutionError)
    assert isinstance(cause, ReadOnlyStateError)
    assert cause.key == key
    assert instead in str(cause)
    assert dbg.state == {**CONTENT, "tags": {"a"}}


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(n=2),
        lambda s: s.pop("n"),
        lambda s: s.popitem(),
        lambda s: s.clear(),
        lambda s: s.setdefault("new", 1),
        lambda s: s.__ior__({"n": 2}),
        lambda s: s["messages"].__iadd__([1]),
        lambda s: s["messages"].__imul__(2),
        lambda s: s["messages"].__delitem__(0),
        lambda s: s["messages"].remove(s["messages"][0]),
        lambda s: s["messages"].pop(),
        lambda s: s["messages"].reverse(),
        lambda s: setattr(s, "n", 2),
    ],
)
def test_no_method_changes_a_state(change):
    """S1: there is no other way to change a state than a recorded mutation."""
    state = State(CONTENT)

    with pytest.raises((ReadOnlyStateError, AttributeError)):
        change(state)
    assert state == CONTENT


def test_a_grown_list_is_read_only_as_well():
    """S1: a list made of a compact form refuses with its key's name, too."""
    with pytest.raises(ReadOnlyStateError, match=r"'log'.*ctx\.append\('log', item\)"):
        grown(3).state["log"].append(4)


def test_five_appends_make_lists_of_one_to_five():
    """S1: frames do not lie, however the node builds its list."""

    def add(ctx):
        messages = ctx.state.get("messages", []).copy()
        messages.append(ctx.visit)
        ctx.put("messages", messages)
        if ctx.visit < 5:
            ctx.goto("add")

    dbg = Debugger(chain(add))
    dbg.run()

    assert [len(frame.state["messages"]) for frame in dbg.frames[1:]] == [1, 2, 3, 4, 5]


def test_what_is_recorded_is_frozen_at_once():
    """S1: containers are frozen when they are recorded, so a later change is not seen."""
    kept = {"list": [1], "dict": {"a": [1]}, "tuple": ([1],), "set": {1}}

    def node(ctx):
        ctx.put("kept", kept)
        ctx.append("log", kept["list"])
        kept["list"].append(2)
        kept["dict"]["a"].append(2)
        kept["tuple"][0].append(2)
        kept["set"].add(2)

    session = finish(ExecutionSession({}, chain(node)))

    assert session.state["kept"] == {"list": [1], "dict": {"a": [1]}, "tuple": ([1],), "set": {1}}
    assert session.state["log"] == [[1]]


def test_the_start_state_is_frozen_as_well():
    """S1: what the caller keeps and changes does not change the first frame."""
    mine = {"messages": ["hello"]}
    dbg = Debugger(chain(lambda_node), mine)
    mine["messages"].append("late")

    assert dbg.frames[0].state == {"messages": ["hello"]}


def lambda_node(ctx):
    """Do nothing."""


def test_a_node_does_not_see_its_own_mutations():
    """S1: mutations are applied as one batch after the node has returned, in order."""
    seen = []

    def node(ctx):
        ctx.put("n", 2)
        seen.append(ctx.state["n"])
        ctx.reduce("n", 5, Reducer.SUM)
        ctx.delete("gone")
        seen.append(dict(ctx.state))

    session = finish(ExecutionSession({"n": 1, "gone": True}, chain(node)))

    assert seen == [1, {"n": 1, "gone": True}]
    assert session.state == {"n": 7}


def test_an_object_is_held_by_reference_and_its_frame_says_so():
    """S1: other objects are kept as they are; their frames are marked opaque."""

    class Client:
        pass

    client = Client()

    def node(ctx):
        ctx.put("tools", [{"client": client}])

    dbg = Debugger(chain(node), {"plain": (1, "x", None)})
    dbg.run()

    assert dbg.state["tools"][0]["client"] is client
    assert dbg.frames[0].opaque == []
    assert dbg.frames[1].opaque == [("tools", 0, "client")]


def test_a_registered_type_is_copied_and_not_opaque():
    """S1: a type may be registered with a way to freeze or copy it."""
    from lellm_nb.state import register_freeze

    class Box:
        def __init__(self, items):
            self.items = list(items)

    register_freeze(Box, lambda box: Box(box.items))
    box = Box([1])

    def node(ctx):
        ctx.put("box", box)
        box.items.append(2)

    dbg = Debugger(chain(node))
    dbg.run()

    assert dbg.state["box"].items == [1]
    assert dbg.frames[1].opaque == []
