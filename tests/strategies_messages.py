"""Messages of the libraries that people write agents with, one of each shape."""

from __future__ import annotations

import datetime
from typing import Any

from anthropic.types import Message
from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, LLMResult
from openai.types.chat import ChatCompletion
from openai.types.responses import Response
from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

PNG = "iVBORw0KGgo="

LANGCHAIN: dict[str, Any] = {
    "human": HumanMessage("hi"),
    "human with an image": HumanMessage(
        [{"type": "text", "text": "look"}, {"type": "image", "base64": PNG}], name="ada", id="1"
    ),
    "what it has no field for": HumanMessage("hi", sent_by={"team": [1, (2,)]}),
    "ai": AIMessage(
        "calling",
        tool_calls=[{"name": "add", "args": {"a": 1}, "id": "c1", "type": "tool_call"}],
        usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
        response_metadata={"model": "m", "at": datetime.datetime(2026, 11, 30, 9)},
    ),
    "chunk": AIMessageChunk("a") + AIMessageChunk("b", id="run-1"),
    "tool": ToolMessage("3", tool_call_id="c1", artifact={"raw": (1, 2)}, status="error"),
    "system": SystemMessage("be brief"),
    "remove": RemoveMessage(id="1"),
    "document": Document("text", metadata={"page": 3}),
    "result": LLMResult(generations=[[ChatGeneration(message=AIMessage("x"))]]),
    "text of a message": AIMessage("hello").text,
}

_COMPLETION: dict[str, Any] = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "x_groq": {"id": [1]},
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "logprobs": None,
            "message": {
                "role": "assistant",
                "content": None,
                "refusal": None,
                "reasoning": "of another provider",
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "add", "arguments": '{"a": 1}'},
                    }
                ],
            },
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}
_SAID = {"type": "output_text", "text": "hi", "annotations": []}
_OUTPUT = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}

OPENAI: dict[str, Any] = {
    "completion": ChatCompletion.model_validate(_COMPLETION),
    "as its client makes one": ChatCompletion.construct(**_COMPLETION),
    "message": ChatCompletion.construct(**_COMPLETION).choices[0].message,
    "response": Response.construct(
        id="r", created_at=1.0, model="m", output=[{**_OUTPUT, "content": [_SAID]}], tools=[]
    ),
}
OPENAI["as its client makes one"]._request_id = "req_1"

ANTHROPIC: dict[str, Any] = {
    "message": Message.model_validate(
        {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "c",
            "content": [
                {"type": "text", "text": "hi", "citations": None},
                {"type": "tool_use", "id": "t", "name": "add", "input": {"a": 1}},
            ],
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    ),
}
ANTHROPIC["text block"], ANTHROPIC["tool use block"] = ANTHROPIC["message"].content

PYDANTIC_AI: dict[str, Any] = {
    "request": ModelRequest(
        parts=[
            SystemPromptPart("be brief"),
            UserPromptPart(
                [
                    "look",
                    ImageUrl(url="https://example.org/a.png"),
                    BinaryContent(data=b"\x89PNG", media_type="image/png"),
                ]
            ),
            ToolReturnPart(tool_name="add", content={"sum": 3}, tool_call_id="c1"),
        ]
    ),
    "response": ModelResponse(
        parts=[
            ThinkingPart("hm", signature="s"),
            TextPart("calling"),
            ToolCallPart("add", {"a": 1}, tool_call_id="c1"),
        ],
        model_name="m",
    ),
}

MESSAGES: dict[str, Any] = {
    f"{library}: {what}": message
    for library, messages in {
        "langchain": LANGCHAIN,
        "openai": OPENAI,
        "anthropic": ANTHROPIC,
        "pydantic-ai": PYDANTIC_AI,
    }.items()
    for what, message in messages.items()
}
"""One of each shape, by what it is."""
