"""What the view must not show: secrets are taken out of texts before they are cut or sent.

Every function here that makes a text or a row asks the redactor of the debugger on show
(`redacting_for`); outside of any it is the default one, so that forgetting to say which is safe.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from string import ascii_letters, digits
from typing import Any
from weakref import WeakKeyDictionary

from lellm_nb.errors.key_patterns import SHORTEST
from lellm_nb.notebook.debugger_protocol import DebuggerLike
from lellm_nb.notebook.frame_protocol import FrameLike
from lellm_nb.record.redaction.redactor import Redacted, Redactor, redacted_paths
from lellm_nb.record.redaction.secret_paths import Path, joined, place_of

MARGIN = 4_000
"""How much more of a text is looked at than is shown: a key may be cut in two."""

MARK = "[redacted"
"""What stands where a secret was begins with this; the panel draws it as a chip."""

_CONTEXT = 16
"""How much of what was told is looked at again: the first letters of a key tell nothing yet."""

_place: ContextVar[Path] = ContextVar("lellm_nb_place", default=())
"""Where in the root's state the level stands whose values are shown."""

_BLOCK = 16_000
"""No private key is longer in letters; what goes on longer without an end is told as one."""

_OF_KEYS = f"{ascii_letters}{digits}_-.~+/="
"""Letters that keys consist of."""

_BEGINS = re.compile("-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----")
_ENDS = re.compile("-----END [A-Z ]{0,40}KEY-----")
_MAY_BEGIN = re.compile("-{1,5}(?:B|BE|BEG|BEGI|BEGIN(?: [A-Z ]{0,40}(?:PRIVATE KEY-{0,4})?)?)?\\Z")


class DisplayRedactor:
    """One redactor as the view uses it.

    Beside its patterns and paths it knows the texts that stood at secret paths: a password
    that a node prints is the same secret as in the state.

    Example:
        >>> redactor = DisplayRedactor(Redactor(paths=["config.password"]))
        >>> redactor.hides(("config", "password")), redactor.hides(("config", "user"))
        (True, False)
        >>> redactor.learn({"config": {"password": "hunter2"}})
        >>> redactor.text("signing in with hunter2 as me")
        'signing in with [redacted] as me'
    """

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self.has_paths = bool(redactor.paths)
        """Whether a value may be secret by its place."""

        self._learned: Any = None
        self._least = SHORTEST if redactor.hint(b" ") is False else 0

    def text(self, text: str) -> str:
        """Return a text without its secrets; the same one where there is none."""
        if self.redactor.words.texts:
            text = self.redactor.words.taken_out(text)
        if len(text) < self._least or not self.redactor.hint(text.encode(errors="replace")):
            return text
        return str(self.redactor.apply(text))

    def split(self, text: str, told: int = 0) -> tuple[str, str, int]:
        """Return what is to be told now of a text that grows, and where to go on from.

        What may be a secret that is still coming in pieces waits until it has an end.

        Args:
            told: How much of the beginning of `text` was told before.

        Returns:
            What to tell; the text to put before the next piece; how much of that was told.

        Example:
            >>> DisplayRedactor(Redactor()).split("the key is sk-abcdef")
            ('the key is ', 'the key is sk-abcdef', 11)
        """
        at = max(told, self._safe_end(text))
        shown = self.text(text[:at])
        if shown == text[:at]:
            keep = max(0, at - _CONTEXT)
            return text[told:at], text[keep:], at - keep
        same = next((n for n in range(told) if shown[n : n + 1] != text[n]), told)
        return shown[same:], text[at:], 0

    def _safe_end(self, text: str) -> int:
        """Return up to where it is decided what is a secret and what is not."""
        return min(_before_block(text), self._before_word(text), self._before_run(text))

    def _before_run(self, text: str) -> int:
        """Leave out the end that may be a key whose rest is still coming."""
        tail = text[-MARGIN:]
        if self._least == 0:  # patterns of the user's: they may have any letter but a space
            words = tail.split()
            run = len(words[-1]) if words and not tail[-1].isspace() else 0
        else:
            run = len(tail) - len(tail.rstrip(_OF_KEYS))
        before = tail[: len(tail) - run]
        if before.endswith("earer "):
            run += len("Bearer ")
        elif self._least and not self.redactor.hint(
            tail[len(tail) - run :].ljust(SHORTEST).encode(errors="replace")
        ):
            return len(text)
        return len(text) - run if run < MARGIN else len(text)

    def _before_word(self, text: str) -> int:
        """Leave out the end that one of the texts from secret paths may begin with."""
        words = self.redactor.words.texts
        if not words:
            return len(text)
        ordered = sorted(words)
        tail = text[-min(max(map(len, words)) - 1, MARGIN) :]
        for i in range(len(tail)):
            begun = tail[i:]
            at = bisect_left(ordered, begun)
            if at < len(ordered) and ordered[at].startswith(begun) and ordered[at] != begun:
                return len(text) - len(begun)
        return len(text)

    def hides(self, path: Path) -> bool:
        """Say whether a path of the level on show, or one that it lies under, is secret."""
        if not self.has_paths or not path:
            return False
        return self.redactor.places.hide(joined(_place.get(), path))

    def holds(self, value: Any, path: Path = ()) -> bool:
        """Say whether there is a secret anywhere in a value, or was before it was stored."""
        if self.hides(path) or (Redacted.met and redacted_paths(value)):
            return True
        return self.redactor.apply(value, joined(_place.get(), path)) is not value

    def nameable(self, path: Path) -> Path:
        """Return what may be told of a path of the level on show: no key below a secret."""
        return self.redactor.places.nameable(path, _place.get()) if self.has_paths else path

    def holds_below(self, value: Any, path: Path) -> bool:
        """Say whether something inside of an object is secret by its place."""
        if not self.has_paths:
            return False
        return self.redactor.apply(value, joined(_place.get(), path)) is not value

    def learn(self, state: Any, place: Path = ()) -> None:
        """Remember the texts that stand at secret paths of a state.

        Args:
            place: Where it stands in the root's.
        """
        if not self.has_paths or (state is self._learned and not place):
            return
        if not place:
            self._learned = state
        self.redactor.learn(state, place)

    def rows(self, rows: Any) -> Any:
        """Return JSON-ready rows with the secrets taken out of every text in them."""
        if isinstance(rows, str):
            return self.text(rows)
        if isinstance(rows, dict):
            # the letters of a picture are no text, and there may be millions of them
            drawn = str(rows.get("kind", "")).startswith("image/")
            return {
                self.rows(key): item if drawn and key == "data" else self.rows(item)
                for key, item in rows.items()
            }
        return [self.rows(item) for item in rows] if isinstance(rows, (list, tuple)) else rows

    def may_touch(self, rows: Any) -> bool:
        """Say, at little cost, whether `rows` may have anything to take out."""
        if self.redactor.words.texts:
            return True
        try:
            return self.redactor.hint(json.dumps(rows).encode())
        except (TypeError, ValueError):
            return True


def _before_block(text: str) -> int:
    """Leave out a private key that has no end yet, and what may be the beginning of one."""
    *_, begun = (-1, *(found.start() for found in _BEGINS.finditer(text)))
    if begun >= 0 and len(text) - begun < _BLOCK and not _ENDS.search(text, begun):
        return begun
    begins = _MAY_BEGIN.search(text, max(0, len(text) - 80))
    return len(text) if begins is None else begins.start()


_of: WeakKeyDictionary[Redactor, DisplayRedactor] = WeakKeyDictionary()
_default = DisplayRedactor(Redactor())
_now: ContextVar[DisplayRedactor] = ContextVar("lellm_nb_redactor", default=_default)


def redactor_of(debugger: DebuggerLike | None) -> DisplayRedactor:
    """Return how a debugger's texts are redacted: one for all lines that share its redactor."""
    if debugger is None:
        return _default
    redactor = debugger.redact
    found = _of.get(redactor)
    if found is None:
        found = _of[redactor] = DisplayRedactor(redactor)
    return found


def redactor_now() -> DisplayRedactor:
    """Return the redactor that is in effect."""
    return _now.get()


@contextmanager
def redacting_for(debugger: DebuggerLike | None) -> Iterator[DisplayRedactor]:
    """While this is entered, texts and rows are made with the redactor of `debugger`."""
    mine = redactor_of(debugger)
    token = _now.set(mine)
    try:
        yield mine
    finally:
        _now.reset(token)


def level_place(debugger: DebuggerLike, frame: FrameLike) -> Path:
    """Return where in the root's state that of the frame's own level stands."""
    inner = frame.level is not frame.position
    return place_of(frame.static_path, debugger.graph.nodes) if inner else ()


@contextmanager
def at_place(place: Path) -> Iterator[None]:
    """While this is entered, paths are of a level whose state stands at a place in the root's."""
    token = _place.set(place)
    try:
        yield
    finally:
        _place.reset(token)


def at_level(debugger: DebuggerLike, frame: FrameLike) -> AbstractContextManager[None]:
    """While this is entered, paths are of the frame's own level."""
    return at_place(level_place(debugger, frame))


def place_now() -> Path:
    """Return where in the root's state the level stands whose values are shown."""
    return _place.get()


def redact_rows(debugger: DebuggerLike | None, rows: Any) -> Any:
    """Return rows as they may leave for a browser or a file: the last gate, for every text.

    Example:
        >>> redact_rows(None, {"alert": "no such key: sk-" + "a1" * 16})
        {'alert': 'no such key: [redacted: OpenAI key]'}
    """
    mine = redactor_of(debugger)
    return mine.rows(rows) if mine.may_touch(rows) else rows
