"""``%load_ext lellm_nb``: a magic that acts on the last debugger shown."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from lellm_nb.debug.core.verb_table import VERBS, Verb
from lellm_nb.errors import sentence
from lellm_nb.notebook.values.editable import typed_value
from lellm_nb.state.expression.condition import says_more

Act = Callable[[Any, list[str]], Any]
"""Does what comes after ``%lellm`` to a debugger, with the words after that."""


def load_ipython_extension(shell: Any) -> None:
    """Give `shell` the magic ``%lellm``."""
    shell.register_magic_function(_Magic(), "line", "lellm")


def unload_ipython_extension(shell: Any) -> None:
    """Take the magic away again."""
    shell.magics_manager.magics["line"].pop("lellm", None)


class _Magic:
    """``%lellm step | run | back | rewind 3 | approve | reject why | …``"""

    __name__ = "lellm"

    def __init__(self) -> None:
        self.__doc__ = usage()

    def __call__(self, line: str) -> Any:
        from IPython.core.error import UsageError

        from lellm_nb.notebook.widget.display import last_debugger, remember

        name, *words = _words(line) or ["help"]
        rest = line.strip().partition(" ")[2].strip()
        act = ACTS.get(name.replace("-", "_"))
        if act is None:
            raise UsageError(usage())
        makes = name in MAKING
        debugger = import_module("lellm_nb").Debugger if makes else last_debugger()
        if debugger is None:
            raise UsageError("There is no debugger yet: make one with Debugger(graph).")
        try:
            came = act(debugger, Words(words, rest))
            if makes:
                remember(came)
            return came
        except (ValueError, IndexError) as error:
            raise UsageError(f"%lellm {line}: {sentence(error)} {usage()}") from error


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # an apostrophe in a reason is no quotation
        return line.split()


def usage() -> str:
    """Return the magic's forms on one line."""
    return "%lellm " + " | ".join(sorted(ACTS)) + " — acts on the last debugger."


class Words(list[str]):
    """The words after a verb.

    Attributes:
        text: All of them as they were typed, with their quotes.
    """

    def __init__(self, words: Iterable[str], text: str) -> None:
        super().__init__(words)
        self.text = text


def _most(words: list[str], count: int, what: str) -> tuple[str, ...]:
    if len(words) > count:
        raise ValueError(f"it takes {what}, not {' '.join(words)!r}")
    return tuple(words)


def _one(words: list[str], what: str) -> str:
    if not words:
        raise ValueError(f"it takes {what}")
    (word,) = _most(words, 1, what)
    return word


def _number(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"it takes a number, not {word!r}") from None


def _pair(words: list[str]) -> tuple[Any, ...]:
    if len(words) < 2:
        raise ValueError("modify needs a key and a value")
    return words[0], typed_value(" ".join(words[1:]))


def _until(words: list[str]) -> tuple[str, ...]:
    """Read a node, or an expression as it was typed: the quotes in it mean something."""
    text = words.text if isinstance(words, Words) else ""
    quoted = len(words) == 1 and text[:1] in ("'", '"') and text[:1] == text[-1:]
    if says_more(text) and not quoted:
        return (text,)
    return _most(words, 1, "a node, or an expression")


_TAKEN: dict[str, Callable[[list[str]], tuple[Any, ...]]] = {
    "none": lambda words: _most(words, 0, "nothing"),
    "count": lambda words: tuple(map(_number, _most(words, 1, "a number"))),
    "until": _until,
    "frame": lambda words: (_number(_one(words, "the number of a frame")),),
    "text": lambda words: (" ".join(words),),
    "name": lambda words: (_one(words, "a name"),),
    "pair": _pair,
}
"""How what a verb takes is read from the words after it."""


def _act(verb: Verb, read: Callable[[list[str]], tuple[Any, ...]]) -> Act:
    return lambda debugger, words: getattr(debugger, verb.name)(*read(words))


ACTS: dict[str, Act] = {
    **{v.word or v.name: _act(v, _TAKEN[v.words]) for v in VERBS.values() if v.words is not None},
    "frames": lambda debugger, _words: debugger.frames.to_pandas(),
    "show": lambda debugger, _words: debugger,
}
"""What comes after ``%lellm``."""

MAKING = frozenset(verb.word or verb.name for verb in VERBS.values() if verb.makes)
"""The words that make a debugger, and act on none."""
