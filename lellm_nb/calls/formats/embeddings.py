"""Embeddings: OpenAI's and whoever does as it does, and Gemini's."""

from __future__ import annotations

from typing import Any

from lellm_nb.calls.formats.format import Body, Format, Messages, ReadAnswer, ReadRequest
from lellm_nb.calls.formats.gemini import model_in
from lellm_nb.calls.formats.json_data import count_of, dicts, pick, text_of, without

__all__ = ["EmbeddingsFormat", "GeminiEmbeddingsFormat"]


class EmbeddingsFormat(Format):
    """The format of ``/embeddings``; each text that goes in is a message."""

    kind = "embeddings"
    provider = "openai"

    def matches(self, path: str, body: Body) -> bool:
        """Tell it by the end of the path."""
        return path.endswith("/embeddings") and "input" in body

    def read_request(self, url: str, body: Body) -> ReadRequest:
        """Return what was asked."""
        given = body["input"]
        return ReadRequest(
            model=text_of(body.get("model")),
            messages=[{"role": "user", "content": one} for one in _texts(given)],
            params=without(body, ("input", "model")),
        )

    def read_answer(self, data: Body) -> ReadAnswer:
        """Return what it took; there is no text."""
        took = count_of(pick(data, "usage", "prompt_tokens"), pick(data, "usage", "total_tokens"))
        return ReadAnswer(
            model=text_of(data.get("model")),
            tokens_in=took,
            tokens_out=None if took is None else 0,
        )

    def fold(self, found: list[Body]) -> Body:
        """They do not come in pieces."""
        return found[-1]

    def put_messages(self, body: Body, messages: Messages) -> Body:
        """Put the texts back."""
        texts = [message.get("content") for message in messages]
        alone = len(texts) == 1 and not _is_list_of_texts(body.get("input"))
        return {**body, "input": texts[0] if alone else texts}

    def put_model(self, url: str, body: Body, model: str) -> tuple[str, Body]:
        """It stands in the body."""
        return url, {**body, "model": model}


class GeminiEmbeddingsFormat(EmbeddingsFormat):
    """The format of ``:embedContent`` and ``:batchEmbedContents``."""

    provider = "google"

    def matches(self, path: str, body: Body) -> bool:
        """Tell it by the method that the path ends with."""
        return path.endswith((":embedContent", ":batchEmbedContents"))

    def read_request(self, url: str, body: Body) -> ReadRequest:
        """Return what was asked."""
        asked = dicts(body.get("requests")) or [body]
        texts = ["".join(_part_texts(one)) for one in asked]
        return ReadRequest(
            model=model_in(url),
            messages=[{"role": "user", "content": text} for text in texts],
            params=without(body, ("requests", "content", "model")),
        )

    def put_messages(self, body: Body, messages: Messages) -> Body:
        """They are not put back."""
        return Format.put_messages(self, body, messages)

    def put_model(self, url: str, body: Body, model: str) -> tuple[str, Body]:
        """It stands in the URL and in each request, which is not rewritten."""
        return Format.put_model(self, url, body, model)


def _is_list_of_texts(given: Any) -> bool:
    """Tell a list of texts, or of lists of tokens, from one of tokens."""
    return isinstance(given, list) and not any(isinstance(one, int) for one in given[:1])


def _texts(given: Any) -> list[Any]:
    return given if _is_list_of_texts(given) else [given]


def _part_texts(request: Body) -> list[str]:
    return [text_of(part.get("text")) for part in dicts(pick(request, "content", "parts"))]
