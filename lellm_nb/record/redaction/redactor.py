"""Secrets stay out of stores and files: found by path and by how they look."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from lellm_nb.arguments import refusal, text
from lellm_nb.errors import CheckpointStoreError, path_text
from lellm_nb.errors.safe_text import has_kind, safe_pairs, safe_str
from lellm_nb.record.codec.limits import TAG
from lellm_nb.record.codec.types import add_type
from lellm_nb.record.redaction.secret_words import SecretWords
from lellm_nb.state.compact import COMPACT
from lellm_nb.state.frozen import register_freeze
from lellm_nb.state.structs.nested import fields_of, is_read_only, read_only
from lellm_nb.state.structs.struct import struct_of

__all__ = ["PATTERNS", "Redacted", "Redactor", "from_plain", "redacted_paths", "to_plain"]

PATTERNS: dict[str, str] = {
    "Anthropic key": r"sk-ant-[A-Za-z0-9_-]{16,}",
    "OpenAI key": r"sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})",
    "GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}",
    "Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}",
    "Stripe key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "bearer token": r"\b[Bb]earer [A-Za-z0-9._~+/=-]{20,}",
    # not in the middle of a run: where none begins there, each "eyJ" would read it to its end
    "JSON web token": r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*KEY-----|$)",
}
"""What is caught by default, by its name."""

_GITHUB = (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_")
_HINTS: tuple[tuple[int | bytes, tuple[bytes, ...]], ...] = (
    (ord("-"), (b"sk-", b"glpat-", b"xox", b"-----BEGIN")),
    (ord("_"), (b"k_live_", b"k_test_", b"hf_", *_GITHUB)),
    (ord("A"), (b"AKIA", b"ASIA", b"AIza")),
    (ord("J"), (b"eyJ",)),
    (b"earer ", (b"earer ",)),
)
"""What to look for in a whole row, by a rare letter in it: a letter is found at once (as a number
in half the time), and one expression for all of them would take thirty times as long."""

SHORT = 16
"""No key is shorter than this."""


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


def _listed(paths: Any) -> tuple[str, ...]:
    given = (paths,) if isinstance(paths, str) else paths
    if not isinstance(given, Iterable):
        raise refusal(paths, "paths", "a list of paths", CheckpointStoreError)
    wanted = "a path, such as 'config.password'"
    return tuple(
        path_text(path)
        if isinstance(path, tuple) and path
        else text(path, "each of paths", CheckpointStoreError, wanted)
        for path in given
    )


def _rule(path: str) -> re.Pattern[str]:
    """Return what matches a path, and every path below it, as `path_text` writes them."""
    any_of = {r"\*": ".*", r"\?": "."}
    rule = re.sub(r"\\[*?]", lambda found: any_of[found[0]], re.escape(path))
    return re.compile(rf"{rule}(?:[.\[].*)?\Z", re.DOTALL)


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
        words: The texts that were met at its paths.

    Raises:
        CheckpointStoreError: A path is no text, or a pattern no expression; names it.

    Example:
        >>> hide = Redactor(paths=["config.password"])
        >>> hide.apply({"config": {"password": "x"}, "say": "use sk-" + "a1" * 16})
        {'config': {'password': <Redacted: [redacted]>}, \
'say': <Redacted: use [redacted: OpenAI key]>}
    """

    def __init__(self, paths: Iterable[Any] = (), patterns: dict[str, str] | None = None) -> None:
        self.paths = _listed(paths)
        self._given = patterns
        self.patterns = _compiled(PATTERNS if patterns is None else patterns)
        self._paths = [_rule(path) for path in self.paths]
        self.words = SecretWords()
        self._names = [_last_name(path) for path in self.paths]
        self._hints = (*_HINTS, *((name, (name,)) for name in self._names if name))
        self._always = patterns is not None or any(not name for name in self._names)
        self.on = False

    def also(self, paths: Iterable[Any]) -> Redactor:
        """Return a redactor that takes more paths out."""
        made = Redactor((*self.paths, *paths), self._given)
        made.words = self.words
        return made

    def hint(self, body: bytes) -> bool:
        """Tell whether a written row may hold a secret; quick, and sometimes wrongly true."""
        if self._always or (self.words.texts and self.words.in_row(body)):
            return True
        if len(body) < SHORT and not self._names:
            return False
        for letter, texts in self._hints:
            if letter in body and any(text in body for text in texts):
                return True
        return False

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        """While this is entered, a codec that has this redactor applies it."""
        self.on = True
        try:
            yield
        finally:
            self.on = False

    def text(self, text: str) -> str:
        """Return a text without the secrets that are known by how they look, or were met."""
        for name, pattern in self.patterns.items():
            text = pattern.sub(f"[redacted: {name}]", text)
        return self.words.taken_out(text)

    def _meet(self, value: Any) -> None:
        """Remember the texts of a value that is secret by its place."""
        if has_kind(value, str):
            self.words.meet(safe_str(value))
        elif has_kind(value, (dict, list, tuple)):
            for _, item in safe_pairs(value):
                self._meet(item)

    def hides(self, data: bytes) -> bool:
        """Tell whether bytes have a secret in them that is known by how it looks."""
        if not self.hint(data):
            return False
        text = data.decode("latin-1")
        return self.text(text) != text

    def apply(self, value: Any, path: tuple[Any, ...] = ()) -> Any:
        """Return a value without its secrets; the same object where there is none."""
        if self._paths and path:
            text = path_text(path)
            if any(rule.match(text) for rule in self._paths):
                self._meet(value)
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
        return self._in_object(value, path) if is_read_only(value) else value

    def _in_object(self, value: Any, path: tuple[Any, ...]) -> Any:
        struct = struct_of(value)
        assert struct is not None
        parts = struct.take(value)
        made = [{k: self.apply(v, (*path, k)) for k, v in part.items()} for part in parts]
        same = all(
            new[k] is v for new, old in zip(made, parts, strict=True) for k, v in old.items()
        )
        return value if same else read_only(struct, *made)


def _last_name(path: str) -> bytes:
    """The part of a path that every row with it has in it; empty where there is none."""
    names = re.findall(r"[^.*?\[\]]+", re.sub(r"\[[^\]]*\]", "", path))
    return names[-1].encode() if names else b""


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
    elif is_read_only(value):
        children = fields_of(value).items()
    return [path for k, v in children for path in redacted_paths(v, (*at, k))]
