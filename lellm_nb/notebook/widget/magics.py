"""``%load_ext lellm_nb``: a magic that acts on the last debugger shown."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from lellm_nb.notebook.values.editable import typed_value

Verb = Callable[[Any, list[str]], Any]


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

        from lellm_nb.notebook.widget.display import last_debugger

        name, *words = _words(line) or ["help"]
        verb = VERBS.get(name.replace("-", "_"))
        if verb is None:
            raise UsageError(usage())
        debugger = last_debugger()
        if debugger is None:
            raise UsageError("There is no debugger yet: make one with Debugger(graph).")
        try:
            return verb(debugger, words)
        except (ValueError, IndexError) as error:
            raise UsageError(f"%lellm {line}: {error}. {usage()}") from error


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # an apostrophe in a reason is no quotation
        return line.split()


def usage() -> str:
    """Return the magic's forms on one line."""
    return "%lellm " + " | ".join(sorted(VERBS)) + " — acts on the last debugger."


def _counted(verb: str) -> Verb:
    def act(debugger: Any, words: list[str]) -> Any:
        return getattr(debugger, verb)(*(int(word) for word in words[:1]))

    return act


def _plain(verb: str) -> Verb:
    return lambda debugger, _words: getattr(debugger, verb)()


def _until(verb: str) -> Verb:
    def act(debugger: Any, words: list[str]) -> Any:
        return getattr(debugger, verb)(*words[:1])

    return act


def _modify(debugger: Any, words: list[str]) -> Any:
    if len(words) < 2:
        raise ValueError("modify needs a key and a value")
    return debugger.modify(words[0], typed_value(" ".join(words[1:])))


VERBS: dict[str, Verb] = {
    "step": _counted("step"),
    "back": _counted("back"),
    "over": _plain("over"),
    "into": _plain("into"),
    "out": _plain("out"),
    "run": _until("run"),
    "run_back": _until("run_back"),
    "retry": _plain("retry"),
    "pause": _plain("pause"),
    "stop": _plain("stop"),
    "approve": _plain("approve"),
    "reject": lambda debugger, words: debugger.reject(" ".join(words)),
    "modify": _modify,
    "reroute": lambda debugger, words: debugger.reroute(words[0]),
    "rewind": lambda debugger, words: debugger.rewind(int(words[0])),
    "fork": lambda debugger, words: debugger.fork(*(int(w) for w in words[:1])),
    "frames": lambda debugger, _words: debugger.frames.to_pandas(),
    "show": lambda debugger, _words: debugger,
}
"""What comes after ``%lellm``."""
