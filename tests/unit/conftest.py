"""Fixtures that several files of rules share."""

from __future__ import annotations

import pytest


@pytest.fixture
def file(tmp_path):
    """A store that is not there yet."""
    return tmp_path / "runs.db"
