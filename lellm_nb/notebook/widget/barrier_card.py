"""A barrier's question as a card of buttons in the cell that runs the graph."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import ipywidgets as w

from lellm_nb.errors.error_words import error_words
from lellm_nb.graph.decision import Answer, Approve, Decision, Reject
from lellm_nb.graph.question import Question
from lellm_nb.notebook.model.barrier_rows import ANSWERS, decision_of
from lellm_nb.notebook.values.editable import typed_value
from lellm_nb.notebook.values.value_rows import short_text
from lellm_nb.notebook.widget.kernel import check_clicks, publish
from lellm_nb.record.sinks import BarrierOutcome, Decided, TimedOut

HEARTBEAT = 0.2
"""Seconds after which a wait looks up, so that Interrupt works."""

_ROWS = {kind: names for kind, names in ANSWERS.items() if kind != Answer.word}
"""A row for each decision where no more than yes or no is asked."""

_ASKING = {Answer.word: ANSWERS[Answer.word]} | {
    kind: names for kind, names in _ROWS.items() if kind != Approve.word
}
"""A row for each decision at a question: that is not approved, but answered."""


class WidgetBarrierSink:
    """Asks for decisions with buttons, in the cell that awaits the run.

    For running a graph without a Debugger:

        result = await graph.execute(state, barrier=WidgetBarrierSink())

    Each barrier shows a card with *Approve*, *Reject*, *Modify* and *Reroute*,
    and the run goes on after the click. The card then says what was decided. One that asks
    shows its question, its choices or a box for JSON, and *Answer* in place of *Approve*.

    Raises:
        ClicksUnavailableError: From the run, where a click cannot reach Python
            while the cell awaits.
    """

    async def wait_decision(
        self,
        barrier_id: str,
        timeout: float | None = None,  # the sink protocol's: asyncio.timeout raises, this answers
    ) -> BarrierOutcome:
        """Show a card and return what was decided, or that the time was up."""
        return await self._asked(barrier_id, timeout, None, {})

    async def wait_answer(
        self,
        barrier_id: str,
        timeout: float | None,  # as above
        question: Question,
        shown: Mapping[str, Any],
    ) -> BarrierOutcome:
        """Do the same where a barrier asks: the card has the question, and the form of an answer.

        Args:
            shown: The values that the barrier shows, by their keys.
        """
        return await self._asked(barrier_id, timeout, question, shown)

    async def _asked(
        self, barrier_id: str, limit: float | None, question: Any, shown: Mapping[str, Any]
    ) -> BarrierOutcome:
        check_clicks()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Decision] = loop.create_future()

        def decided(decision: Decision) -> None:
            # A click may come on the main thread or on a subshell's.
            loop.call_soon_threadsafe(_settle, answer, decision)

        card = BarrierCard(barrier_id, decided, question, shown)
        card.show()
        begun = loop.time()
        try:
            while not answer.done():
                passed = loop.time() - begun
                if limit is not None and passed >= limit:
                    card.close(f"no decision within {limit:g} s")
                    return TimedOut()
                card.tick(None if limit is None else limit - passed)
                check_clicks(passed)
                left = HEARTBEAT if limit is None else limit - passed
                await asyncio.wait({answer}, timeout=min(HEARTBEAT, left))
        except BaseException:
            card.close("cancelled")
            raise
        card.close(short_text(str(answer.result()), 200))
        return Decided(answer.result())


def _settle(answer: asyncio.Future[Decision], decision: Decision) -> None:
    if not answer.done():
        answer.set_result(decision)


class BarrierCard:
    """The card of one waiting barrier, made of ordinary ipywidgets.

    Args:
        decided: Called with the decision.
        question: What is asked; `None` for no more than yes or no.
        shown: The values that the barrier shows, by their keys.
    """

    def __init__(
        self,
        barrier_id: str,
        decided: Callable[[Decision], None],
        question: Question | None = None,
        shown: Mapping[str, Any] | None = None,
    ) -> None:
        self._decided = decided
        self._id = barrier_id
        self._question = question
        rows = _ROWS if question is None else _ASKING
        self._guard = threading.Lock()
        self._closed = False
        self._left = -1
        name = escape(barrier_id.rpartition("#")[0] or barrier_id)
        self._title = f"<b>{name}</b> waits for a decision"
        self.head = w.HTML(self._title)
        about = [
            f"<b>{escape(key)}</b> {escape(short_text(v))}" for key, v in (shown or {}).items()
        ]
        asked = [] if question is None else [f"<p>{escape(question.text)}</p>"]
        self.about = w.HTML("".join([*asked, "<br>".join(about)]))
        self.fields = {
            "reason": _field("Reason"),
            "key": _field("Key"),
            "value": _field("Value", "JSON, else text"),
            "target": _field("Target"),
        }
        self.answer: Any = None if question is None else _answer_field(question)
        self.buttons = {
            kind: w.Button(description=kind.capitalize(), layout={"width": "92px"}) for kind in rows
        }
        self.buttons[next(iter(rows))].button_style = "success"
        self.buttons[Reject.word].button_style = "danger"
        for kind, button in self.buttons.items():
            button.on_click(lambda _button, kind=kind: self._clicked(kind))
        self.root = w.VBox(
            [
                self.head,
                *([self.about] if self.about.value else []),
                *(self._row(kind, names) for kind, names in rows.items()),
            ],
            layout={
                "border": "1px solid var(--jp-warn-color1, #b97a00)",
                "padding": "6px 12px",
                "max_width": "720px",
            },
        )
        self.root.add_class("lellm-nb-barrier")

    def _row(self, kind: str, names: tuple[str, ...]) -> w.HBox:
        if kind == Answer.word:
            return w.HBox([self.buttons[kind], self.answer])
        return w.HBox([self.buttons[kind], *(self.fields[name] for name in names)])

    def show(self) -> None:
        """Show the card in the cell that is running."""
        publish(self.root)

    def tick(self, left: float | None) -> None:
        """Say how long there is left."""
        if left is None or self._closed:
            return
        seconds = max(0, round(left))
        if seconds != self._left:
            self._left = seconds
            self.head.value = f"{self._title} · {seconds} s left"

    def close(self, outcome: str) -> None:
        """Say what came of it, and take no more clicks."""
        with self._guard:
            self._closed = True
        for button in self.buttons.values():
            button.disabled = True
        for field in (*self.fields.values(), *([] if self.answer is None else [self.answer])):
            field.disabled = True
        self.head.value = self._title.replace(" waits for a decision", f": {escape(outcome)}")

    def _clicked(self, kind: str) -> None:
        try:
            decision: Any = (
                self._answered()
                if kind == Answer.word
                else decision_of(
                    kind,
                    reason=self.fields["reason"].value,
                    key=self.fields["key"].value,
                    value=typed_value(self.fields["value"].value),
                    target=self.fields["target"].value.strip(),
                )
            )
        except Exception as error:  # shown where the click was
            self.head.value = f"{self._title} · {escape(error_words(error))}"
            return
        with self._guard:
            if self._closed:
                return
        self._decided(decision)

    def _answered(self) -> Decision:
        """Return what was chosen or typed as an answer.

        Raises:
            QuestionError: It is none.
        """
        question, given = self._question, self.answer.value
        assert question is not None
        choices = question.choices
        if choices is not None and given is None:
            raise ValueError("Choose one of the answers.")
        value = typed_value(given) if choices is None else choices[given]
        return Answer(question.read(value, self._id))


def _answer_field(question: Question) -> Any:
    """Return the input that fits what is asked: a list of choices, or a box for JSON, else text."""
    if question.choices is not None:
        labels = question.labels or [short_text(one, 80) for one in question.choices]
        options = [("choose …", None), *((label, i) for i, label in enumerate(labels))]
        return w.Dropdown(options=options, value=None, layout={"width": "320px"})
    fields = (question.schema or {}).get("properties") or {}
    hint = f"JSON with {', '.join(fields)}" if fields else "JSON, else text"
    kind = w.Textarea if fields else w.Text
    return kind(placeholder=hint, layout={"width": "520px"})


def _field(name: str, hint: str = "") -> w.Text:
    field = w.Text(
        description=name,
        placeholder=hint,
        layout={"width": "260px"},
        style={"description_width": "56px"},
    )
    return field
