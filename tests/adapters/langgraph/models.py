"""Scripted models and tools: what a model says depends on the messages it sees, on nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.tools import BaseTool, tool

from tests.adapters.langgraph.case import Ran

__all__ = ["Scripted", "Typing", "arithmetic", "by_tools", "call"]


class Scripted(BaseChatModel):
    """Says what its script makes of the messages, so that a rewound run hears the same."""

    script: Callable[[list[BaseMessage]], AIMessage]
    ran: Any = None

    def bind_tools(self, tools: Sequence[Any], **more: Any) -> Scripted:
        return self

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **more: Any
    ) -> ChatResult:
        if self.ran is not None:
            self.ran("llm")
        return ChatResult(generations=[ChatGeneration(message=self.script(messages))])


class Typing(Scripted):
    """The same, word by word where it is asked for tokens."""

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **more: Any
    ) -> Iterator[ChatGenerationChunk]:
        if self.ran is not None:
            self.ran("llm")
        said = self.script(messages)
        words = str(said.content).split(" ")
        for n, word in enumerate(words):
            text = word if n == 0 else f" {word}"
            chunk = AIMessageChunk(content=text, id=said.id)
            if run_manager is not None:
                run_manager.on_llm_new_token(text, chunk=ChatGenerationChunk(message=chunk))
            yield ChatGenerationChunk(message=chunk)


def call(name: str, id: str, **args: Any) -> dict[str, Any]:
    """Return a call of a tool, as a model asks for it.

    Example:
        >>> call("add", "t1", a=1)
        {'name': 'add', 'args': {'a': 1}, 'id': 't1', 'type': 'tool_call'}
    """
    return {"name": name, "args": args, "id": id, "type": "tool_call"}


def by_tools(*replies: AIMessage) -> Callable[[list[BaseMessage]], AIMessage]:
    """Return a script: the n-th reply after n rounds of tools; the last one from then on."""

    def script(messages: list[BaseMessage]) -> AIMessage:
        rounds, was_tool = 0, False
        for message in messages:
            is_tool = isinstance(message, ToolMessage)
            rounds += is_tool and not was_tool
            was_tool = is_tool
        said = replies[min(rounds, len(replies) - 1)]
        return said.model_copy(deep=True)

    return script


def arithmetic(ran: Ran) -> list[BaseTool]:
    """Return the tools `add` and `mul`, counted as ``tool:add`` and ``tool:mul``."""

    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        ran("tool:add")
        return a + b

    @tool
    def mul(a: int, b: int) -> int:
        """Multiply."""
        ran("tool:mul")
        return a * b

    return [add, mul]
