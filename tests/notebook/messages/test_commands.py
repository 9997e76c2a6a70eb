"""What a press asks for is read by the table of verbs."""

from __future__ import annotations

import pytest

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.debug.core.verb_table import BUTTONS, VERBS
from lellm_nb.notebook.messages.commands import read_order
from lellm_nb.notebook.model.run_summary import head_rows
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.widget.magics import ACTS, usage


def made():
    g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).barrier("b").edge("a", "b")
    dbg = Debugger(g.start("a").end("b").build(), {})
    dbg.run()
    return dbg


def asked(dbg, **content):
    order = read_order(dbg, content)
    return order.verb.name, order.given, order.options


def test_a_button_gives_its_verb_what_the_table_says():
    """Frames, decisions with what was typed for them, and nothing at all."""
    dbg = made()
    stays = {"id": "b#0", "stay": True}
    runs = {"id": "b#0", "then_run": True}

    assert asked(dbg, do="step") == ("step", (), {})
    assert asked(dbg, do="rewind", frame=1) == ("rewind", (1,), {})
    assert asked(dbg, do="without", frame=1, mutation=0) == ("without", (1, 0), {})
    assert asked(dbg, do="approve", id="b#0", stay=False) == ("approve", (), runs)
    assert asked(dbg, do="reject", reason="", **stays)[1] == ()
    assert asked(dbg, do="reject", reason="no", **stays)[1] == ("no",)
    assert asked(dbg, do="modify", key="n", value="3", **stays)[1] == ("n", 3)
    assert asked(dbg, do="resolve_join", how="keep") == ("resolve_join", ("keep",), {})
    sides = {"n": "left"}
    assert asked(dbg, do="resolve_join", how=sides) == ("resolve_join", (sides,), {})


@pytest.mark.parametrize("name", ["nowhere", "close", "save", "__init__", "preview", ""])
def test_what_has_no_button_is_refused(name):
    """A message from a page can call nothing but what has a button."""
    with pytest.raises(ValueError, match="There is no button"):
        read_order(made(), {"do": name})


def test_what_a_decision_lacks_is_said():
    """In the words of the card's boxes."""
    with pytest.raises(ValueError, match="Modify needs a key: fill in Key first"):
        read_order(made(), {"do": "modify", "id": "b#0", "stay": True})
    with pytest.raises(ValueError, match="Reroute needs a target: choose one first"):
        read_order(made(), {"do": "reroute", "id": "b#0", "stay": True})


def test_a_button_whose_verb_the_engine_cannot_do_has_no_row(monkeypatch):
    """The page then does not draw it."""
    dbg = made()
    outline = Updates(dbg).outline
    assert all(head_rows(dbg, outline)[f"button:{verb.name}"] for verb in BUTTONS)

    monkeypatch.setattr(Debugger, "capabilities", frozenset({"fork"}), raising=False)
    told = head_rows(dbg, outline)

    gone = {verb.name for verb in BUTTONS if told[f"button:{verb.name}"] is None}
    assert gone >= {"back", "run_back", "rewind", "over", "into", "out"}
    assert not gone & {"step", "run", "pause", "stop", "retry", "fork"}


def test_the_magic_knows_the_verbs_of_the_table():
    """And two of its own: the table of frames, and the debugger itself."""
    words = {verb.word or name for name, verb in VERBS.items() if verb.words}
    assert {*ACTS} - words == {"frames", "show"}
    said = usage().removeprefix("%lellm ").removesuffix(" — acts on the last debugger.")
    known = "approve back fork frames into modify out over pause reject reroute retry rewind run"
    assert said.split(" | ") == sorted(ACTS)
    assert {*said.split(" | ")} >= {*known.split(), "run_back", "show", "step", "stop"}
