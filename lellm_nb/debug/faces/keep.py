"""Keeping a run in a store or a file, opening it again, and taking steps out of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lellm_nb.debug.faces.face import Face
from lellm_nb.debug.persist.closing import close, refresh
from lellm_nb.debug.persist.save import save
from lellm_nb.debug.persist.secrets import supply

__all__ = ["KeepFace"]


class KeepFace(Face):
    """``save, close, refresh, supply, to_test, to_cell``."""

    def supply(self, values: Mapping[Any, Any]) -> None:
        """Put values where secrets were taken out, so that a reopened run can go on.

        They are written at every level that lacks them, as frames of kind *edit*, and are
        taken out of the store again.

        Args:
            values: By key, or by path tuple: ``{("config", "api_key"): …}``. Given what stands
                there now (``{"text": dbg.state["text"]}``), the run goes on with the text it shows.

        Raises:
            BusyError: A run is going on.
            DebuggerError: No secret was taken out at such a place; names those that were.
        """
        self._context.at_once(supply, values)

    def close(self) -> None:
        """Let the run go, so that another process may write it; looking goes on working.

        It is the whole run that is let go, whichever of its forks this is.

        Raises:
            CheckpointStoreError: The store still refuses what was committed.
            BusyError: A run is going on.
        """
        close(self._context)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole run to one file: every line, names, notes, pins, stops.

        The file holds data only; see `lellm_nb.store.archive` for its format.

        Raises:
            SerializationError: A value cannot be written; names its path.
            CheckpointStoreError: The file cannot be written.
            BusyError: A run is going on.
        """
        self._context.at_once(save, path)

    def refresh(self) -> int:
        """Look for frames that another process has added since; return how many came.

        Where the head stood at the tip of its line it goes with it. Only a run that was
        opened for reading has news.
        """
        return refresh(self._context)

    def to_test(self, frame: Any) -> str:
        """Return a pytest that runs one step again on its recorded input.

        The node's source is embedded where it can be found, with the values it takes from
        outside. What cannot be written out is named in the text, and the test is skipped;
        secrets are left out and named as well.

        Raises:
            DebuggerError: The frame is not the run of a task.
            NoSuchFrameError: There is no such frame.
        """
        from lellm_nb.debug.codegen.step_to_code import to_test

        return to_test(self._context, self._frame(frame))

    def to_cell(self, frame: Any) -> str:
        """Return a cell that rebuilds a step's state and calls its node.

        Raises:
            DebuggerError: The frame is not the run of a task.
            NoSuchFrameError: There is no such frame.
        """
        from lellm_nb.debug.codegen.step_to_code import to_cell

        return to_cell(self._context, self._frame(frame))
