"""What a view does to the view itself and to its marks: no order moves a run here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lellm_nb.notebook.messages.commands import change_stop, toggle_breakpoint, toggle_edge
from lellm_nb.notebook.tabs.watches import add_watch

if TYPE_CHECKING:
    from lellm_nb.notebook.widget.panel import Panel

Content = dict[str, Any]
_MOST_WATCHES = 50


def _hello(panel: Panel, content: Content) -> None:
    panel.greet(content.get("seq"))


def _look(panel: Panel, content: Content) -> None:
    frame = content.get("frame")
    count = len(panel.debugger.frames)
    if frame is not None:
        frame = max(0, min(int(frame), count - 1))
    panel.feed.extra["look"] = {
        "frame": frame,
        "by": content.get("by", ""),
        "n": content.get("n", 0),
    }


def _open(panel: Panel, content: Content) -> None:
    panel.unfold(int(content["node"]), bool(content.get("open")))


def _breakpoint(panel: Panel, content: Content) -> None:
    path = panel.feed.outline.nodes[int(content["node"])].path
    toggle_breakpoint(panel.debugger, path, bool(content.get("after")))


def _edge(panel: Panel, content: Content) -> None:
    nodes = panel.feed.outline.nodes
    source, target = nodes[int(content["source"])], nodes[int(content["target"])]
    toggle_edge(panel.debugger, source.path, target.name)


def _stop(panel: Panel, content: Content) -> None:
    change_stop(panel.debugger, int(content["id"]), str(content["act"]))


def _on_error(panel: Panel, content: Content) -> None:
    panel.debugger.break_on_error()


def _watch(panel: Panel, content: Content) -> None:
    texts = [text for text in panel.feed.extra["watches"] if text != content["text"]]
    if content.get("on"):
        texts.append(str(content["text"])[:500])
    panel.feed.extra["watches"] = texts[-_MOST_WATCHES:]


def _break_watch(panel: Panel, content: Content) -> None:
    add_watch(panel.debugger, str(content["text"]))


def _mode(panel: Panel, content: Content) -> None:
    path = panel.feed.outline.nodes[int(content["node"])].path
    panel.debugger.mode(path, str(content["mode"]))


def _note(panel: Panel, content: Content) -> None:
    panel.debugger.note(int(content["frame"]), str(content["text"])[:2000])


def _pin(panel: Panel, content: Content) -> None:
    panel.debugger.pin(int(content["frame"]), bool(content["on"]))


def _line(panel: Panel, content: Content) -> None:
    panel.follow(panel.debugger.branch(str(content["line"])))
    if content.get("frame") is not None:
        _look(panel, content)


def _dismiss(panel: Panel, _content: Content) -> None:
    panel.feed.extra["alert"] = None


ACTS: dict[str, Callable[[Panel, Content], None]] = {
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
