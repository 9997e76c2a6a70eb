"""Where a text occurs in what was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import flag, refusal
from lellm_nb.debug.history.short_text import shortened
from lellm_nb.debug.history.stored_values import kept_items, kept_value
from lellm_nb.debug.history.typed_table import table
from lellm_nb.errors import DebuggerError, path_text
from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.error_words import error_line, error_words
from lellm_nb.errors.safe_text import has_kind, safe_pairs, safe_repr, safe_str
from lellm_nb.record.chunks import chunk_text
from lellm_nb.record.frame import LEAVING, Frame
from lellm_nb.record.redaction.secret_paths import Path, written_at
from lellm_nb.state.compact import MISSING, whole
from lellm_nb.state.mutation import parts_of
from lellm_nb.state.sameness import same

if TYPE_CHECKING:
    import pandas

    from lellm_nb.debug.history.hide import Hide  # loaded where a place is secret
    from lellm_nb.record.redaction.redactor import Redactor

__all__ = ["Hits", "TextHit", "find_text"]

AROUND = 30
"""How many characters are shown around a hit."""


@dataclass(frozen=True, slots=True)
class TextHit:
    """One place where a text occurs.

    Attributes:
        frame: The frame that wrote or said it.
        where: ``key``, ``value``, ``output``, ``stream``, ``error`` or ``decision``.
        key: The path in the state of the frame's level, where it is in the state.
        text: The text around it.
        line: The line that the frame was made on, where all lines were looked through; else empty.
    """

    frame: Frame
    where: str
    key: tuple[Any, ...]
    text: str
    line: str = ""

    @property
    def path(self) -> str:
        """The path of the frame's node."""
        return self.frame.path

    def __repr__(self) -> str:
        place = path_text(self.key) or self.where
        of = f" of {self.line}" if self.line else ""
        where = self.frame.path or ("input" if self.frame.kind == "input" else "start")
        return f"frame {self.frame.index}{of} {where} {place}: {self.text}"


class Hits(list[TextHit]):
    """Hits, oldest first."""

    def to_pandas(self) -> pandas.DataFrame:
        """Return one row per hit: frame, path, visit, kind, where, key, text.

        Where all lines were looked through there is a column ``line`` as well.
        """
        lines = [h.line for h in self]
        return table(
            {
                **({"line": lines} if any(lines) else {}),
                "frame": [h.frame.index for h in self],
                "path": [h.frame.path for h in self],
                "visit": [h.frame.visit for h in self],
                "kind": [h.frame.kind for h in self],
                "where": [h.where for h in self],
                "key": [path_text(h.key) for h in self],
                "text": [h.text for h in self],
            },
            texts=(*(("line",) if any(lines) else ()), "path", "kind", "where", "key", "text"),
            counts=("frame", "visit"),
        )

    def _repr_html_(self) -> str:
        html: str = self.to_pandas().head(60).to_html(index=False, escape=True)
        return html + (f"<p>… {len(self) - 60:,} more</p>" if len(self) > 60 else "")

    def __repr__(self) -> str:
        lines = [repr(hit) for hit in self[:50]]
        if len(self) > 50:
            lines.append(f"… {len(self) - 50:,} more")
        return "\n".join(lines) or "(not found)"


def find_text(
    frames: Iterable[tuple[str, Frame]],
    text: Any,
    case: bool = False,
    redactor: Redactor | None = None,
    hide: Hide | None = None,
) -> Hits:
    """Return where a text occurs: what frames wrote, said, raised and decided.

    Args:
        frames: Each with the name of its line, which may be empty.
        redactor: Takes secrets out of what is shown around a hit.
        hide: Says where the levels stand, if a place is secret.

    Raises:
        DebuggerError: It is no text, or an empty one.
    """
    if not isinstance(text, str) or not text:
        raise refusal(text, "text", "a text that is not empty", DebuggerError)
    case = flag(case, "case", DebuggerError)
    search = _Search(text, case, redactor, hide)
    return Hits(
        replace(hit, line=line) if line else hit
        for line, frame in frames
        for hit in search.in_frame(frame)
    )


def _brought(frame: Frame) -> Iterator[tuple[Any, Any]]:
    """Walk what was there at a frame, was not before it, and was not written by it."""
    own = {parts_of(m.key)[0] for m in frame.mutations if hasattr(m, "key")}
    before = {} if frame.parent is None else kept_items(frame.parent.position.data)
    for key, value in kept_items(frame.position.data).items():
        if key not in own and not same(before.get(key, MISSING), value):
            yield key, value


class _Search:
    def __init__(self, text: str, case: bool, redactor: Redactor | None, hide: Hide | None) -> None:
        self._redactor = redactor
        self._hide = hide
        self._depth = 0
        self._joined: Path = ()
        self._place: Path = ()
        self._case = case
        self._text = text if case else text.casefold()
        self._clean: dict[int, Any] = {}
        """Containers that were looked through in vain; kept, so that their ids stay theirs."""
        self._told: dict[int, Any] = {}
        """Values with hits, which an exit or a join carries out once more."""

    def in_frame(self, frame: Frame) -> Iterator[TextHit]:
        self._place = () if self._hide is None else self._hide.place(frame)
        if frame.parent is None or frame.gap:  # what nobody captured was written by no frame
            for key, value in _brought(frame):
                yield from self._in_write(frame, (key,), value)
        leaving = frame.kind in LEAVING
        for m in frame.mutations:
            key = getattr(m, "key", None)
            if key is None:  # a typed state's own mutation: its fields are what it says
                yield from self._in_text(frame, "value", (), safe_repr(m))
                continue
            value = kept_value(m)
            if leaving and id(value) in self._told:
                continue
            path = parts_of(key)
            self._depth, self._joined = len(path), written_at(m)[len(path) :]
            yield from self._in_write(frame, path, value)
        self._joined = ()
        if frame.own_detail is not None:
            yield from self._in_detail(frame)

    def _in_detail(self, frame: Frame) -> Iterator[TextHit]:
        yield from self._in_text(frame, "output", (), frame.output)
        if frame.stream:
            yield from self._in_text(frame, "stream", (), "".join(map(_chunk, frame.stream)))
        error = frame.error
        if error is not None:
            cause = error.__cause__
            told = error_line(error)
            if cause is not None and error_words(cause) not in told:
                told += f" ({error_line(cause)})"
            yield from self._in_text(frame, "error", (), told)
        if frame.decision is not None:
            yield from self._in_text(frame, "decision", (), safe_str(frame.decision))

    def _in_write(self, frame: Frame, path: tuple[Any, ...], value: Any) -> Iterator[TextHit]:
        yield from self._in_text(frame, "key", path, path_text(path), once=True)
        if value is MISSING:
            return
        found = False
        for where, at, text in self._in_value(path, value):
            found = True
            yield from self._in_text(frame, where, at, text, once=True)
        if found:
            self._told[id(value)] = value

    def _in_value(
        self, path: tuple[Any, ...], value: Any
    ) -> Iterator[tuple[str, tuple[Any, ...], str]]:
        value = whole(value)
        if has_kind(value, (Mapping, list, tuple, set, frozenset)):
            if id(value) in self._clean:
                return
            found = False
            for key, item in safe_pairs(value):
                if has_kind(value, Mapping) and self._has(safe_str(key)):
                    found = True
                    yield "key", (*path, key), safe_str(key)
                for hit in self._in_value((*path, key), item):
                    found = True
                    yield hit
            if not found:
                self._clean[id(value)] = value
        else:
            text = safe_str(value) if has_kind(value, str) else self._spelled(value, path)
            if self._has(text):
                yield "value", path, text

    def _spelled(self, value: Any, path: Path) -> str:
        if self._hide is not None and self._hide.holds(value, (*self._place, *path)):
            return "[redacted]"  # an object tells of itself what it likes
        return safe_repr(value)

    def _has(self, text: str) -> bool:
        return self._text in (text if self._case else text.casefold())

    def _in_text(
        self, frame: Frame, where: str, key: tuple[Any, ...], text: str, once: bool = False
    ) -> Iterator[TextHit]:
        """Yield a hit per occurrence, or one for all of them."""
        low = text if self._case else text.casefold()
        at = low.find(self._text)
        if at >= 0:
            if (shown := self._shown(text, self._placed(key))) != text:
                low, text = shown if self._case else shown.casefold(), shown
                at = max(0, low.find(self._text))  # what is found may be the secret itself
            if self._hide is not None:
                key = self._hide.redactor.places.nameable(key, self._place)
        while at >= 0:
            yield TextHit(frame, where, key, _around(text, at, len(self._text)))
            if once:
                return
            at = low.find(self._text, at + len(self._text))

    def _placed(self, key: Path) -> Path:
        """Return where in the root's state something stands."""
        if not key or self._hide is None:
            return key
        n = self._depth
        key = (*key[:n], *self._joined, *key[n:])
        return (*self._place, *key)

    def _shown(self, text: str, path: Path) -> str:
        return text if self._redactor is None else str(self._redactor.apply(text, path))


def _chunk(chunk: Any) -> str:
    try:
        return safe_str(chunk_text(chunk))
    except BaseException as error:  # a chunk of the user's may have no text
        if is_interrupt(error):
            raise
        return safe_str(shortened(chunk))


def _around(text: str, at: int, size: int) -> str:
    begin, end = max(0, at - AROUND), at + size + AROUND
    piece = " ".join(text[begin:end].split())
    return ("…" if begin else "") + piece + ("…" if end < len(text) else "")
