"""JSON data back to values, within limits; see `codec` for the form."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from lellm_nb.errors import CorruptedCheckpointError, LellmError
from lellm_nb.errors.safe_text import safe_repr, safe_str, safe_type
from lellm_nb.record.codec.declared_kinds import DECLARED, DeclaredKind
from lellm_nb.record.codec.types import LATER, Kind, Unsaved, class_named, kind_named, load_later
from lellm_nb.state.compact import whole
from lellm_nb.state.frozen import freeze, frozen_dict, frozen_list

__all__ = ["ATOMS", "ATTRIBUTES", "DAMAGE", "TAG", "Limits", "ValueReader", "error_text"]

TAG = "$"
"""The key that says that an object is a tagged value."""

ATTRIBUTES = "a"
"""What holds the content of an object that is written by its attributes; else it is ``v``."""

DAMAGE = (
    *(KeyError, IndexError, TypeError, ValueError, AttributeError),
    *(ArithmeticError, RecursionError),
)
"""What taking damaged data apart raises."""

SHOWN = 200
"""So much is shown of a value that is not known here."""

ATOMS = {str, int, float, bool, type(None)}


class Limits(NamedTuple):
    """What reading refuses to go beyond.

    Attributes:
        size: Bytes of one text, after decompression.
        depth: How deep values may nest; deeper ones are not written either.
        seconds: How long one reading may take.
    """

    size: int = 256 * 1024 * 1024
    depth: int = 150
    seconds: float = 60.0


class ValueReader:
    """Reads one value of JSON data, and refuses what goes beyond the limits."""

    def __init__(self, limits: Limits, resolve: Callable[[dict[str, Any]], Any] | None) -> None:
        self._depth = limits.depth
        self._seconds = limits.seconds
        self._until = time.monotonic() + limits.seconds
        self._resolve = resolve
        self._seen = 0

    def value(self, form: Any, key: str, depth: int) -> Any:
        kind = type(form)
        if kind is list:
            self._check(depth, len(form))
            depth += 1
            read = self.value
            return frozen_list([v if type(v) in ATOMS else read(v, key, depth) for v in form], key)
        if kind is dict:
            self._check(depth, len(form))
            if TAG in form:
                return self._known(form, key, depth)
            depth += 1
            read = self.value
            made = {k: v if type(v) in ATOMS else read(v, key, depth) for k, v in form.items()}
            return frozen_dict(made, key)
        return form

    def _check(self, depth: int, size: int) -> None:
        if depth > self._depth + 2:
            raise CorruptedCheckpointError(f"Values nest deeper than {self._depth} levels.")
        self._seen += size + 1
        if self._seen > 10_000:
            self._seen = 0
            if time.monotonic() > self._until:
                raise CorruptedCheckpointError(f"Reading took longer than {self._seconds} s.")

    def _known(self, form: dict[str, Any], key: str, depth: int) -> Any:
        name = form[TAG]
        if name == "?":
            return Unsaved(str(form.get("type", "")), str(form.get("repr", "")))
        if name == "&" and self._resolve is not None:
            found = self._resolve(form)
            return found if depth == 0 else whole(found)
        if type(name) is not str or not ("v" in form or ATTRIBUTES in form):
            raise CorruptedCheckpointError(f"A tagged value has no type or no content: {name!r}.")
        if name == "dict" and "v" in form:
            return self._dict(form["v"], key, depth + 1)
        if name in LATER:
            load_later(name)
        known = kind_named(name)
        if known is None:
            return _unknown(name, form)
        return self._made(known, form, key, depth)

    def _made(self, known: Kind | DeclaredKind, form: dict[str, Any], key: str, depth: int) -> Any:
        version = form.get("n", 1)
        if type(version) is not int or not 1 <= version <= known.version:
            raise CorruptedCheckpointError(
                f"A value of type {known.name} has version {version!r}; this reads up to"
                f" {known.version}."
            )
        given: tuple[Any, ...] = () if known.version == 1 else (version,)
        read: Any = known.read
        held = "v"
        if ATTRIBUTES in form:
            read, given, held = getattr(known, "restore", None), (), ATTRIBUTES
            if read is None:  # it was registered in another way when it was written
                return _unknown(known.name, form)
        content = self.value(form[held], key, depth + 1)
        try:
            return freeze(read(content, *given), key)
        except (MemoryError, RecursionError) as error:
            raise CorruptedCheckpointError(f"A damaged {known.name}: {error}") from error
        except Exception as error:
            # its class is another than it was: a value that is not read is a marker (S9)
            if isinstance(known, DeclaredKind) or class_named(known.name) is not None:
                return _unknown(known.name, form)
            if isinstance(error, LellmError):
                raise CorruptedCheckpointError(f"A damaged {known.name}: {error}") from error
            raise CorruptedCheckpointError(
                f"A damaged {known.name}: {safe_type(error)}: {safe_str(error, 200)}"
            ) from error

    def _dict(self, pairs: Any, key: str, depth: int) -> Any:
        self._check(depth, 1)
        try:
            made = {self.value(k, key, depth): self.value(v, key, depth) for k, v in pairs}
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"A damaged mapping: {error}.") from error
        return frozen_dict(made, key)


def _unknown(name: str, form: dict[str, Any]) -> Unsaved:
    """Return the marker of a value whose type is not known here, or is another than it was."""
    if not name.startswith(DECLARED):
        return Unsaved(name, f"a value of type {name}", _Form(form))
    name = name.removeprefix(DECLARED)
    shown = f"{name.rpartition('.')[2]} {json.dumps(form['v'], ensure_ascii=False)}"
    return Unsaved(name, shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…", _Form(form))


class _Form(dict[str, Any]):
    """The JSON data of a marker, kept to be written again."""


def error_text(error: BaseException) -> str:
    """Show an error in the message of another; of a number too long to print, its type."""
    return safe_repr(error, 200)
