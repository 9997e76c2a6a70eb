"""Secrets stay out of stores and files: found by path and by how they look."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import get_ident
from typing import Any

from lellm_nb.arguments import refusal, text
from lellm_nb.errors import CheckpointStoreError
from lellm_nb.errors.key_patterns import HINTS, PATTERNS, SHORTEST, taken_out
from lellm_nb.errors.safe_text import has_kind, safe_pairs, safe_str
from lellm_nb.record.codec.limits import TAG
from lellm_nb.record.codec.types import add_type, kind_of, takes_stand_ins
from lellm_nb.record.redaction.secret_paths import ANYWHERE, Path, SecretPaths
from lellm_nb.record.redaction.secret_words import SecretWords, words_in
from lellm_nb.state.compact import COMPACT
from lellm_nb.state.frozen import register_freeze
from lellm_nb.state.structs.nested import is_read_only, opened, read_only
from lellm_nb.state.structs.struct import struct_of

__all__ = ["Redacted", "Redactor", "from_plain", "redacted_paths", "to_plain"]


class Redacted:
    """Stands where a secret was; `str` of it is what may be shown.

    Attributes:
        shown: The text with the secret taken out.
    """

    __slots__ = ("shown",)
    met = 0
    """How many were made in this process: while there are none, nobody has to look for them."""

    def __init__(self, shown: str) -> None:
        Redacted.met += 1
        self.shown = shown

    def __reduce__(self) -> Any:
        return Redacted, (self.shown,)

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"<Redacted: {self.shown}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Redacted) and other.shown == self.shown

    def __hash__(self) -> int:
        return hash(self.shown)


def _read(content: Any) -> Redacted:
    if not isinstance(content, str):
        raise TypeError("what is shown of a secret is text")
    return Redacted(content)


register_freeze(Redacted)
add_type(Redacted, "redacted", lambda value: value.shown, _read)


def _compiled(patterns: Any) -> dict[str, re.Pattern[str]]:
    if not isinstance(patterns, Mapping):
        raise refusal(patterns, "patterns", "a mapping of names to them", CheckpointStoreError)
    made = {}
    for name, pattern in patterns.items():
        if not isinstance(pattern, re.Pattern):
            text(pattern, f"pattern {name!r}", CheckpointStoreError, "a regular expression")
        try:
            made[name] = re.compile(pattern)
        except re.error as error:
            raise CheckpointStoreError(f"pattern {name!r} is no expression: {error}.") from error
    return made


class Redactor:
    """Takes secrets out of values before they are stored.

    Args:
        paths: Paths of values that are secret, with what is below: ``api_key``,
            ``config.*.password``, ``users[0].pin``, ``users[*].pin``, ``("config", "key")``.
            A text that was met there is taken out wherever it stands.
        patterns: Expressions by name; those of `PATTERNS` by default.

    Attributes:
        paths: They, as text.
        places: They, to be asked.
        on: The threads that look closely.
        met: The threads on which bytes with a secret were met in passing.
        words: The texts that were met at its paths.

    Raises:
        CheckpointStoreError: A path is no text, or a pattern no expression; names it.

    Example:
        >>> hide = Redactor(paths=["config.password"])
        >>> hide.apply({"config": {"password": "x"}, "say": "use sk-" + "a1" * 16})
        {'config': {'password': <Redacted: [redacted]>}, \
'say': <Redacted: use [redacted: OpenAI key]>}
    """

    def __init__(
        self, paths: Iterable[Any] = (), patterns: Mapping[str, Any] | None = None
    ) -> None:
        self.places = SecretPaths(paths)
        self.paths = self.places.texts
        self._given = patterns
        self.patterns = _compiled(PATTERNS if patterns is None else patterns)
        self.words = SecretWords()
        self.on: set[int] = set()
        self.met: set[int] = set()

    def also(self, paths: Iterable[Any]) -> Redactor:
        """Return a redactor that takes more paths out."""
        made = Redactor((*self.paths, *paths), self._given)
        made.words = self.words
        return made

    def with_those_of(self, other: Redactor | None) -> Redactor:
        """Return a redactor that also takes out what another one does; the same where it does."""
        if other is None or other is self:
            return self
        paths = [path for path in other.paths if path not in self.paths]
        more = {name: p for name, p in other.patterns.items() if name not in self.patterns}
        if not more:
            return self.also(paths) if paths else self
        made = Redactor((*self.paths, *paths), {**self.patterns, **more})
        made.words = self.words
        return made

    # -- looking, in passing and closely -------------------------------------------

    def hint(self, body: bytes, path: Path = ()) -> bool:
        """Tell whether a written row may hold a secret; quick, and sometimes wrongly true.

        Args:
            path: Where what is written stands, as far as the row does not say so itself.
        """
        if self._given is not None or (self.words.texts and self.words.in_row(body)):
            return True
        if self.paths and self.places.may_hide_in(path, body):
            return True
        if len(body) < SHORTEST:
            return False
        for letter, texts in HINTS:  # no call: it is asked of every kept step
            if letter in body and any(text in body for text in texts):
                return True
        return _TAG in body and _HALVES in body

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """While this is entered, a codec that has this redactor applies it on this thread."""
        me = get_ident()
        self.on.add(me)
        try:
            yield
        finally:
            self.on.discard(me)

    @property
    def is_looking(self) -> bool:
        """Whether this thread looks closely."""
        return get_ident() in self.on

    def met_in_passing(self) -> bool:
        """Tell whether something was hidden on this thread since this was asked."""
        me = get_ident()
        met = me in self.met
        self.met.discard(me)
        return met

    # -- texts and bytes -------------------------------------------------------------

    def text(self, text: str) -> str:
        """Return a text without the secrets that are known by how they look, or were met."""
        return self.words.taken_out(self.by_look(text))

    def by_look(self, text: str) -> str:
        """Return a text without the secrets that are known by how they look."""
        return taken_out(text, self.patterns)

    def hides(self, data: bytes) -> bool:
        """Tell whether bytes have a secret in them: as letters of one, two or four bytes."""
        found = self._hides(data) or (b"\0" in data and self._hides(data.replace(b"\0", b"")))
        if found:
            self.met.add(get_ident())
        return found

    def _hides(self, data: bytes) -> bool:
        if not self.hint(data):
            return False
        text = data.decode(errors="replace")
        return self.text(text) != text

    def meet(self, value: Any) -> None:
        """Remember the texts of a value that is secret by its place."""
        for word in words_in(value):
            if not self.places.has_name(word):
                self.words.meet(word)

    def learn(self, state: Any, place: Path = ()) -> None:
        """Remember the texts that stand at the paths in a state.

        Args:
            place: Where the state stands in the root's.
        """
        for found in self.places.found(state, place):
            self.meet(found)

    # -- values ------------------------------------------------------------------------

    def secret_at(self, value: Any, path: Path) -> bool:
        """Tell whether a value is secret by its place; its texts are remembered then."""
        if not self.paths or not path or path == _UNKNOWN or not self.places.hide(path):
            return False
        self.meet(value)
        return True

    def apply(self, value: Any, path: Path = ()) -> Any:
        """Return a value without its secrets; the same object where there is none."""
        if self.paths and self.secret_at(value, path):
            return Redacted("[redacted]")
        kind = type(value)
        if kind in COMPACT:
            before = value.whole()
            shown = self.apply(before, path)
            return value if shown is before else shown
        if issubclass(kind, str):
            given = safe_str(value)
            shown = self.text(given)
            return value if shown == given else Redacted(shown)
        if issubclass(kind, dict):
            made = {k: self.apply(v, (*path, k)) for k, v in dict.items(value)}
            return made if any(made[k] is not v for k, v in dict.items(value)) else value
        if issubclass(kind, (list, tuple)):
            items = [item for _, item in safe_pairs(value)]
            new = [self.apply(v, (*path, i)) for i, v in enumerate(items)]
            if all(a is b for a, b in zip(new, items, strict=True)):
                return value
            return tuple(new) if issubclass(kind, tuple) else new
        return value if opened(value) is value else self._in_object(value, path)

    def _in_object(self, value: Any, path: Path) -> Any:
        struct = struct_of(value)
        assert struct is not None
        parts = struct.take(value)
        made = [{k: self.apply(v, (*path, k)) for k, v in part.items()} for part in parts]
        same = all(
            new[k] is v for new, old in zip(made, parts, strict=True) for k, v in old.items()
        )
        if same:
            return value
        kind = kind_of(value)
        if kind is not None and not takes_stand_ins(kind):
            return Redacted(f"[redacted: in a {kind.name}]")
        fields, rest = made
        return read_only(struct, fields, rest) if is_read_only(value) else struct.make(fields, rest)


_UNKNOWN = (ANYWHERE,)
_TAG = ord(TAG)
_HALVES = b'"$":"text"'
"""A text with half a surrogate pair is written in hex, in which nothing hints at a secret."""


def to_plain(value: Any) -> Any:
    """Return a value with what JSON has for each `Redacted`; the same one where there is none."""
    return _exchanged(value, lambda v: {TAG: "redacted", "v": v.shown} if _is_one(v) else v)


def from_plain(value: Any) -> Any:
    """Return a value with each `Redacted` that `to_plain` wrote down."""
    return _exchanged(value, lambda v: Redacted(v["v"]) if _is_plain(v) else v)


def _is_one(value: Any) -> bool:
    return isinstance(value, Redacted)


def _is_plain(value: Any) -> bool:
    if not isinstance(value, dict) or value.keys() != {TAG, "v"}:
        return False
    return value[TAG] == "redacted" and isinstance(value["v"], str)


def _exchanged(value: Any, exchange: Callable[[Any], Any]) -> Any:
    made: Any = exchange(value)
    if made is not value:
        return made
    if isinstance(value, dict):
        made = {k: _exchanged(v, exchange) for k, v in value.items()}
        return made if any(made[k] is not v for k, v in value.items()) else value
    if isinstance(value, (list, tuple)):
        made = [_exchanged(v, exchange) for v in value]
        same = all(a is b for a, b in zip(made, value, strict=True))
        return value if same else tuple(made) if isinstance(value, tuple) else made
    return value


def redacted_paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List where secrets were taken out of a value.

    Example:
        >>> redacted_paths({"config": {"key": Redacted("[redacted]")}})
        [('config', 'key')]
    """
    if type(value) is Redacted:
        return [at]
    children: Iterable[tuple[Any, Any]] = ()
    if has_kind(value, (dict, list, tuple)):
        children = safe_pairs(value)
    elif (inside := opened(value)) is not value:
        children = inside.items()
    return [path for k, v in children for path in redacted_paths(v, (*at, k))]
