"""What may have been meant by the name of a value that is nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.names.address import Address, key_of_lens, levels_of
from lellm_nb.errors import MissingKeyError, closest, did_you_mean, nearest, path_text
from lellm_nb.errors.safe_text import has_kind, safe_pairs, safe_str, safe_type
from lellm_nb.graph.graph import Graph
from lellm_nb.record.frame import Frame
from lellm_nb.record.level_key import LevelKeys, label_of, without_visits
from lellm_nb.state.compact import MISSING, Wide, size_of, whole
from lellm_nb.state.structs.nested import fields_of, is_read_only, safe_part

__all__ = ["absent", "newest_of_levels"]

MOST = 1000
"""So many places are looked through; a guess may be missed, and nothing depends on it."""

DEPTH = 3
"""So many keys deep."""


class _Place(NamedTuple):
    """A value's place: as it is asked for, and under which names people look for it."""

    said: str
    depth: int
    names: tuple[str, ...]


def absent(address: Address, state: Any, where: str, head: Frame, graph: Graph) -> MissingKeyError:
    """Return the error for a place where nothing ever was, with what may have been meant.

    Args:
        state: What the level's state holds, `None` where it was not entered.
        where: Where was looked, in words.
        head: The last frame that was looked at.
    """
    path = address.path
    value = state
    depth, part = 0, path[0]
    known: Any = {}
    for depth, part in enumerate(path):  # noqa: B007  # how far it gets is what is asked
        known = fields_of(value) if is_read_only(value) else value
        known = known if has_kind(known, Mapping) else {}
        inner = safe_part(value, part, MISSING)
        if inner is MISSING:
            break
        value = inner
    shown, above = path_text(path[: depth + 1]), path_text(path[:depth])
    if depth:
        problem = f"Nothing {where} is at {shown!r}: {above!r} holds {_kind(value)}."
        hint = nearest(safe_str(part), map(safe_str, known))
    else:
        problem = f"Nothing {where} has a key {shown!r}."
        if address.level:
            level = address.entry or label_of(address.level)
            problem = f"Nothing {where} has a key {shown!r} in level {level!r}"
            problem += "." if state is not None else ", for no step has entered it."
        hint = _elsewhere(path, [safe_str(name) for name in known], head, graph)
    return MissingKeyError(path if len(path) > 1 else path[0], known, problem, hint)


def _kind(value: Any) -> str:
    value = whole(value)
    if has_kind(value, Mapping):
        return "a mapping"
    if has_kind(value, (list, tuple)):
        return f"a list of {size_of(value):,}"
    return safe_type(value)


def _elsewhere(path: tuple[Any, ...], known: list[str], head: Frame, graph: Graph) -> str:
    """Return a hint: the same name elsewhere, else the nearest here, else the nearest elsewhere."""
    text = path_text(path)
    asked = text.replace(":", ".").replace("/", ".")
    places = sorted(islice(_places(head, graph), MOST), key=lambda place: place.depth)
    same = [place.said for place in places if asked in place.names]
    if same:
        return did_you_mean(same[:3])
    here = nearest(text, known)
    if here:
        return here
    inside = [place.said for place in places if place.said.startswith(f"'{text}:")]
    if text in levels_of(graph) and inside:
        return f" {text!r} is a level; ask for one of its keys, such as {inside[0]}."
    by_name = {name: place.said for place in reversed(places) for name in place.names}
    guess = closest(asked, by_name)
    return did_you_mean([] if guess is None else [by_name[guess]])


def newest_of_levels(head: Frame, graph: Graph) -> dict[str, Frame]:
    """Return the newest frame of each inner level on the way to a frame, by level key."""
    missing = set(levels_of(graph).values())
    found: dict[str, Frame] = {}
    keys = LevelKeys()
    frame: Frame | None = head
    while frame is not None and missing:
        if frame.level is not frame.position:
            key = without_visits(keys.of(frame))
            if key in missing:
                missing.discard(key)
                found[key] = frame
        frame = frame.parent
    return found


def _places(head: Frame, graph: Graph) -> Iterator[_Place]:
    root = set(islice(_paths(kept_items(head.position.data)), MOST))
    for key, frame in newest_of_levels(head, graph).items():
        label, lens = label_of(key), key_of_lens(key, graph)
        for path in _paths(kept_items(frame.level.data)):
            if path in root:  # a level that works on the state around it
                continue
            text = path_text(path)
            around = [f"{label}.{text}".replace("/", ".")]
            around += [f"{lens}.{text}"] if lens is not None else []
            said = (f"{label}:{path[0]}", *path[1:])
            yield _place(said, text, path[-1], *around)
    for path in _paths(kept_items(head.position.data)):
        yield _place(path, path_text(path), path[-1])


def _place(said: tuple[str, ...], *names: str) -> _Place:
    return _Place(repr(said if said[1:] else said[0]), len(said), names)


def _paths(content: Any) -> Iterator[tuple[str, ...]]:
    """Return the paths of text keys in a mapping, what lies on top before what is inside."""
    level: list[tuple[tuple[str, ...], Any]] = [((), content)]
    for _ in range(DEPTH):
        inside: list[tuple[tuple[str, ...], Any]] = []
        for above, value in level:
            # a state of many keys is no mapping, and has its own pairs
            pairs = value.items() if type(value) is Wide else safe_pairs(value)
            for key, below in islice(pairs, MOST):
                if type(key) is str:
                    yield (*above, key)
                    below = fields_of(below) if is_read_only(below) else whole(below)
                    if has_kind(below, Mapping):
                        inside.append(((*above, key), below))
        level = inside
