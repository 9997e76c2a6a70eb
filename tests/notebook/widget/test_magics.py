"""The words after ``%lellm``."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from lellm_nb import Debugger
from lellm_nb.notebook.widget import display
from lellm_nb.notebook.widget.magics import _Magic
from tests.strategies import steps


@pytest.mark.parametrize(
    ("line", "frames"),
    [
        ('run log[-1] == "b"', 2),
        ("run len(log) > 1", 2),
        ("run len(log)>1", 2),
        ('run log=="x"', 3),
        ("run 'len(log) > 0'", 1),
        ('run "c"', 2),
        ("run c", 2),
    ],
)
def test_an_expression_reaches_the_verb_as_it_was_typed(line, frames, monkeypatch):
    """G10: with its spaces and its quotes; a quoted name is still a name."""
    dbg = Debugger(steps("a", "b", "c"), {})
    monkeypatch.setattr(display, "last_debugger", lambda: dbg)
    _Magic()(line)

    assert len(dbg.frames) == frames + 1


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("rewind", "it takes the number of a frame"),
        ("rewind two", "it takes a number, not 'two'"),
        ("rewind 1 2", "it takes the number of a frame, not '1 2'"),
        ("step many", "it takes a number, not 'many'"),
        ("step 1 2", "it takes a number, not '1 2'"),
        ("approve w#0", "it takes nothing, not 'w#0'"),
        ("reroute", "it takes a name"),
        ("run a b", "it takes a node, or an expression, not 'a b'"),
    ],
)
def test_words_that_do_not_fit_are_refused(line, says, monkeypatch):
    """Bad input: the line, what it takes, and nothing is done."""
    dbg = Debugger(steps("a", "b"), {})
    monkeypatch.setattr(display, "last_debugger", lambda: dbg)

    with pytest.raises(UsageError) as refused:
        _Magic()(line)

    assert str(refused.value).startswith(f"%lellm {line}: {says}. %lellm ")
    assert len(dbg.frames) == 1
