"""The callback handler that every task of a drive asks before it starts.

A refusal raises a `GraphBubbleUp`: LangGraph records nothing for that task, cancels no sibling,
tries nothing again and calls no error handler.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langgraph.errors import GraphBubbleUp

from lellm_nb.adapters.langgraph.position.level import START

__all__ = ["Gate", "GateHold", "Porter", "StreamingGate", "gate_of"]


T = TypeVar("T")


class GateHold(GraphBubbleUp):
    """Raised by the gate in a task that may not run now."""


class Porter(Protocol):
    """Who says whether a task may run."""

    def foreign(self, namespace: str) -> bool:
        """Tell whether a task is of a graph that runs on a thread of its own inside of a node."""

    def behind(self, namespace: str, step: int) -> bool:
        """Tell whether what was saved before a task has still to arrive."""

    def catch_up(self, namespace: str, step: int) -> None:
        """Wait until it has arrived; not on the loop's thread."""

    def asks(self, metadata: Mapping[str, Any], run: UUID, inputs: Any) -> None:
        """Let a task go on, or raise a `GateHold`."""

    def left(self, run: UUID, error: BaseException | None) -> GateHold | None:
        """Hear that a task has ended."""

    def token(self, text: str, chunk: Any) -> None:
        """Hear of a piece of what a model writes."""


def _is_task(name: str | None, tags: Any, metadata: Any) -> bool:
    """Tell whether a chain that starts is a task of a graph."""
    if not metadata or not tags or name != metadata.get("langgraph_node"):
        return False
    if name == START and "langsmith:hidden" in tags:
        return False
    for tag in tags:
        if tag.startswith("graph:step:"):
            return True
    # a task of the functional API begins with its function: LangGraph tells of nothing around it
    path: Any = metadata.get("langgraph_path") or ()
    return _FIRST in tags and len(path) > 1 and isinstance(path[1], (tuple, list))


_FIRST = "seq:step:1"


_COROUTINE = inspect.CO_COROUTINE
"""Whether whoever asks a handler is a coroutine tells whether it can be awaited."""


class Gate(BaseCallbackHandler):
    """Asks for every task, and hears of its end.

    LangChain awaits what it looks up of a handler if that is a coroutine function, but for a graph
    that a plain function invokes: there nobody awaits anything. One handler answers in both
    places, as each costs a step a tenth of what LangGraph takes for it.
    """

    raise_error = True
    run_inline = True

    def __init__(self, porter: Porter, others: Sequence[Any] = ()) -> None:
        self._porter = porter
        self._others = others

    def __hash__(self) -> int:
        """Return zero.

        LangChain merges handlers as sets: a hash of zero comes first in them, and who asks first
        can keep all others from hearing of a task that is held.
        """
        return 0

    @property
    def on_chain_start(self) -> Any:
        """What asks for a task."""
        awaited = sys._getframe(1).f_code.co_flags & _COROUTINE
        return self._started_awaited if awaited else self._started

    @property
    def on_chain_error(self) -> Any:
        """What hears that a task has failed."""
        awaited = sys._getframe(1).f_code.co_flags & _COROUTINE
        return self._failed_awaited if awaited else self._failed

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **more: Any) -> None:
        """Hear that a task has ended."""
        held = self._porter.left(run_id, None)
        if held is not None:
            raise held

    def on_chat_model_start(self, *given: Any, **more: Any) -> None:
        """Hear nothing; if this were not here LangChain would make one text of all messages."""

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, **more: Any) -> None:
        """Hear of a piece of what a model writes."""
        self._porter.token(token, chunk)

    async def _started_awaited(
        self, serialized: Any, inputs: Any, *, run_id: UUID, **more: Any
    ) -> None:
        """Ask where there is time.

        What a step has saved arrives in tasks of their own, which may come after the next node
        asks.
        """
        metadata = self._task_in(more)
        if metadata is None:
            return
        namespace, step = metadata["langgraph_checkpoint_ns"], metadata["langgraph_step"]
        for _ in range(_TURNS):
            if not self._porter.behind(namespace, step):
                break
            await asyncio.sleep(0)
        self._porter.asks(metadata, run_id, inputs)

    def _started(self, serialized: Any, inputs: Any, *, run_id: UUID, **more: Any) -> None:
        metadata = self._task_in(more)
        if metadata is not None:
            namespace, step = metadata["langgraph_checkpoint_ns"], metadata["langgraph_step"]
            self._porter.catch_up(namespace, step)
            self._porter.asks(metadata, run_id, inputs)

    def _task_in(self, more: Mapping[str, Any]) -> Any:
        """Return what LangGraph says of the task that starts; `None` where none of ours does."""
        metadata = more.get("metadata")
        if not _is_task(more.get("name"), more.get("tags"), metadata):
            return None
        assert metadata is not None
        return None if self._porter.foreign(metadata["langgraph_checkpoint_ns"]) else metadata

    # that a task is held inside of another one is no failure of that one to anybody: the hold is
    # raised here, so that nobody is told who comes later

    async def _failed_awaited(self, error: BaseException, *, run_id: UUID, **more: Any) -> None:
        held = self._porter.left(run_id, error) or error
        if isinstance(held, GateHold):
            for heard in _ended(self._others, run_id, more):
                with suppress(Exception):
                    await heard
            raise held

    def _failed(self, error: BaseException, *, run_id: UUID, **more: Any) -> None:
        held = self._porter.left(run_id, error) or error
        if isinstance(held, GateHold):
            for heard in _ended(self._others, run_id, more):
                heard.close()
            raise held


_TURNS = 10_000
"""So many turns of the loop are waited for what was saved before."""


class StreamingGate(Gate):
    """The same, for whose sake models stream what they write.

    A model streams where a handler has the two methods below. LangGraph's own such handler, of
    its stream mode *messages*, also walks all messages of every node's input and output.
    """

    def tap_output_aiter(self, run_id: UUID, output: AsyncIterator[T]) -> AsyncIterator[T]:
        """Return a stream as it is."""
        return output

    def tap_output_iter(self, run_id: UUID, output: Iterator[T]) -> Iterator[T]:
        """Return a stream as it is."""
        return output


def gate_of(porter: Porter, *, stream: bool, others: Sequence[Any] = ()) -> Gate:
    """Return the handler of a drive.

    Args:
        stream: Whether models stream what they write.
        others: The user's own handlers.
    """
    return (StreamingGate if stream else Gate)(porter, others)


def _ended(others: Sequence[Any], run_id: UUID, more: Mapping[str, Any]) -> Iterator[Any]:
    """Tell handlers that a run has ended whose task is held; yield what is to be awaited."""
    for handler in others:
        try:
            told = None if handler.ignore_chain else handler.on_chain_end({}, run_id=run_id, **more)
        except Exception:  # it has not heard of its beginning, say
            continue
        if inspect.iscoroutine(told):
            yield told


def quiet(loop: asyncio.AbstractEventLoop) -> None:
    """Keep a loop from reporting tasks that are held, and that nobody waits for any more."""
    before = loop.get_exception_handler()
    if getattr(before, "holds", False):
        return

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), GateHold):
            return
        if before is None:
            loop.default_exception_handler(context)
        else:
            before(loop, context)

    handle.holds = True  # type: ignore[attr-defined]  # said once for each loop
    loop.set_exception_handler(handle)


class _Quiet(logging.Filter):
    """Keeps a task that is held from being reported as an error of a callback."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.args if isinstance(record.args, tuple) else ()
        name = f"{GateHold.__name__}("
        return not any(isinstance(part, str) and part.startswith(name) for part in said)


logging.getLogger("langchain_core.callbacks.manager").addFilter(_Quiet())
