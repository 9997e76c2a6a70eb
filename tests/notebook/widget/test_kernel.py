"""Beside the panel: the magic, the card without a debugger, what a kernel can do."""

from __future__ import annotations

import asyncio

import pytest

from lellm_nb import (
    Answer,
    Approve,
    Debugger,
    Decided,
    GraphBuilder,
    Modify,
    Question,
    Reject,
    TimedOut,
)
from lellm_nb.notebook.widget import barrier_card as barrier_sink
from lellm_nb.notebook.widget import display, kernel
from lellm_nb.notebook.widget import magics as extension
from lellm_nb.notebook.widget.barrier_card import WidgetBarrierSink
from lellm_nb.notebook.widget.kernel import ClicksUnavailableError


def make():
    g = GraphBuilder("review").node("draft", lambda ctx: {"draft": "x"}).barrier("approve")
    return g.edge("draft", "approve").start("draft").end("approve").build()


class Shell:
    """Takes a magic as IPython's shell does."""

    def register_magic_function(self, function, kind, name):
        self.lellm = function


@pytest.fixture
def magic():
    shell = Shell()
    extension.load_ipython_extension(shell)
    return shell.lellm


def test_the_magic_acts_on_the_debugger_made_last(magic):
    """No name has to be typed for what was just made."""
    dbg = Debugger(make(), {"n": 1})

    assert magic("run").reason.name == "BARRIER"
    assert magic("reject it isn't ready").frame.kind == "decision"
    assert dbg.state["approve.reject_reason"] == "it isn't ready"
    assert magic("rewind 1").frame.index == 1
    assert magic("back").frame.index == 0


def test_the_debugger_shown_last_is_the_one(magic):
    """Showing an older debugger again makes it the one that is meant."""
    older = Debugger(make())
    newer = Debugger(make())

    assert display.last_debugger() is newer
    display.remember(older)
    assert display.last_debugger() is older
    newest = Debugger(make())
    assert display.last_debugger() is newest


def test_a_magic_that_is_misspelt_says_what_there_is(magic):
    """The answer to a slip is the list of verbs, not a traceback."""
    from IPython.core.error import UsageError

    debugger = Debugger(make())
    with pytest.raises(UsageError, match=r"approve \| back"):
        magic("aprove")
    with pytest.raises(UsageError, match="rewind"):
        magic("rewind soon")
    assert debugger.head == 0


def test_outside_a_notebook_a_debugger_is_a_line_of_text():
    """A terminal gets text, and no widget is made."""
    assert list(display.display_debugger(Debugger(make()))) == ["text/plain"]


@pytest.mark.parametrize(
    ("version", "waited", "subshells", "works"),
    [
        ("7.4.0", 0, False, True),
        ("8.0.1", 0, False, True),
        ("7.3.0", 0, False, True),
        ("7.3.0", 9, True, True),
        ("7.3.0", 9, False, False),
        ("6.31.0", 0, True, False),
    ],
)
def test_a_cell_waits_for_a_click_only_where_one_can_come(
    version, waited, subshells, works, monkeypatch
):
    """Elsewhere it says so at once instead of hanging."""
    monkeypatch.setattr(kernel, "in_notebook", lambda: True)
    monkeypatch.setattr(kernel.metadata, "version", lambda _name: version)
    monkeypatch.setattr(kernel, "_subshells", lambda: subshells)

    if works:
        kernel.check_clicks(waited)
    else:
        with pytest.raises(ClicksUnavailableError, match=r"dbg\.approve"):
            kernel.check_clicks(waited)


def test_without_a_notebook_the_card_refuses_to_wait():
    """A script that asks for a click is told, not left hanging."""
    with pytest.raises(ClicksUnavailableError, match="no notebook"):
        asyncio.run(WidgetBarrierSink().wait_decision("approve#0", None))


@pytest.fixture
def cards(monkeypatch):
    """The cards that were shown; clicks reach them as in a notebook."""
    shown = []
    monkeypatch.setattr(barrier_sink, "check_clicks", lambda waited=0.0: None)
    monkeypatch.setattr(barrier_sink.BarrierCard, "show", lambda card: shown.append(card))
    return shown


def click_from_a_thread(cards, kind, **fields):
    async def soon():
        while not cards:  # noqa: ASYNC110  # a list fills without an event
            await asyncio.sleep(0.005)
        card = cards[-1]
        for name, value in fields.items():
            card.fields[name].value = value
        # As on a kernel whose clicks come on a subshell's thread.
        await asyncio.to_thread(card.buttons[kind].click)

    return soon()


@pytest.mark.parametrize(
    ("kind", "fields", "decision"),
    [
        ("approve", {}, Approve()),
        ("reject", {"reason": "why"}, Reject("why")),
        ("modify", {"key": "n", "value": "[1]"}, Modify("n", [1])),
    ],
)
def test_a_click_on_any_thread_decides(kind, fields, decision, cards):
    """The wait ends at once and the card says what was decided."""

    async def both():
        clicked = asyncio.ensure_future(click_from_a_thread(cards, kind, **fields))
        outcome = await asyncio.wait_for(WidgetBarrierSink().wait_decision("approve#0", None), 10)
        await clicked
        return outcome

    assert asyncio.run(both()) == Decided(decision)
    assert all(button.disabled for button in cards[0].buttons.values())
    assert str(decision) in cards[0].head.value


def test_time_that_is_up_disables_the_card(cards):
    """The engine applies the default; the card no longer takes a click."""
    assert asyncio.run(WidgetBarrierSink().wait_decision("approve#0", 0.05)) == TimedOut()
    assert cards[0].buttons["approve"].disabled


def test_a_cancelled_wait_disables_the_card(cards):
    """An interrupted cell leaves no live button behind."""

    async def cancelled():
        waiting = asyncio.ensure_future(WidgetBarrierSink().wait_decision("approve#0", None))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancelled())
    assert cards[0].buttons["approve"].disabled
    assert "cancelled" in cards[0].head.value


def test_a_card_that_lacks_something_says_so_and_stays(cards):
    """Modify without a key is no decision."""
    card = barrier_sink.BarrierCard("approve#0", lambda decision: pytest.fail("decided"))

    card.buttons["modify"].click()

    assert "needs a key" in card.head.value
    assert not card.buttons["modify"].disabled


def test_names_in_a_card_are_text():
    """ipywidgets' HTML is HTML, so what is put into it is escaped."""
    card = barrier_sink.BarrierCard("<img src=x onerror=alert(1)>#0", lambda decision: None)
    card.close("<b>")

    assert "<img" not in card.head.value
    assert "&lt;b&gt;" in card.head.value


def test_the_card_of_a_question_has_an_answer_in_place_of_a_yes():
    """B8: choices as a list, a form as a box for JSON; what does not fit is told, and stays."""
    made = []
    choice = barrier_sink.BarrierCard(
        "q#0", made.append, Question("<b>?", {"a": "The first"}), {"n": [1]}
    )
    assert list(choice.buttons) == ["answer", "reject", "modify", "reroute"]
    assert choice.about.value == "<p>&lt;b&gt;?</p><b>n</b> [1]"
    choice.buttons["answer"].click()
    assert "Choose one" in choice.head.value
    choice.answer.value = 0
    choice.buttons["answer"].click()
    form = {"type": "object", "properties": {"n": {"type": "integer"}}}
    box = barrier_sink.BarrierCard("q#1", made.append, Question("?", form=form))
    box.answer.value = '{"n": "x"}'
    box.buttons["answer"].click()
    assert "takes a whole number" in box.head.value
    box.answer.value = '{"n": 2}'
    box.buttons["answer"].click()
    box.close("done")

    assert made == [Answer("a"), Answer({"n": 2})]
    assert box.answer.disabled


def test_a_sink_of_cards_answers_a_question(monkeypatch):
    """B8: the card is given what is asked and shown."""
    monkeypatch.setattr(barrier_sink, "check_clicks", lambda waited=0.0: None)

    def clicked(card):
        card.answer.value = 1
        card.buttons["answer"].click()

    monkeypatch.setattr(barrier_sink.BarrierCard, "show", clicked)
    g = GraphBuilder("g").barrier("q", ask=Question("?", ["a", "b"])).start("q").end("q")
    result = asyncio.run(g.build().execute({}, barrier=WidgetBarrierSink()))

    assert result.state["q.answer"] == "b"
