"""A server of models for tests of the tab Calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calls.server import ModelServer


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A server of models."""
    running = ModelServer()
    yield running
    running.end()
