"""Values as JSON text and back: tagged, versioned, and never a way to run code (SEMANTICS C9).

What JSON has is written as it is. Everything else is an object with the key ``$`` that
names its type: ``{"$": "datetime", "v": "2026-11-20T09:00:00"}``. Reading looks the name
up in a list of known types and in nothing else: no import, no pickle. A name that is not
in the list stays a marker, `Unsaved`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lellm_nb.errors import CorruptedCheckpointError, SerializationError, path_text
from lellm_nb.errors.safe_text import safe_repr, safe_str
from lellm_nb.record.codec.containers import known_of
from lellm_nb.record.codec.json_text import is_sound, to_bytes
from lellm_nb.record.codec.limits import ATOMS, ATTRIBUTES, TAG, Limits, ValueReader
from lellm_nb.record.codec.types import Unsaved, stored_name
from lellm_nb.record.redaction.finished_form import cleaned, goes_whole, keys_cleaned
from lellm_nb.state.compact import COMPACT
from lellm_nb.state.containers.handed import HandedDict, HandedList, LazyDict, LazyList
from lellm_nb.state.frozen import FrozenDict, FrozenList
from lellm_nb.state.mutation import parts_of
from lellm_nb.state.state import State

if TYPE_CHECKING:
    from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["TAG", "Codec", "Limits", "Problem", "to_bytes", "unsavable"]

LIST_LIKE = {list, FrozenList, HandedList, LazyList}
DICT_LIKE = {dict, FrozenDict, HandedDict, LazyDict, State}
MARKED = 1_000
"""So much of a repr is looked at for secrets; a marker shows the first 200 letters."""

BITS = 1024
"""Whole numbers up to this are JSON numbers; larger ones are written in hex, tagged."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that could not be written.

    Attributes:
        path: Where it stands: ``tools[2].client``.
        type: What it is.
        why: What is wrong with it.
    """

    path: str
    type: str
    why: str

    def __str__(self) -> str:
        return f"{self.path or 'the value'} is {self.type}: {self.why}"


class Codec:
    """Writes values as JSON text, and reads them.

    Args:
        limits: What reading refuses to go beyond.
        redactor: Takes secrets out of what is written, while it is looking.

    Example:
        >>> import datetime
        >>> codec = Codec()
        >>> text = codec.dumps({"at": datetime.date(2026, 11, 20), "n": (1, 2)}); text
        b'{"at":{"$":"date","v":"2026-11-20"},"n":{"$":"tuple","v":[1,2]}}'
        >>> codec.loads(text)
        {'at': datetime.date(2026, 11, 20), 'n': (1, 2)}
        >>> codec.loads(codec.dumps({"tool": object}))["tool"]
        <Unsaved builtins.type: <class 'object'>>
    """

    def __init__(self, limits: Limits | None = None, redactor: Redactor | None = None) -> None:
        self.limits = limits or Limits()
        self.redactor = redactor

    def clean(self, text: str) -> str:
        """Return a text without its secrets, whether these are looked for or not."""
        return text if self.redactor is None else self.redactor.text(text)

    def name(self, text: str) -> str:
        """Return a text without its secrets, while these are looked for."""
        closely = self._closely()
        return text if closely is None else closely.text(text)

    def cleaned(self, form: Any) -> Any:
        """Return JSON data without what is known by its look."""
        return form if self.redactor is None else cleaned(form, self.redactor.by_look)

    def _closely(self) -> Redactor | None:
        """Return the redactor if it is looking on this thread."""
        redactor = self.redactor
        return redactor if redactor is not None and redactor.on and redactor.is_looking else None

    # -- writing ---------------------------------------------------------------

    def dumps(self, value: Any, *, strict: bool = False, path: Any = ()) -> bytes:
        """Return a value as JSON text.

        Args:
            strict: Whether a value of an unknown type is an error instead of a marker.
            path: Where the value stands, for messages.

        Raises:
            SerializationError: In strict mode: something in it cannot be written.
        """
        problems: list[Problem] = []
        at = parts_of(path)
        body = self.written(lambda: self.plain(value, problems, at), at)[0]
        if strict and problems:
            raise unsavable(problems)
        return body

    def written(self, make: Callable[[], Any], path: tuple[Any, ...] = ()) -> tuple[bytes, bool]:
        """Return JSON data as text, made again where a secret shows; and whether one did.

        Args:
            path: Where it stands in the root's state, if it is of a value.
        """
        redactor = self.redactor
        if redactor is None:
            return to_bytes(make()), False
        if redactor.on and redactor.is_looking:
            return to_bytes(cleaned(make(), redactor.by_look)), False
        body = to_bytes(make())
        if not redactor.hint(body, path) and not (redactor.met and redactor.met_in_passing()):
            return body, False
        with redactor.looking():
            clean = to_bytes(cleaned(make(), redactor.by_look))
        redactor.met_in_passing()
        return clean, clean != body

    def plain(
        self, value: Any, problems: list[Problem] | None = None, path: tuple[Any, ...] = ()
    ) -> Any:
        """Return what the standard `json` module writes for a value.

        Args:
            problems: Gets what could not be written; markers stand in its place.
        """
        redactor = self.redactor  # no call: it is asked for every value that is written
        if (redactor is None or not redactor.on) and is_plain(value, self.limits.depth):
            return value
        return self._tagged(value, [] if problems is None else problems, path)

    def _tagged(self, value: Any, problems: list[Problem], path: tuple[Any, ...]) -> Any:
        if len(path) > self.limits.depth:
            return self._marker(value, problems, path, "it is nested too deeply")
        closely = self._closely()
        if closely is not None and closely.secret_at(value, path):
            return {TAG: "redacted", "v": "[redacted]"}
        kind = type(value)
        if kind in LIST_LIKE:
            return [self._tagged(v, problems, (*path, i)) for i, v in enumerate(value)]
        if kind in DICT_LIKE:
            return self._mapping(value, problems, path, closely)
        if kind in COMPACT:
            return self._tagged(value.whole(), problems, path)
        if kind is str and closely is not None and (shown := closely.text(value)) != value:
            return {TAG: "redacted", "v": shown}
        if is_plain(value, 1) and (kind is not str or is_sound(value)):
            return value
        if kind is Unsaved:
            return value.json()
        known, value = known_of(value)
        if known is None:
            return self._marker(value, problems, path, "no way to write it is registered")
        try:
            content = self._tagged(known.write(value), problems, path)
        except Exception as error:  # a registered function is the user's
            return self._marker(value, problems, path, f"writing it failed: {safe_str(error)}")
        if self.redactor is not None and goes_whole(self.redactor, known, value, content):
            return {TAG: "redacted", "v": f"[redacted: in a {known.name}]"}
        held = ATTRIBUTES if getattr(known, "restore", None) is not None else "v"
        made: dict[str, Any] = {TAG: known.name, held: content}
        if known.version != 1:
            made["n"] = known.version
        return made

    def _mapping(
        self, value: Any, problems: list[Problem], path: tuple[Any, ...], closely: Redactor | None
    ) -> Any:
        if TAG in value or not all(type(k) is str and is_sound(k) for k in value):
            pairs = [
                [self._tagged(k, problems, path), self._tagged(v, problems, (*path, k))]
                for k, v in value.items()
            ]
            return {TAG: "dict", "v": pairs}
        made = {k: self._tagged(v, problems, (*path, k)) for k, v in value.items()}
        return made if closely is None else keys_cleaned(made, closely.text)

    def _marker(
        self, value: Any, problems: list[Problem], path: tuple[Any, ...], why: str
    ) -> dict[str, Any]:
        name = stored_name(type(value))
        problems.append(Problem(path_text(path), name, why))
        shown = self.name(safe_repr(value, MARKED))[:200]
        return {TAG: "?", "type": name, "repr": shown.encode(errors="replace").decode()}

    # -- reading ---------------------------------------------------------------

    def loads(self, text: bytes | str, *, key: str = "") -> Any:
        """Return the value of a JSON text, frozen.

        Raises:
            CorruptedCheckpointError: It is no such text, or beyond a limit.
        """
        return self.value(self.parse(text), key=key)

    def parse(self, text: bytes | str) -> Any:
        """Return JSON data as the standard module reads it.

        Raises:
            CorruptedCheckpointError: It is no JSON, or beyond a limit.
        """
        if len(text) > self.limits.size:
            raise CorruptedCheckpointError(
                f"A text of {len(text)} bytes is beyond the limit of {self.limits.size}."
            )
        try:
            return _parse(text if isinstance(text, str) else str(text, "utf-8", "surrogatepass"))
        except (ValueError, RecursionError, MemoryError) as error:
            raise CorruptedCheckpointError(f"This is not JSON: {str(error)[:200]}.") from None

    def value(
        self,
        form: Any,
        *,
        key: str = "",
        resolve: Callable[[dict[str, Any]], Any] | None = None,
    ) -> Any:
        """Return the value of JSON data, frozen.

        Args:
            key: The state key it stands at, for messages of frozen containers.
            resolve: Looks up what the data only refers to, in a store.

        Raises:
            CorruptedCheckpointError: The data is damaged, or beyond a limit.
        """
        if type(form) in ATOMS:
            return form
        return ValueReader(self.limits, resolve).value(form, key, 0)


_TEXT = frozenset((str,))
_ALWAYS = frozenset((str, bool, type(None)))
"""Types of which JSON has every value as it is."""


def is_plain(value: Any, depth: int) -> bool:
    """Tell whether JSON has a value as it is, all the way down."""
    kind = type(value)
    if kind in _ALWAYS:
        return True
    if kind in DICT_LIKE:
        if depth <= 0 or TAG in value or not _TEXT.issuperset(map(type, value)):
            return False
        values: Any = value.values()
    elif kind in LIST_LIKE:
        if depth <= 0:
            return False
        values = value
    elif kind is int:
        return -(2**63) < value < 2**63 or bool(value.bit_length() <= BITS)
    else:
        return kind is float and math.isfinite(value)
    if not _ALWAYS.issuperset(map(type, values)):
        for item in values:
            if not is_plain(item, depth - 1):
                return False
    return True


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


_parse = json.JSONDecoder(parse_constant=_no_constant).decode


def unsavable(problems: Iterable[Problem]) -> SerializationError:
    """Return the error that says what could not be written."""
    problems = list(problems)
    shown = "; ".join(map(str, problems[:5]))
    more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
    return SerializationError(
        f"{shown}{more}. Register the type with lellm_nb.register_type, or leave it out.",
        path=problems[0].path,
    )
