"""Expressions over recorded frames, after the fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lellm_nb.arguments import answered, plain_function, refusal
from lellm_nb.debug.history.stored_values import kept_items
from lellm_nb.debug.history.typed_table import table
from lellm_nb.debug.names.level_frames import level_name
from lellm_nb.debug.names.warn_caller import caution
from lellm_nb.errors import DebuggerError, nearest
from lellm_nb.errors.attempt import is_interrupt
from lellm_nb.errors.error_words import error_line
from lellm_nb.errors.safe_text import safe_str, safe_type
from lellm_nb.record.frame import Frame
from lellm_nb.state.compact import MISSING, real
from lellm_nb.state.expression.compiler import compiled
from lellm_nb.state.expression.condition import written
from lellm_nb.state.expression.expression import Expression
from lellm_nb.state.expression.lookup import WHOLE
from lellm_nb.state.expression.python_text import PythonText

if TYPE_CHECKING:
    import pandas

__all__ = ["FrameExpression", "absent", "as_function", "asked_of", "evaluated", "told"]


def as_function(
    expression: Any, argument: str = "expression", *, inside: bool = False
) -> Callable[[Frame], Any]:
    """Return a function of a frame for an expression; a function is one already.

    The names in an expression are the keys of the root state; `state` is the root state
    itself, for keys that are no names, and `frame` the frame.

    Args:
        argument: Of whom it is said where it is none.
        inside: Whether the state of the frame's own level is meant instead.

    Raises:
        DebuggerError: It is neither, or a text is no expression; shows where.

    Example:
        >>> as_function("n + len(state)")(Frame("g", "a", {"n": 1}, 1))
        2
        >>> as_function("n +* 2")
        Traceback (most recent call last):
        lellm_nb.errors.DebuggerError: The expression can't be read at column 4: \
invalid syntax.
          n +* 2
             ^
    """
    if isinstance(expression, str):
        expression = written(expression, argument, DebuggerError)
    if isinstance(expression, Expression):
        return FrameExpression(expression, inside)
    if isinstance(expression, PythonText):
        return _FramePython(expression, inside)
    if not callable(expression):
        wanted = "text, or a function of a frame"
        raise refusal(expression, f"An {argument}", wanted, DebuggerError)
    return _answering(plain_function(expression, argument, DebuggerError, "frame"))


class FrameExpression:
    """An expression that is asked of frames.

    Attributes:
        expression: It.
    """

    def __init__(self, expression: Expression, inside: bool) -> None:
        self.expression = expression
        self._inside = inside
        self._ask = compiled(expression.text, ("frame",))
        self._scoped = "frame" in expression.keys

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that it may look up."""
        return self._ask.keys

    def __call__(self, frame: Frame) -> Any:
        subject = self._subject(frame)
        if not self._scoped:
            return self.expression.ask(subject)
        return self._ask.ask(self._ask.scope_of(subject, _FrameNames(frame)))

    def _subject(self, frame: Frame) -> Any:
        """Return the keys that it looks up, with their values; the state where it asks for it."""
        keys = self._ask.keys
        if WHOLE in keys:
            return frame.state if self._inside else frame.root_state
        content = _content(frame, self._inside)
        found = ((key, content.get(key, MISSING)) for key in keys)
        return {key: real(value, key) for key, value in found if value is not MISSING}

    def __reduce__(self) -> Any:
        return FrameExpression, (self.expression, self._inside)


class _FramePython:
    """Python proper that is asked of frames."""

    def __init__(self, python: PythonText, inside: bool) -> None:
        self._python = python
        self._inside = inside

    def __call__(self, frame: Frame) -> Any:
        content = _content(frame, self._inside)

        def meant(name: str) -> Any:
            if name == "frame":
                return frame
            if name == WHOLE:
                return frame.state if self._inside else frame.root_state
            value = content.get(name, MISSING)
            return value if value is MISSING else real(value, name)

        return self._python.run(meant)

    def __reduce__(self) -> Any:
        return _FramePython, (self._python, self._inside)


class _FrameNames(Mapping[str, Any]):
    """What an expression may ask of `frame`."""

    _NAMES = (
        *("changed_keys", "duration", "graph_id", "index", "kind", "node", "path", "root_state"),
        *("state", "static_path", "visit"),
    )

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def __getitem__(self, name: str) -> Any:
        if name not in self._NAMES:
            raise KeyError(name)
        return getattr(self._frame, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._NAMES)

    def __len__(self) -> int:
        return len(self._NAMES)

    def __repr__(self) -> str:
        return repr(self._frame)


def _answering(function: Callable[[Frame], Any]) -> Callable[[Frame], Any]:
    return lambda frame: answered(function(frame))


def _content(frame: Frame, inside: bool) -> Any:
    return kept_items((frame.level if inside else frame.position).data)


def evaluated(
    frames: Iterable[Frame],
    expression: Any,
    *,
    inside: bool = False,
    lines: Sequence[str] | None = None,
) -> pandas.DataFrame:
    """Return an expression's value at each frame, and what it raised where it did.

    Args:
        inside: As for `as_function`.
        lines: The name of each frame's line, for a column of them.

    Raises:
        DebuggerError: As for `as_function`.
    """
    function = as_function(expression, inside=inside)
    index: list[int] = []
    values: list[Any] = []
    errors: list[str | None] = []
    nowhere = dict.fromkeys(_single_keys(function))
    near: Frame | None = None
    frame: Frame | None = None
    for frame in frames:
        value, error = asked_of(function, frame, inside=inside)
        index.append(frame.index)
        if nowhere:
            content, own = _content(frame, inside), _content(frame, True)
            nowhere = {key: None for key in nowhere if key not in content}
            if any(key in own for key in nowhere):
                near = frame
        values.append(value)
        errors.append(error)
    near = near or frame
    if near is not None and (hint := _hint(nowhere, near, inside)):
        caution(f"No frame has {next(iter(nowhere))!r}, so it is None at each.{hint}")
    columns = {
        "frame": index,
        **({} if lines is None else {"line": lines}),
        "value": values,
        "error": errors,
    }
    texts = ("error",) if lines is None else ("line", "error")
    return table(columns, texts=texts, counts=("frame",), index="frame")


def asked_of(
    function: Callable[[Frame], Any], frame: Frame, *, inside: bool = False
) -> tuple[Any, str | None]:
    """Return what a function of `as_function` says of a frame, and what it raised there.

    Args:
        inside: As for `as_function`.
    """
    try:
        return function(frame), None
    except BaseException as error:  # an expression may raise anything, but for an interrupt
        if is_interrupt(error):
            raise
        return None, told(error, frame, function, inside=inside)


def told(
    error: BaseException, frame: Frame, asked: Callable[[Frame], Any], *, inside: bool = False
) -> str:
    """Return what an expression or a function raised at a frame, with what to ask instead."""
    text = error_line(error)
    name = getattr(error, "name", None)
    if isinstance(error, NameError) and isinstance(name, str):
        hint = _hint([name], frame, inside)
        return f"{text.partition('. Did you mean')[0]}.{hint}"
    if "'Frame' object" in text:  # it was written for a state, as `when` of a breakpoint is
        kind, problem = safe_type(error), safe_str(error).removesuffix(".")
        why = f"it gets a frame, not a state: {problem}"  # first, for a table cuts the rest
        return f"{kind}: {why}. Ask frame.state or frame.root_state."
    return text + absent(asked, frame, inside=inside)


def absent(asked: Callable[[Frame], Any], frame: Frame, *, inside: bool = False) -> str:
    """Say which keys an expression looks up in vain at a frame, if another may be meant."""
    content = _content(frame, inside)
    return _hint([key for key in _single_keys(asked) if key not in content], frame, inside)


def _single_keys(asked: Callable[[Frame], Any]) -> list[str]:
    """Return the keys that an expression looks up and that are no part of a dotted name."""
    keys = asked.keys if isinstance(asked, FrameExpression) else ()
    dotted = [key for key in keys if "." in key]
    return [k for k in keys if k != WHOLE and not any(d.startswith(f"{k}.") for d in (k, *dotted))]


def _hint(names: Iterable[str], frame: Frame, inside: bool) -> str:
    """Return what may be meant by the first of some names that a frame's state does not have."""
    for name in names:
        if not inside and frame.level is not frame.position and name in _content(frame, True):
            level = level_name(frame)
            return f" {name!r} is of level {level!r}: ask with level={level!r}."
        hint = nearest(name, _content(frame, inside))
        if hint:
            return f" Nothing has a key {name!r}.{hint}"
    return ""
