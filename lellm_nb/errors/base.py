"""What every named failure shares, and how names are shown in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lellm_nb.errors.key_patterns import without_keys
from lellm_nb.errors.safe_text import has_kind, safe_str

__all__ = ["LellmError", "closest", "did_you_mean", "listed", "nearest", "path_text"]
__all__ += ["sentence"]


def did_you_mean(guesses: Iterable[str]) -> str:
    """Return a hint that names what may have been meant, or nothing.

    Args:
        guesses: As the reader would write them, likeliest first.

    Example:
        >>> did_you_mean(["'agent:total'", "('job', 'total')"])
        " Did you mean 'agent:total' or ('job', 'total')?"
    """
    *others, last = list(guesses) or [""]
    names = f"{', '.join(others)} or {last}" if others else last
    return f" Did you mean {names}?" if names else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint such as `` Did you mean 'draft'?``, or nothing.

    Example:
        >>> nearest("darft", ["draft", "publish"])
        " Did you mean 'draft'?"
    """
    guess = closest(name, known)
    return "" if guess is None else did_you_mean([repr(guess)])


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like one, `None` where none is like it."""
    from difflib import get_close_matches  # seldom needed, and it takes its time to load

    return next(iter(get_close_matches(safe_str(name), list(known), n=1)), None)


def listed(names: Iterable[str], most: int = 20) -> str:
    """Join names for a message, cut after `most`; an empty list says so."""
    names = list(names)
    more = f", … ({len(names) - most} more)" if len(names) > most else ""
    return (", ".join(names[:most]) or "(none)") + more


def sentence(text: object) -> str:
    """Return a text that ends as a sentence does, whether it had its stop already or not.

    Example:
        >>> sentence("mend it"), sentence("Mend it."), sentence("why?")
        ('mend it.', 'Mend it.', 'why?')
    """
    said = str(text).rstrip()
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."


def path_text(path: Any) -> str:
    """Write a key path as people do: ``plan.steps[2]``.

    Example:
        >>> path_text(("plan", "steps", 2))
        'plan.steps[2]'
    """
    if not has_kind(path, tuple):
        return safe_str(path)
    text = ""
    for part in path:
        name = safe_str(part)
        text += f"[{name}]" if has_kind(part, int) else f".{name}" if text else name
    return text


class LellmError(Exception):
    """The base of every failure that this package raises on purpose.

    Attributes:
        argument: The name of the argument that was refused; empty where none was.
    """

    argument: str = ""

    def __str__(self) -> str:
        return without_keys(Exception.__str__(self))  # a cell shows it, and is saved with it

    def __repr__(self) -> str:
        return without_keys(super().__repr__())

    def __reduce__(self) -> Any:
        # the constructors take facts and make the text; a copy takes text and facts as they are
        here = ("state", "stopped")  # of this process
        facts = {name: value for name, value in self.__dict__.items() if name not in here}
        return _again, (type(self), self.args, facts, self.__cause__)


def _again(
    kind: type[LellmError], args: tuple[Any, ...], facts: dict[str, Any], cause: Any
) -> LellmError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(facts)
    error.__cause__ = cause
    return error
