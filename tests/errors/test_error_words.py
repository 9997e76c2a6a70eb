"""An error tells its reason, also one that says nothing by itself (SEMANTICS R9)."""

from __future__ import annotations

import asyncio

from lellm_nb import Debugger, GraphBuilder
from lellm_nb.errors.error_words import error_line, error_words, inner_errors
from lellm_nb.notebook.tabs.error import TAB


class Mute(Exception):
    """An error whose text raises."""

    def __str__(self):
        raise RuntimeError("never set")

    __repr__ = __str__


async def refused():
    raise ConnectionError("refused by port 8080")


async def call(ctx):
    async with asyncio.TaskGroup() as group:
        group.create_task(refused())


def test_a_group_is_told_with_its_inner_reasons():
    """Those of groups inside too; of many the first, and how many more there are."""
    inner = ExceptionGroup("inner", [OSError("a"), Mute()])
    many = ExceptionGroup("outer", [inner, *(ValueError(n) for n in range(5))])

    assert error_words(many) == (
        "outer (6 sub-exceptions): OSError: a; Mute: <Mute: str raised RuntimeError>;"
        " ValueError: 0; and 4 more"
    )
    assert len(list(inner_errors(many))) == 7


def test_an_error_without_words_tells_what_it_came_from():
    """By its cause or what it was raised in, unless that was hidden on purpose."""

    def raised(cause=None, *, hide=False):
        try:
            try:
                raise OSError("refused")
            except OSError:
                if hide:
                    raise TimeoutError from None
                raise TimeoutError from cause
        except TimeoutError as error:
            return error_line(error)

    assert raised(ValueError("because")) == "TimeoutError: from ValueError: because"
    assert raised(hide=True) == "TimeoutError"
    assert error_line(RuntimeError("of its own")) == "RuntimeError: of its own"


def test_no_truth_is_asked_of_an_error():
    """An exception class may have a length, or a truth that raises."""

    class Empty(Exception):
        def __len__(self):
            raise OSError

    error = RuntimeError()
    error.__cause__ = Empty("inside")

    assert error_line(error) == "RuntimeError: from Empty: inside"


def test_a_task_group_in_a_node_is_told_wherever_its_failure_is():
    """Stop, table, error tab, search, and the record that an error route puts (R9)."""
    g = GraphBuilder("mcp").node("call", call).node("rescue", lambda ctx: None)
    failing = Debugger(g.edge("call", "rescue").start("call").end("rescue").build(), {})
    g = GraphBuilder("mcp").node("call", call).node("rescue", lambda ctx: None)
    g.edge("call", "rescue").on_error("call", "rescue").start("call").end("rescue")
    rescued = Debugger(g.build(), {})
    stop = failing.run()
    rescued.run()

    rows = TAB.rows(failing, stop.frame, {})
    reason = "ConnectionError: refused by port 8080"
    assert reason in str(stop)
    assert reason in failing.frames.to_pandas()["error"].iloc[-1]
    assert reason in rows["message"]
    assert [part["message"] for part in rows["parts"]] == ["refused by port 8080"]
    assert failing.find("port 8080")[0].where == "error"
    record = rescued.state["call.error"]
    assert record["type"] == "ExceptionGroup"
    assert reason in record["message"]
