"""Whether a node changed what it read (SEMANTICS S8)."""

from __future__ import annotations

from typing import Any

from lellm_nb.errors import ReadOnlyStateError, path_text
from lellm_nb.state.compact import MISSING, whole
from lellm_nb.state.containers.fingerprint import fingerprint
from lellm_nb.state.containers.handed import HANDED
from lellm_nb.state.frozen import forget_builtins, is_intact
from lellm_nb.state.sameness import same
from lellm_nb.state.state import UNREAD, State
from lellm_nb.state.structs.nested import fields_of, is_read_only, path_in
from lellm_nb.state.typed import Typed

__all__ = ["check_unchanged"]


def check_unchanged(seen: Any, reads: Any = None) -> None:
    """Look whether what a node read is still what it was; this costs what it read.

    Args:
        reads: What was met in a typed state; a `State` says itself what was read of it.

    Raises:
        ReadOnlyStateError: It was changed past its guard; names the key.

    Example:
        >>> import heapq
        >>> from lellm_nb.state.state import view
        >>> seen = view({"queue": [5, 7]}, UNREAD)
        >>> check_unchanged(seen)
    """
    if type(seen) is State:
        reads = seen.reads
        if reads is UNREAD and len(seen) == len(seen.of):
            return
        _check_copies(seen)
    elif reads is not None and reads.of.struct is not None:
        _check_fields(seen, reads.of)
    if reads is not None:
        for value, before in reads.objects.values():
            if before is not None and fingerprint(value) != before:
                raise _held(path_in(seen, value) or ("state",), type(value).__name__)


def _check_copies(seen: Any) -> None:
    data = seen.of
    if len(seen) != len(data):
        forget_builtins(seen)
    if len(seen) != len(data):
        raise _written_past(tuple(key for key in dict.keys(seen) if key not in data)[:1])
    for key in () if seen.reads is UNREAD else seen.reads.keys:
        kept, given = data.get(key, MISSING), dict.get(seen, key, MISSING)
        if not is_intact(kept, given):
            raise _written_past((key, *_differing(whole(kept), given)))


def _check_fields(seen: Any, typed: Typed) -> None:
    given = fields_of(seen)
    for name, kept in typed.data.items():
        if name in given and not _is_same(whole(kept), given[name]):
            raise _written_past((name, *_differing(whole(kept), given[name])))


def _is_same(kept: Any, given: Any) -> bool:
    """Tell whether a copy is what was kept, field by field where a class may compare otherwise."""
    if kept is given or (type(given) in HANDED and is_intact(kept, given)):
        return True
    if is_read_only(given):
        old, new = fields_of(kept), fields_of(given)
        return old.keys() == new.keys() and all(_is_same(old[k], new[k]) for k in old)
    if isinstance(given, (list, tuple)) and isinstance(kept, (list, tuple)):
        items = tuple(kept), tuple(given)
        return len(items[0]) == len(items[1]) and all(map(_is_same, *items))
    if isinstance(given, dict) and isinstance(kept, dict):
        keys = kept.keys() == given.keys()
        return keys and all(_is_same(v, dict.get(given, k)) for k, v in dict.items(kept))
    return type(kept) is type(given) and same(kept, given)


def _differing(kept: Any, given: Any) -> tuple[Any, ...]:
    """Return the path to the innermost container that is not what was kept."""
    pairs: Any = ()
    if isinstance(kept, dict) and isinstance(given, dict) and len(kept) == len(given):
        pairs = ((k, v, dict.get(given, k)) for k, v in dict.items(kept))
    elif isinstance(kept, (list, tuple)) and len(kept) == len(given):
        pairs = zip(range(len(kept)), kept, tuple(given), strict=True)
    elif is_read_only(kept) and is_read_only(given):
        pairs = [(k, v, fields_of(given).get(k)) for k, v in fields_of(kept).items()]
    for part, old, new in pairs:
        if (type(new) in HANDED or is_read_only(new)) and not _is_same(old, new):
            return (part, *_differing(old, new))
    return ()


def _written_past(path: tuple[Any, ...]) -> ReadOnlyStateError:
    key, where = path_text(path) or "state", path[0] if len(path) == 1 else path
    return ReadOnlyStateError(
        f"State key {key!r} was changed in place, past its guard: C code such as heapq, exec or"
        " list.append(x, item) writes into what it is given. Nothing of this step is committed,"
        " and no frame was changed. Change a copy (.copy(), or copy.deepcopy) and write it with"
        f" ctx.put({where!r}, copy).",
        key=key,
    )


def _held(path: tuple[Any, ...], kind: str) -> ReadOnlyStateError:
    key, where = path_text(path), path[0] if len(path) == 1 else path
    return ReadOnlyStateError(
        f"State key {key!r} was changed in place: {kind} is held by reference, so frames before"
        " show the change too. Nothing of this step is committed. Change a copy and write it with"
        f" ctx.put({where!r}, copy); or say with lellm_nb.state.register_freeze({kind}) that its"
        " changes are no part of the state.",
        key=key,
    )
