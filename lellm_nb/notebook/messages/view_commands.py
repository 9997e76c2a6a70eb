"""What a view does to the view itself and to its marks: no order moves a run here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.messages.commands import change_stop, toggle_breakpoint, toggle_edge
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.tabs.watches import add_watch

Content = dict[str, Any]
_MOST_WATCHES = 50


class PanelLike(Protocol):
    """What a command does something to: a panel, whatever it is made of."""

    @property
    def debugger(self) -> DebuggerLike: ...
    @property
    def updates(self) -> Updates: ...

    def greet(self, seq: Any) -> None: ...
    def unfold(self, number: int, on: bool) -> None: ...
    def follow(self, debugger: DebuggerLike) -> None: ...


def _hello(panel: PanelLike, content: Content) -> None:
    panel.greet(content.get("seq"))


def _look(panel: PanelLike, content: Content) -> None:
    frame = content.get("frame")
    count = len(panel.debugger.frames)
    if frame is not None:
        frame = max(0, min(int(frame), count - 1))
    panel.updates.extra["look"] = {
        "frame": frame,
        "by": content.get("by", ""),
        "n": content.get("n", 0),
    }


def _open(panel: PanelLike, content: Content) -> None:
    panel.unfold(int(content["node"]), bool(content.get("open")))


def _breakpoint(panel: PanelLike, content: Content) -> None:
    path = panel.updates.outline.nodes[int(content["node"])].path
    toggle_breakpoint(panel.debugger, path, bool(content.get("after")))


def _edge(panel: PanelLike, content: Content) -> None:
    nodes = panel.updates.outline.nodes
    source, target = nodes[int(content["source"])], nodes[int(content["target"])]
    toggle_edge(panel.debugger, source.path, target.name)


def _stop(panel: PanelLike, content: Content) -> None:
    change_stop(panel.debugger, int(content["id"]), str(content["act"]))


def _on_error(panel: PanelLike, content: Content) -> None:
    panel.debugger.break_on_error()


def _watch(panel: PanelLike, content: Content) -> None:
    texts = [text for text in panel.updates.extra["watches"] if text != content["text"]]
    if content.get("on"):
        texts.append(str(content["text"])[:500])
    panel.updates.extra["watches"] = texts[-_MOST_WATCHES:]


def _break_watch(panel: PanelLike, content: Content) -> None:
    add_watch(panel.debugger, str(content["text"]))


def _mode(panel: PanelLike, content: Content) -> None:
    path = panel.updates.outline.nodes[int(content["node"])].path
    panel.debugger.mode(path, str(content["mode"]))


def _note(panel: PanelLike, content: Content) -> None:
    panel.debugger.note(int(content["frame"]), str(content["text"])[:2000])


def _pin(panel: PanelLike, content: Content) -> None:
    panel.debugger.pin(int(content["frame"]), bool(content["on"]))


def _line(panel: PanelLike, content: Content) -> None:
    panel.follow(panel.debugger.branch(str(content["line"])))
    if content.get("frame") is not None:
        _look(panel, content)


def _dismiss(panel: PanelLike, _content: Content) -> None:
    panel.updates.extra["alert"] = None


ACTS: dict[str, Callable[[PanelLike, Content], None]] = {
    "hello": _hello,
    "look": _look,
    "open": _open,
    "breakpoint": _breakpoint,
    "edge": _edge,
    "stop_point": _stop,
    "break_on_error": _on_error,
    "watch": _watch,
    "break_watch": _break_watch,
    "mode": _mode,
    "note": _note,
    "pin": _pin,
    "line": _line,
    "dismiss": _dismiss,
}
"""Messages about the view itself and its marks; they are no orders to the debugger."""
