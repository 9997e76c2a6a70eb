"""A server of models for each test, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.calls.server import ModelServer
from tests.debug.calls.agents import client


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A server of models, for one test: what it was asked is the witness of what was paid."""
    one = ModelServer()
    yield one
    one.end()


@pytest.fixture
def ai(server: ModelServer) -> openai.OpenAI:
    """A client of it, made outside of any run."""
    return client(server)
