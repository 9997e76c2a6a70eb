"""What clients send and servers answer, by family: requests, whole answers, and their streams."""

from __future__ import annotations

import json
from typing import Any

from lellm_nb.calls.call import Call
from lellm_nb.calls.exchange import Exchange

OPENAI = "https://api.openai.com/v1"
ANTHROPIC = "https://api.anthropic.com/v1/messages"
GOOGLE = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash"
MCP = "https://tools.test/mcp"

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
ARGUMENTS = '{"city": "Paris"}'
TEXT = 'In Paris it is 21 °C — "warm".\nBring no umbrella.'

URLS = {
    "chat": f"{OPENAI}/chat/completions",
    "responses": f"{OPENAI}/responses",
    "anthropic": ANTHROPIC,
    "gemini": f"{GOOGLE}:generateContent",
    "embeddings": f"{OPENAI}/embeddings",
    "mcp": MCP,
}

ASKED: dict[str, dict[str, Any]] = {
    "chat": {
        "model": "gpt-4o-mini",
        "temperature": 0.2,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "How is Paris?"}]},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "weather", "arguments": ARGUMENTS},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"},
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}],
    },
    "responses": {
        "model": "gpt-5-mini",
        "instructions": "Be brief.",
        "reasoning": {"effort": "low"},
        "input": [
            {"role": "user", "content": "How is Paris?"},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {
                "type": "function_call",
                "call_id": "call_1",
                "name": "weather",
                "arguments": ARGUMENTS,
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"},
        ],
        "tools": [{"type": "function", "name": "weather", "parameters": SCHEMA}],
    },
    "anthropic": {
        "model": "claude-sonnet-4-5",
        "max_tokens": 500,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "How is Paris?"},
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "tool_use",
                        "id": "call_1",
                        "name": "weather",
                        "input": {"city": "Paris"},
                    }
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": "21 degrees"}
                ],
            },
        ],
        "tools": [{"name": "weather", "input_schema": SCHEMA}],
    },
    "gemini": {
        "systemInstruction": {"role": "user", "parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "How is Paris?"}]},
            {
                "role": "model",
                "parts": [{"functionCall": {"name": "weather", "args": {"city": "Paris"}}}],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "weather", "response": {"result": "21 degrees"}}}
                ],
            },
        ],
        "tools": [{"functionDeclarations": [{"name": "weather", "parameters": SCHEMA}]}],
        "generationConfig": {"temperature": 0.2},
    },
    "embeddings": {"model": "text-embedding-3-small", "input": ["one", "two"], "dimensions": 2},
    "mcp": {
        "jsonrpc": "2.0",
        "id": 3,
        "method": "tools/call",
        "params": {"name": "weather", "arguments": {"city": "Paris"}, "_meta": {}},
    },
}

ANSWERED: dict[str, dict[str, Any]] = {
    "chat": {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": TEXT,
                    "tool_calls": [
                        {
                            "id": "call_2",
                            "type": "function",
                            "function": {"name": "weather", "arguments": ARGUMENTS},
                        }
                    ],
                },
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {
            "prompt_tokens": 812,
            "completion_tokens": 40,
            "total_tokens": 852,
            "prompt_tokens_details": {"cached_tokens": 512},
            "completion_tokens_details": {"reasoning_tokens": 8},
        },
    },
    "responses": {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_760_000_000,
        "status": "completed",
        "model": "gpt-5-mini-2025-08-07",
        "output": [
            {
                "type": "reasoning",
                "id": "rs_2",
                "summary": [{"type": "summary_text", "text": "Ask."}],
            },
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": TEXT, "annotations": []}],
            },
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "call_2",
                "name": "weather",
                "arguments": ARGUMENTS,
                "status": "completed",
            },
        ],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 812,
            "output_tokens": 40,
            "total_tokens": 852,
            "input_tokens_details": {"cached_tokens": 512, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 8},
        },
    },
    "anthropic": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [
            {"type": "thinking", "thinking": "Ask.", "signature": "c2ln"},
            {"type": "text", "text": TEXT},
            {"type": "tool_use", "id": "call_2", "name": "weather", "input": {"city": "Paris"}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 200,
            "cache_read_input_tokens": 512,
            "cache_creation_input_tokens": 100,
            "output_tokens": 40,
            "output_tokens_details": {"thinking_tokens": 8},
        },
    },
    "gemini": {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [
                        {"text": "Ask.", "thought": True},
                        {"text": TEXT},
                        {"functionCall": {"name": "weather", "args": {"city": "Paris"}}},
                    ],
                },
                "finishReason": "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": 800,
            "toolUsePromptTokenCount": 12,
            "candidatesTokenCount": 32,
            "thoughtsTokenCount": 8,
            "cachedContentTokenCount": 512,
            "totalTokenCount": 852,
        },
        "modelVersion": "gemini-2.5-flash",
        "responseId": "r1",
    },
    "embeddings": {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 812, "total_tokens": 812},
    },
    "mcp": {
        "jsonrpc": "2.0",
        "id": 3,
        "result": {"content": [{"type": "text", "text": TEXT}], "isError": False},
    },
}

TALKS = ("chat", "responses", "anthropic", "gemini")
"""The families whose answers are texts of models."""


def exchange(kind: str, *, stream: bool = False, **more: Any) -> Exchange:
    """A request of a family, not answered yet."""
    body = {**ASKED[kind], **more}
    url = URLS[kind]
    if stream and kind == "gemini":
        url = f"{GOOGLE}:streamGenerateContent?alt=sse"
    elif stream:
        body["stream"] = True
    headers = (("content-type", "application/json"),)
    return Exchange("POST", url, headers, json.dumps(body).encode(), stream=stream, started=1.0)


def answered(
    made: Exchange,
    body: bytes,
    *,
    content_type: str = "application/json",
    status: int = 200,
    encoding: str = "",
) -> Exchange:
    """The same with an answer that came in one piece, half a second after it was sent."""
    made.status, made.duration, made.chunks = status, 1.5, [(0.5, body)]
    made.response_headers = (("content-type", content_type),)
    if encoding:
        made.response_headers += (("content-encoding", encoding),)
    return made


def call(kind: str) -> Call:
    """A call of a family, answered whole."""
    return Call(2, [answered(exchange(kind), json.dumps(ANSWERED[kind]).encode())])


def streamed(kind: str, body: bytes) -> Call:
    """A call of a family, answered by a stream."""
    made = answered(exchange(kind, stream=True), body, content_type="text/event-stream")
    return Call(2, [made])
