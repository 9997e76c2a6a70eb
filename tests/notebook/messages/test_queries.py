"""What a view may ask of a whole history, and what it may set."""

from __future__ import annotations

import base64

import pytest

from lellm_nb import Debugger, GraphBuilder, GraphHashMode
from lellm_nb.notebook.export.offline_history import SHORT, book_of, short_book
from lellm_nb.notebook.messages.queries import answer, takes_long
from lellm_nb.notebook.model.run_summary import head_rows
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.values.displayed import picture, picture_row
from lellm_nb.notebook.values.editable import editable_text
from lellm_nb.notebook.values.edits import edits_of
from lellm_nb.notebook.values.rich import rich_form
from lellm_nb.notebook.values.value_rows import clean_text

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def made(**state):
    inner = GraphBuilder("inner").node("llm", lambda ctx: {"plan": {"steps": ["a", "b"]}})
    g = GraphBuilder("g").subgraph("agent", inner.start("llm").end("llm").build(), lens="work")
    g.node("last", lambda ctx: {"n": ctx.state["n"] + 1}).edge("agent", "last")
    g.edge_if("last", "agent", lambda s: s["n"] < 0)
    dbg = Debugger(g.start("agent").end("last").build(), {"n": 1, "work": {}, **state})
    dbg.run()
    return dbg


def ask(dbg, **question):
    return answer(Updates(dbg), question)


def test_who_is_asked_of_the_level_on_show_and_of_places_inside_a_value():
    """A value inside a subgraph has its writers there, by its own name."""
    told = ask(made(), ask="who", frame=1, steps=[0, 0], whole=False)

    assert told["of"] == "agent:plan.steps"
    assert [(row["frame"], row["path"]) for row in told["rows"]] == [(1, "agent/llm")]


def test_a_question_that_has_no_answer_says_why():
    """A view never waits for an exception."""
    assert "no answer" in ask(made(), ask="nonsense")["error"]
    assert "error" in ask(made(), ask="who", frame=1, text="nothing")
    assert "empty" in ask(made(), ask="find", text="")["error"]


def test_what_runs_code_of_the_users_is_answered_beside_the_writer():
    """A slow condition does not hold the page up."""
    assert takes_long({"ask": "find"})
    assert takes_long({"ask": "detail", "tab": "route"})
    assert not takes_long({"ask": "detail", "tab": "state"})


def test_edits_keep_a_text_a_text_and_read_the_rest_as_json():
    """What looks like a number stays text where text was."""
    dbg = made(word="3", numbers=[1, 2])
    state = list(dbg.frames[0].state)

    put = edits_of(
        dbg.frames[0],
        [
            {"steps": [state.index("word")], "text": "4"},
            {"steps": [state.index("n")], "text": "4"},
            {"steps": [state.index("numbers"), 1], "text": "9"},
            {"key": "fresh", "text": "{}"},
        ],
    )

    assert put == {"word": "4", "n": 4, ("numbers", 1): 9, "fresh": {}}


def test_what_has_no_text_is_not_edited_in_place():
    """An object says what to do instead."""
    with pytest.raises(ValueError, match="fork"):
        editable_text(object())


def test_only_pictures_pass_as_pictures():
    """What claims to be one and is not, and every form of markup, stays text."""
    assert picture("image/png", "not base64!") is None
    assert picture("image/png", base64.b64encode(b"<svg onload=x>").decode()) is None
    assert base64.b64decode(picture("image/png", PNG) or "") == PNG
    row = picture_row({"text/html": "<b>x</b>", "image/svg+xml": "<svg/>", "text/plain": "x"}, 0)
    assert row == {"kind": "text", "place": 0, "text": "x"}


def test_records_are_a_table_and_other_lists_are_not():
    """A table needs records that share keys."""
    found = rich_form([{"a": 1, "b": "x"}, {"a": 2}])

    assert found is not None
    assert found["table"]["columns"] == ["a", "b"]
    assert found["table"]["rows"] == [["0", "1", "x"], ["1", "2", ""]]
    assert rich_form([1, 2]) is None
    assert rich_form([{"a": 1}, {"b": 1}]) is None


def test_half_a_character_travels_as_a_sign_for_itself():
    """A lone surrogate has no bytes, and would lose the whole message."""
    assert clean_text("a\ud800b").encode() == "a\ufffdb".encode()
    told = ask(made(bad="\ud800"), ask="detail", frame=0, tab="state")
    str(told).encode()


def test_a_book_shares_what_frames_share():
    """A big value that never changes is written once, whatever the number of frames."""
    big = [{"k": "x" * 50, "i": i} for i in range(100)]
    g = GraphBuilder("loop").node("a", lambda ctx: {"n": ctx.state["n"] + 1})
    g.edge_if("a", "a", lambda s: s["n"] < 50).node("z", lambda ctx: None).edge("a", "z")
    dbg = Debugger(g.start("a").end("z").build(), {"n": 0, "big": big})
    dbg.run()

    book = book_of(dbg, None)

    assert len(book["frames"]) == len(dbg.frames)
    assert len(book["values"]) < 500 + 4 * len(dbg.frames)


def test_a_book_has_every_line_and_its_shared_frames_once():
    """Lines are stretches of the frames."""
    dbg = made()
    dbg.fork(at=1, put={"plan": 1}, name="other").run()

    book = book_of(dbg, None)

    assert [line["name"] for line in book["lines"]] == ["main", "other"]
    assert book["lines"][0]["frames"] == [[0, 4]]
    assert book["lines"][1]["frames"] == [[0, 2], [4, 3]]
    assert len(book["frames"]) == 7


def test_a_long_history_is_not_kept_in_the_notebooks_file():
    """The short form is for short runs; the rest is one call of export_html away."""
    g = GraphBuilder("loop").node("a", lambda ctx: {"n": ctx.state["n"] + 1})
    g.edge_if("a", "a", lambda s: s["n"] < SHORT + 5).node("z", lambda ctx: None).edge("a", "z")
    dbg = Debugger(g.start("a").end("z").build(), {"n": 0})

    assert short_book(dbg)["frames"]
    dbg.run()
    assert short_book(dbg) == {}


def test_a_book_kept_by_itself_asks_nothing_of_the_users():
    """A condition is run again for Route, never because a cell ended."""
    asked = []
    g = GraphBuilder("g").node("a", lambda ctx: None).node("b", lambda ctx: None)
    g.edge_if("a", "b", lambda s: asked.append(1) or True).edge("a", "b")
    dbg = Debugger(g.start("a").end("b").build())
    dbg.run()
    asked.clear()

    short_book(dbg)

    assert asked == []


def test_a_failed_join_is_told_with_its_branches():
    """The card needs to know which branches failed."""

    def bad(ctx):
        raise ValueError

    g = GraphBuilder("fan").parallel(
        "all", {"good": lambda ctx: None, "bad": bad}, on_error="collect_all"
    )
    dbg = Debugger(g.start("all").end("all").build())
    dbg.run()
    updates = Updates(dbg)

    assert head_rows(dbg, updates.outline)["join"] == {
        "path": "all",
        "failed": ["bad"],
        "branches": 2,
        "sides": [],
        "conflicts": [],
    }
    assert head_rows(made(), Updates(made()).outline)["join"] is None


def test_a_failed_join_of_a_node_that_is_gone_is_none(tmp_path):
    """Looking never raises, also where a run goes on with another graph."""

    def bad(ctx):
        raise ValueError

    before = GraphBuilder("fan").node("first", lambda ctx: None).edge("first", "all")
    before.parallel("all", {"good": lambda ctx: None, "bad": bad}, on_error="collect_all")
    after = GraphBuilder("fan").node("first", lambda ctx: None).edge("first", "last")
    after.node("last", lambda ctx: None).start("first").end("last")

    before.start("first").end("all")
    dbg = Debugger(before.build(), store=tmp_path / "runs.db")
    failed = dbg.run().frame
    assert dbg.failed_join.failed == ("bad",)
    dbg.rewind(0)
    dbg.close()
    again = Debugger.open(tmp_path / "runs.db", graph=after.build(), mode=GraphHashMode.FORCE)
    again.rewind(failed.index)

    assert again.status == "failed"
    assert again.failed_join is None
    assert head_rows(again, Updates(again).outline)["join"] is None
