"""Lines: forking them, opening them, setting two side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from typing import Any, cast

from lellm_nb.arguments import refusal
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.diff.compare import Comparison, compare_lines
from lellm_nb.debug.history.frames import Frames
from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.history.tree import no_such_line
from lellm_nb.debug.names.address import levels_of
from lellm_nb.debug.names.level_frames import level_name
from lellm_nb.debug.names.new_keys import note_new_keys
from lellm_nb.debug.names.node_name import plain_nodes, refuse_function_at_node
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.debug.verbs.backward import frame_of
from lellm_nb.errors import DebuggerError, StateTypeError
from lellm_nb.graph.analysis import find_cycles
from lellm_nb.graph.code.code_place import CodePlace
from lellm_nb.graph.walk import graph_at, static_path
from lellm_nb.record.frame import Frame
from lellm_nb.session.protocol import Session
from lellm_nb.state.key import StateKey

__all__ = ["branch", "checked", "compare", "fork", "listed_keys", "warn_of_run"]


def fork(
    context: DebugContext,
    at: Any = None,
    *,
    put: Mapping[Any, Any] | None = None,
    delete: Sequence[Any] | str | None = None,
    nodes: Mapping[str, Callable[[Any], Any]] | None = None,
    name: str | None = None,
) -> Any:
    """Return a debugger on a line of its own that begins at a frame; this one stays.

    Raises:
        NoSuchFrameError: There is no such frame.
        StateError: What is to be written does not fit.
        DebuggerError: The name is taken.
    """
    session = context.session
    given: Any = name
    if given is not None and not (isinstance(given, str) and given.strip()):
        raise refusal(given, "name", "text that is not empty", DebuggerError)
    frame = session.head if at is None else frame_of(context, at)
    by_path = plain_nodes(session.graph, nodes or {})
    # from the head on, a node of a cycle gets its new function in the turns to come
    if at is not None or not _in_cycle(session.graph, frame):
        warn_of_run(context, frame, by_path, f"fork(at={frame.index - 1}, …)")
    for key in (*(put if isinstance(put, Mapping) else ()), *listed_keys(delete)):
        _check_level(session.graph, key, frame)
    refuse_function_at_node(session.graph, frame, put, "fork(nodes={{{}: …}})")
    if by_path:
        context.may("patch")
    patched = session.graph.patched(by_path) if by_path else None
    left = session.line_through(frame)
    written, gone = checked(put), listed_keys(delete)
    made = session.fork(frame, put=written, delete=gone, name=name)
    note_new_keys(session.graph, frame.level.data, written or (), gone)
    child = context.for_line(made)
    child.modes.left(left)
    if patched is not None:
        child.session.use(patched)
    debugger = context.family.add(child)
    child.code_changed([CodePlace(path) for path in by_path])
    return debugger


def warn_of_run(context: DebugContext, frame: Frame, by_path: Collection[str], call: str) -> None:
    """Warn where a line begins after a run of a node that has a new function on it.

    Args:
        call: What would run it.
    """
    if frame.kind == "commit" and frame.static_path in by_path:
        caution(
            f"The fork goes on after frame {frame.index}, which ran {frame.path}; to run it"
            f" again with its new function, {call}."
        )


def _check_level(graph: Any, key: Any, frame: Frame) -> None:
    """Warn of ``level:key`` where a key is written: that is how one asks, not how one puts."""
    level, _, name = key.partition(":") if isinstance(key, str) else ("", "", "")
    known = name and static_path(graph, level) in levels_of(graph)
    if known and key not in kept_items(frame.level.data):
        here = level_name(frame) == level
        steered = f"steer(put={{{key!r}: …}}) in the fork while that is open"
        way = f"write {name!r}" if here else f"{steered}, or fork at a frame of level {level!r}"
        caution(
            f"A fork writes at the level of its frame, and {key!r} is a key of that name there;"
            f" to change {name!r} of level {level!r}, {way}."
        )


def _in_cycle(graph: Any, frame: Frame) -> bool:
    """Whether a frame's node may run again, in its level or with a level around it."""
    path = frame.static_path
    while path:
        path, _, node = path.rpartition("/")
        cycles = find_cycles(graph_at(graph, path))
        if any(node in cycle.nodes for cycle in cycles):
            return True
    return False


def branch(context: DebugContext, name: str) -> Any:
    """Return the debugger of another line by its name.

    Raises:
        DebuggerError: There is no such line; lists those that are.
    """
    lines, given = context.session.history.lines, cast("Any", name)
    line = lines.get(given) if isinstance(given, str) else None
    if line is None:
        raise no_such_line(name, list(lines))
    known = context.family.of_line(name)
    if known is not None:
        return known
    return context.family.add(context.for_line(context.session.at_tip(line)))


def compare(one: Session, other: Session, runs: tuple[str, str]) -> Comparison:
    """Return two lines, aligned by path, node and visit, each up to where its session stands.

    Args:
        runs: What the runs are called, for lines that are called the same.
    """
    left, right = one.line.name, other.line.name
    same = one.history is other.history and left == right
    names = runs if left == right and not same else (left, right)
    found = compare_lines(names, _to_head(one), _to_head(other))
    found.parts = _up_to(one), _up_to(other)
    found.line = left if same else ""
    return found


def _to_head(session: Session) -> Frames:
    return Frames(session.line)[: session.head.index + 1]


def _up_to(session: Session) -> str:
    """Say up to where a line counts, when its debugger does not stand at the end."""
    head, last = session.head.index, len(session.line) - 1
    return f" (up to frame {head} of {last})" if head < last else ""


def checked(put: Any) -> Any:
    """Return what is to be put under plain keys, each `StateKey` having checked its value.

    Raises:
        StateTypeError: A value is not of its key's type.
    """
    if not isinstance(put, Mapping):
        return put  # the session says what is wrong with it
    for key, value in put.items():
        if isinstance(key, StateKey):
            key.check(value)
    return {key.name if isinstance(key, StateKey) else key: value for key, value in put.items()}


def listed_keys(delete: Any) -> tuple[Any, ...]:
    """Return the keys that are to be removed, by their names.

    Raises:
        StateTypeError: It is no key and no list of keys.
    """
    if delete is None:
        return ()
    if isinstance(delete, str | tuple | StateKey):
        delete = (delete,)
    if not isinstance(delete, Sequence | Set):
        kind = type(delete).__name__
        problem = f"delete is a key or a list of keys, not {kind}."
        raise StateTypeError(None, "a list of keys", kind, problem)
    return tuple(key.name if isinstance(key, StateKey) else key for key in delete)
