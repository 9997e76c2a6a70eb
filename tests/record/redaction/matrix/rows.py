"""All rows of the matrix."""

from __future__ import annotations

from tests.record.redaction.matrix import paths, places, values
from tests.record.redaction.matrix.story import Story

ROWS: dict[str, Story] = {**values.rows(), **places.rows(), **paths.rows()}
