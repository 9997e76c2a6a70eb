"""What a view is told: a whole, then differences, and never more than changed."""

from __future__ import annotations

import json

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.node_status import CHUNK, FRAME_KINDS, NodeStatuses
from lellm_nb.notebook.model.updates import Updates


def review():
    """A loop with a barrier, a subgraph and two branches."""
    inner = GraphBuilder("inner")
    inner.node("llm", lambda ctx: {"answer": 42}).node("tool", lambda ctx: {"used": True})
    inner.edge("llm", "tool").start("llm").end("tool")
    g = GraphBuilder("review")
    g.node("draft", lambda ctx: {"draft": ctx.state.get("draft", "") + "x"})
    g.subgraph("agent", inner.build())
    g.parallel("both", {"left": lambda ctx: {"l": 1}, "right": lambda ctx: {"r": 1}})
    g.barrier("approve", timeout=300).node("publish", lambda ctx: {"published": True})
    g.edge("draft", "agent").edge("agent", "both").edge("both", "approve")
    g.edge_if("approve", "draft", lambda s: "approve.reject_reason" in s)
    g.edge("approve", "publish").start("draft").end("publish")
    return Debugger(g.build(), {"topic": "otters"})


def chain(length, steps):
    g = GraphBuilder("chain")
    for i in range(length):
        g.node(f"n{i}", lambda ctx: {"i": ctx.state.get("i", 0) + 1})
    for i in range(length):
        g.edge(f"n{i}", f"n{(i + 1) % length}")
    g.node("end", lambda ctx: None)
    dbg = Debugger(g.start("n0").end("end").build(), max_steps=10**6)
    if steps:
        dbg.step(steps)
    return dbg


class View:
    """What a browser does with what it is told."""

    def __init__(self, updates):
        self.outline = updates.outline
        self.start(updates.snapshot())

    def start(self, snapshot):
        self.seq = snapshot["seq"]
        self.head = dict(snapshot["head"])
        self.standing = standing_of(snapshot["standing"])

    def hear(self, delta):
        if delta is None:
            return
        assert delta["seq"] == self.seq + 1
        self.seq = delta["seq"]
        self.head.update(delta.get("head", {}))
        for row in delta.get("rows", ()):
            self.standing.add(unpacked(row), self.outline)
        if patch := delta.get("patch"):
            old = self.standing
            old.index = patch["index"]
            old.current = set(patch["current"])
            for number in patch["gone"]:
                del old.marks[number]
            for number, *mark in patch["marks"]:
                old.marks[number] = mark
            for a, b in patch["untaken"]:
                del old.taken[a, b]
            for a, b, count in patch["taken"]:
                old.taken[a, b] = count


def standing_of(json_form):
    return NodeStatuses(
        json_form["index"],
        set(json_form["current"]),
        {number: mark for number, *mark in json_form["marks"]},
        {(a, b): count for a, b, count in json_form["taken"]},
    )


def unpacked(row):
    row = [row[0], FRAME_KINDS[row[1]], *row[2:]]
    return row if len(row) == 6 else [*row, [row[0]]]


def told_whole(debugger):
    """The standing that a view opened just now starts from."""
    updates = Updates(debugger)
    snapshot = updates.snapshot()
    while updates.behind:
        updates.delta()
        snapshot = updates.snapshot()
    return standing_of(snapshot["standing"])


JOURNEY = [
    lambda d: d.step(),
    lambda d: d.step(3),
    lambda d: d.run(),
    lambda d: d.reject("too short"),
    lambda d: d.run(),
    lambda d: d.rewind(4),
    lambda d: d.back(),
    lambda d: d.step(2),
    lambda d: d.run(),
    lambda d: d.approve(),
    lambda d: d.run(),
    lambda d: d.rewind(0),
    lambda d: d.run(),
]


def test_differences_add_up_to_the_whole():
    """A view that followed all along shows what a view opened just now shows."""
    dbg = review()
    updates = Updates(dbg)
    view = View(updates)

    for act in JOURNEY:
        act(dbg)
        view.hear(updates.delta())

        assert view.standing == told_whole(dbg)
        assert view.head["head"] == dbg.head
        assert view.head["line_text"] == dbg.status_line


def test_any_frame_can_be_shown_from_its_stretch_of_history():
    """A chunk's start and rows lead to the same standing as folding from the beginning."""
    dbg = chain(7, 3 * CHUNK + 5)
    updates = Updates(dbg)
    updates.snapshot()
    frames = dbg.frames

    for index in (0, CHUNK - 1, CHUNK, 2 * CHUNK + 3, len(frames) - 1):
        number = index // CHUNK
        chunk = json.loads(json.dumps(updates.chunk(number)))
        standing = standing_of(chunk["base"])
        for row in chunk["rows"][: index - number * CHUNK + 1]:
            standing.add(unpacked(row), updates.outline)

        fresh = Updates(dbg)
        assert standing == fresh._history.statuses_at(frames, index)
        assert standing.index == index


def test_nothing_is_sent_when_nothing_changed():
    """A listener that is called for no reason costs no message."""
    dbg = review()
    updates = Updates(dbg)
    updates.snapshot()

    assert updates.delta() is None


def test_every_branch_of_a_parallel_region_is_current():
    """Two branches move side by side, so two nodes are current."""
    dbg = review()
    dbg.run("both")
    updates = Updates(dbg)

    current = {updates.outline.nodes[n].path for n in updates.snapshot()["standing"]["current"]}

    assert current == {"both/left", "both/right"}


def test_a_step_of_a_run_is_told_in_a_few_bytes():
    """What travels per step is what changed: the message around it is larger."""
    dbg = chain(1000, 1000)
    updates = Updates(dbg)
    updates.snapshot()
    dbg.step()
    updates.delta()

    dbg.step()

    assert len(json.dumps(updates.delta())) < 700


def test_a_long_run_is_told_by_what_became_of_its_nodes():
    """Ten thousand frames at once are one change of a few nodes, not ten thousand rows."""
    dbg = chain(5, 0)
    updates = Updates(dbg)
    view = View(updates)
    dbg.step(10_000)

    delta = updates.delta()
    view.hear(delta)

    assert len(json.dumps(delta)) < 2_000
    assert view.standing == told_whole(dbg)


def test_a_failure_is_named_at_the_head_and_kept_in_its_frame():
    """The alert says what failed; the Error tab shows the user's line first."""

    def bad(ctx):
        raise ValueError("no <b>printer</b>")

    dbg = Debugger(GraphBuilder("g").node("bad", bad).start("bad").end("bad").build())
    dbg.run()
    updates = Updates(dbg)

    head = updates.snapshot()["head"]
    error = answer(updates, {"ask": "detail", "frame": 1, "tab": "error"})

    assert head["failure"] == "bad failed: ValueError: no <b>printer</b>"
    assert error["type"] == "ValueError"
    assert error["mine"][0]["code"].startswith("raise ValueError")
    assert all("lellm_nb" in line["file"] for line in error["theirs"])


@pytest.mark.parametrize("tab", ["state", "diff", "mutations", "route", "output", "error"])
def test_every_tab_answers_for_every_frame(tab):
    """No frame of a nested, parallel run with barriers has a tab that breaks."""
    dbg = review()
    for act in JOURNEY:
        act(dbg)
    updates = Updates(dbg)

    for index in range(len(dbg.frames)):
        reply = json.loads(
            json.dumps(answer(updates, {"ask": "detail", "frame": index, "tab": tab}))
        )
        assert reply["title"]["index"] == index
        assert reply["tab"] == tab


def test_inside_a_composite_the_state_of_its_level_comes_first():
    """What the node saw is what is shown; the whole run is one choice away."""
    dbg = review()
    dbg.step(2)
    updates = Updates(dbg)
    ask = {"ask": "detail", "frame": 2}

    assert answer(updates, {**ask, "tab": "state"})["levels"] == ["agent", "whole run"]
    level = answer(updates, {**ask, "tab": "diff"})["rows"]
    whole = answer(updates, {**ask, "tab": "diff", "whole": True})["rows"]
    assert [row["path"] for row in level] == ["answer"]
    assert whole == []


def test_a_question_that_makes_no_sense_is_answered_with_why():
    """The view shows the reason; nothing breaks on the writer's thread."""
    updates = Updates(review())

    assert "error" in answer(updates, {"ask": "weather"})
    assert "error" in answer(updates, {"ask": "detail", "frame": 99, "tab": "state"})
    assert "error" in answer(updates, {"ask": "detail", "frame": 0, "tab": "weather"})


def test_a_barrier_card_says_where_each_answer_leads():
    """Under each button stand its change and the next node, before anything is decided."""
    dbg = review()
    dbg.run()
    updates = Updates(dbg)
    frames = len(dbg.frames)

    card = answer(updates, {"ask": "card", "id": "approve#0"})
    modify = answer(
        updates,
        {"ask": "preview", "id": "approve#0", "kind": "modify", "key": "n", "value": "[1]"},
    )

    assert card["previews"]["approve"]["next"] == "publish"
    assert card["previews"]["reject"]["next"] == "draft"
    assert card["previews"]["approve"]["rows"][0]["path"] == "approve.approved"
    assert "draft" in card["targets"]
    assert {row["path"]: row["new"]["text"] for row in modify["rows"]}["n"] == "[1]"
    assert len(dbg.frames) == frames


def test_a_button_says_what_a_press_would_do_right_now():
    """The tooltip is about this moment, and a button that can do nothing says why."""
    dbg = review()
    updates = Updates(dbg)
    ready = updates.snapshot()["head"]
    dbg.run()
    waiting = updates.delta()["head"]

    assert ready["button:step"] == [True, "Run draft, one commit"]
    assert ready["button:back"][0] is False
    assert waiting["button:step"][1] == "Waiting for a decision at approve"
    assert waiting["button:back"] == [True, f"Move the head back to frame {dbg.head - 1}"]
    assert waiting["pending"][0]["timeout"] == 300
