"""A server for each test, and the wrappers in their places around it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.calls.server import ModelServer
from tests.calls.wire.nodes import recording

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would look for a newer one at import


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A server of models, for one test."""
    one = ModelServer()
    yield one
    one.end()


@pytest.fixture(autouse=True)
def _recorded() -> Iterator[None]:
    with recording():
        yield
