"""What an error says: its words, and the reasons inside of one that tells none."""

from __future__ import annotations

from collections.abc import Iterator

from lellm_nb.errors.safe_text import safe_str, safe_type

__all__ = ["cause_of", "error_line", "error_words", "inner_errors"]

REASONS = 3
"""So many reasons of a group are told; the rest is counted."""

LONG = 300
"""So many characters of each."""

DEEPEST = 5
"""So far causes are followed, from one that says nothing to one that does."""


def cause_of(error: BaseException) -> BaseException:
    """Return what an error was made from, or the error itself; no error is asked for its truth."""
    return error if error.__cause__ is None else error.__cause__


def error_line(error: BaseException) -> str:
    """Return an error's type and what it says; never raises.

    Example:
        >>> error_line(ValueError("no")), error_line(KeyError())
        ('ValueError: no', 'KeyError')
        >>> error_line(ExceptionGroup("it failed", [OSError("refused")]))
        'ExceptionGroup: it failed (1 sub-exception): OSError: refused'
    """
    words = error_words(error)
    return f"{safe_type(error)}: {words}" if words else safe_type(error)


def error_words(error: BaseException) -> str:
    """Return what an error says: of a group also the reasons inside, of one without words the
    error it came from.

    Example:
        >>> error_words(ExceptionGroup("it failed", [OSError(n) for n in range(9)]))
        'it failed (9 sub-exceptions): OSError: 0; OSError: 1; OSError: 2; and 6 more'
    """
    words = safe_str(error)
    reasons = [_reason(one) for one in _first(error)]
    if reasons:
        more = sum(1 for _ in inner_errors(error)) - len(reasons)
        words += f": {'; '.join(reasons)}" + (f"; and {more:,} more" if more else "")
    return words or _origin(error)


def inner_errors(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors inside a group, and inside the groups in it; nothing of another error."""
    if not issubclass(type(error), BaseExceptionGroup):
        return
    open_groups = [iter(_members(error))]
    while open_groups:
        one = next(open_groups[-1], None)
        if one is None:
            open_groups.pop()
        elif issubclass(type(one), BaseExceptionGroup):
            open_groups.append(iter(_members(one)))
        else:
            yield one


def _members(group: BaseException) -> tuple[BaseException, ...]:
    found: tuple[BaseException, ...] = BaseExceptionGroup.exceptions.__get__(group)
    return found


def _first(error: BaseException) -> list[BaseException]:
    """Return the first reasons of a group that does not tell them by itself."""
    if getattr(type(error), "__str__", None) is not BaseExceptionGroup.__str__:
        return []
    return [one for one, _ in zip(inner_errors(error), range(REASONS), strict=False)]


def _reason(error: BaseException) -> str:
    words = safe_str(error, LONG) or _origin(error)
    return f"{safe_type(error)}: {words}" if words else safe_type(error)


def _origin(error: BaseException) -> str:
    at: BaseException | None = error
    for _ in range(DEEPEST):
        assert at is not None
        before = None if at.__suppress_context__ else at.__context__
        at = before if at.__cause__ is None else at.__cause__
        if at is None:
            return ""
        words = safe_str(at, LONG)
        if words:
            return f"from {_reason(at)}" if not _first(at) else f"from {error_line(at)}"
    return ""
