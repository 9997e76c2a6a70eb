"""What is said of a watch on a value that is nowhere so far."""

from __future__ import annotations

from lellm_nb.debug.history.stored_values import kept_at, kept_items
from lellm_nb.debug.names.address import Address, levels_of
from lellm_nb.debug.names.suggest import absent, newest_of_levels
from lellm_nb.debug.names.value_path import ValuePath
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.debug.query.trace_writer import who_wrote
from lellm_nb.errors import MissingKeyError
from lellm_nb.graph.graph import Graph
from lellm_nb.record.frame import Frame
from lellm_nb.state.compact import MISSING

__all__ = ["note_on"]


def note_on(place: ValuePath, last: Frame, graph: Graph) -> str:
    """Return what to say of a watch on a place; empty where something had it so far.

    A key may come later, so this is no error. Where another place looks like what was
    meant, a warning says so as well: the watch alone would silently never be hit.

    Args:
        last: Up to which frame is looked.
    """
    error = _missing(place, last, graph)
    if error is None:
        return ""
    if error.hint:
        caution(
            f"Nothing has a key {str(place)!r} yet, so a watch on it waits for one. {error.hint}"
        )
    return f"nothing has this key yet. {error.hint}" if error.hint else "nothing has this key yet"


def _missing(place: ValuePath, last: Frame, graph: Graph) -> MissingKeyError | None:
    """Return the error that `who` would raise for a place, `None` where it finds something."""
    level = levels_of(graph).get(place.level, "") if place.level else ""
    address = Address(level, "", place.parts)
    if place.level and not level:  # a node that has no state of its own
        return absent(address, kept_items(last.position.data), "so far", last, graph)
    inside = newest_of_levels(last, graph).get(level) if level else None
    if level and inside is None:
        return None  # not entered so far: who knows what will be in it
    data = last.position.data if inside is None else inside.level.data
    if any(kept_at(data, path) is not MISSING for path in (place.parts, place.inside) if path):
        return None
    try:
        who_wrote(last, graph, address)
    except MissingKeyError as error:
        path = address.inside
        return error if path is None else _of_path(last, graph, path, data) or error
    return None


def _of_path(last: Frame, graph: Graph, path: Address, data: object) -> MissingKeyError | None:
    """Return the error of a text that is read as a path into a key that there is."""
    if kept_at(data, path.path[:1]) is MISSING:
        return None
    try:
        who_wrote(last, graph, path)
    except MissingKeyError as error:
        return error
    return None
