"""The panel: one widget that shows a debugger and passes on what is pressed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import anywidget
import traitlets as t

from lellm_nb.debug.core.stop import Stop, StopReason
from lellm_nb.errors.error_words import error_words
from lellm_nb.errors.safe_text import safe_type
from lellm_nb.graph.drawing.layered import Drawing
from lellm_nb.graph.drawing.outline import Outline
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.export.offline_history import outline_json, short_book
from lellm_nb.notebook.layout.layout import layout
from lellm_nb.notebook.messages.commands import Order, read_order
from lellm_nb.notebook.messages.queries import answer, takes_long, waits_for_others
from lellm_nb.notebook.messages.view_commands import ACTS
from lellm_nb.notebook.model.answer_form import refusal
from lellm_nb.notebook.model.updates import NOW, Updates
from lellm_nb.notebook.values.redaction import redact_rows
from lellm_nb.notebook.values.value_rows import clean_rows
from lellm_nb.notebook.widget.assets import module_text, style_text
from lellm_nb.notebook.widget.writer import WidgetUpdater

BRIEF = 0.05
"""A run is said to run after this long, in seconds: a step that is over before is told once."""

GROWTH = 0.15
"""Seconds between two looks at answers that are coming."""

QUIET = 0.4
"""The same while a run goes on and none is."""

_OPEN_UP_TO = 60
"""Composites are drawn open at first in a graph of at most this many nodes."""


class Panel(anywidget.AnyWidget):
    """A live view of one debugger. Everything is written by the writer's thread.

    A press arrives as a message on whichever thread the kernel likes; it is
    turned into a posted order or put in the writer's row, and the handler
    returns. Several views of one panel show the same frame.
    """

    _esm = module_text()
    _css = style_text()

    outline = t.Dict().tag(sync=True)
    """The graph's name and ``[path, name, kind, parent, role]`` of each node."""

    drawing = t.Dict().tag(sync=True)
    """Where everything stands in the picture; empty until it is known."""

    snapshot = t.Dict().tag(sync=True)
    """What a new view starts from, as it was when a cell ended; a view asks for the rest."""

    book = t.Dict().tag(sync=True)
    """A short history whole, as it was when a cell ended, for a file without a kernel."""

    def __init__(self, debugger: DebuggerLike) -> None:
        self._updates = Updates(debugger)
        self._opened = _opened_at_first(self._updates.outline)
        self._picture: Drawing | None = None
        self._snapshot_seq = 0
        self._book_seq = -1
        self.on_quiet: Callable[[], None] = lambda: None
        """Called on the writer's thread when the panel came to rest."""

        super().__init__(
            outline=redact_rows(debugger, outline_json(self._updates.outline)),
            snapshot=redact_rows(debugger, clean_rows(self._updates.snapshot())),
        )
        self._snapshot_seq = self._updates.sequence
        self._client = WidgetUpdater(self._update)
        self._unsubscribe = debugger.subscribe(self._client.touch)
        self.on_msg(self._heard)
        self._client.do(self._draw)

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send rows to every view; half a character in a name must not lose them."""
        content = redact_rows(self.debugger, content)
        try:
            super().send(content, buffers)
        except UnicodeEncodeError:
            super().send(clean_rows(content), buffers)

    @property
    def debugger(self) -> DebuggerLike:
        """The debugger on show: after *Fork here* that is the fork."""
        return self._updates.debugger

    @property
    def updates(self) -> Updates:
        """What the views are told."""
        return self._updates

    @property
    def picture(self) -> Drawing | None:
        """The drawing on show, once there is one."""
        return self._picture

    def follow(self, debugger: DebuggerLike) -> None:
        """Show another debugger from now on. Runs on the writer's thread."""
        self._unsubscribe()
        old = self._updates
        self._updates = Updates(debugger, old.sequence)
        self._updates.extra["watches"] = old.extra["watches"]
        self._unsubscribe = debugger.subscribe(self._client.touch)
        _moved(self, old.debugger, debugger)
        if debugger.graph is not old.graph or self._updates.version != old.version:
            self._show_graph(old.outline)
        self.send({"kind": "snapshot", **self._updates.snapshot()})

    def alert(self, text: str, barrier: str | None = None) -> None:
        """Show an error in the panel until it is dismissed or followed by success.

        Args:
            barrier: What goes on waiting as its answer was refused; its card says so.
        """
        text = text if barrier is None else refusal(text, barrier)
        self._updates.extra["alert"] = {"text": text, "at": time.time(), "barrier": barrier}
        self._client.touch()

    def rest(self) -> None:
        """Bring the snapshot up to date. Runs on the writer's thread."""
        if self._updates.sequence != self._snapshot_seq:
            snapshot = redact_rows(self.debugger, clean_rows(self._updates.snapshot()))
            self._snapshot_seq = self._updates.sequence
            self.snapshot = snapshot
        if self._book_seq != self._snapshot_seq:
            self._book_seq = self._snapshot_seq
            self.book = short_book(self.debugger)

    def do(self, task: Callable[[], None]) -> None:
        """Have `task` run on the writer's thread."""
        self._client.do(task)

    def _update(self) -> None:
        try:
            now = self.debugger.summary
            if now.graph is not self._updates.graph:
                self._take_graph()
            elif getattr(now.graph, "version", 0) != self._updates.version:
                self._draw() if self._updates.take_edges() else self._take_graph()
            ago = self._updates.since_began(now) if now.busy else None
            if ago is not None and ago < BRIEF:
                self._client.again(BRIEF - ago)
                return
            delta = self._updates.delta(now)
        except LookupError:  # the line changed between two reads: look again
            self._client.touch()
            return
        if delta is not None:
            self.send({"kind": "delta", **delta})
        if now.busy:  # nobody tells of a call that begins, nor of every piece of an answer
            self._client.again(GROWTH if self._updates.growing else QUIET)
        if self._updates.behind:
            self._client.touch()
        else:
            self.on_quiet()

    def _take_graph(self) -> None:
        """Go on with the graph that the debugger has now."""
        old = self._updates
        self._updates = Updates(old.debugger, old.sequence)
        self._updates.extra = old.extra
        self._show_graph(old.outline)
        self.send({"kind": "snapshot", **self._updates.snapshot()})

    def greet(self, seq: Any) -> None:
        """Answer a view that says hello: that somebody is here, and what it missed."""
        if seq != self._updates.sequence:
            self.send({"kind": "snapshot", **self._updates.snapshot()})
        else:
            self.send({"kind": "here"})

    def unfold(self, number: int, on: bool) -> None:
        """Open a composite in place, or close it. Runs on the writer's thread."""
        (self._opened.add if on else self._opened.discard)(number)
        self._draw()

    def _show_graph(self, old: Outline) -> None:
        """Show another graph; what both have, under one path, stays open or closed."""
        now, was_open = self._updates.outline, self._opened
        self._opened = _opened_at_first(now)
        for number in old.composites():
            same = now.by_path.get(old.nodes[number].path)
            if same is not None:
                (self._opened.add if number in was_open else self._opened.discard)(same)
        self.outline = redact_rows(self.debugger, outline_json(self._updates.outline))
        self._draw()

    def _draw(self) -> None:
        self._picture = layout(self._updates.outline, self._opened)
        self.drawing = self._picture.as_json()

    def _heard(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Take a message of a view. Returns at once, on whatever thread."""
        if not isinstance(content, dict):
            return
        if "ask" in content:
            if waits_for_others(content):
                work = threading.Thread(target=self._answer, args=(content,), daemon=True)
                work.name = "lellm-ask-call"
                work.start()
            elif takes_long(content):
                asker().submit(self._answer, content)
            else:
                self._client.do(lambda: self._answer(content))
        elif content.get("do") in ACTS:
            self._client.do(lambda: self._act(content))
        else:
            self._order(content)

    def _act(self, content: dict[str, Any]) -> None:
        try:
            ACTS[content["do"]](self, content)
        except Exception as error:  # shown where it was asked for
            self.alert(error_words(error) or safe_type(error))
        self._client.touch()

    def _answer(self, question: dict[str, Any]) -> None:
        reply = answer(self._updates, question)
        self.send({"kind": "reply", "re": question.get("re"), "answer": reply})

    def _order(self, content: dict[str, Any]) -> None:
        updates = self._updates
        try:
            order = read_order(updates.debugger, content)
            if not order.verb.going:  # what ends a run leaves the view where it is
                updates.extra.update(look=NOW, alert=None)
            future = order.post(updates.debugger)
        except Exception as error:  # refused at the door: say so where it was asked
            updates.extra.update(look=NOW)
            self.alert(error_words(error) or safe_type(error), content.get("id"))
            return
        future.add_done_callback(lambda done: self._ordered(order, done))
        self._client.touch()

    def _ordered(self, order: Order, done: Future[Any]) -> None:
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            result = done.result()
            if order.verb.leads:
                self._client.do(lambda: self._lead(order, result))
            elif isinstance(result, Stop) and result.reason is not StopReason.FAILED:
                error = result.error  # a condition raised, or a secret has to be given again
        if error is not None:
            self.alert(error_words(error) or safe_type(error), order.options.get("id"))

    def _lead(self, order: Order, made: DebuggerLike) -> None:
        """Go along to a new line, and run on there if that was asked for."""
        self.follow(made)
        if order.runs_on:
            self._order({"do": "run"})


_panels: WeakKeyDictionary[Any, Panel] = WeakKeyDictionary()
_guard = threading.Lock()


def panel_for(debugger: DebuggerLike) -> Panel:
    """Return the panel that shows `debugger`: one, however often it is shown."""
    with _guard:
        panel = _panels.get(debugger)
    if panel is None:
        panel = Panel(debugger)
        with _guard:
            panel = _panels.setdefault(debugger, panel)
    return panel


def _moved(panel: Panel, old: DebuggerLike, new: DebuggerLike) -> None:
    with _guard:
        if _panels.get(old) is panel:
            del _panels[old]
        _panels.setdefault(new, panel)


def _opened_at_first(outline: Outline) -> set[int]:
    return outline.composites() if len(outline.nodes) <= _OPEN_UP_TO else set()


@cache
def asker() -> ThreadPoolExecutor:
    """Return the thread that answers what takes long or runs code of the user's."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="lellm-ask")
