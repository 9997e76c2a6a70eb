"""A folder of snapshots that people read."""

from __future__ import annotations

import datetime
import json
import os
import re
from pathlib import Path
from typing import Any

from lellm_nb.arguments import path_of, whole
from lellm_nb.errors import CheckpointStoreError, CorruptedCheckpointError, sentence
from lellm_nb.private_file import written_whole
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.sinks import FrameInfo
from lellm_nb.state.state import keep, view
from lellm_nb.store.arguments import checked_redactor

__all__ = ["SNAPSHOT_FILE", "DiskSink"]

SNAPSHOT_FILE = re.compile(r"\d{6} .*\.json$")
"""How the files of snapshots are called."""


class DiskSink:
    """A checkpoint sink that writes a snapshot every n steps, as indented JSON.

    File names sort in the order of the commits: ``000012 publish.json``.

    Args:
        folder: Made when it is not there.
        every: How many commits lie between two snapshots.
        redact: What is secret in them; API keys by default.

    Raises:
        CheckpointStoreError: The folder cannot be made, or an argument does not fit.

    Example:
        >>> import tempfile
        >>> from lellm_nb import GraphBuilder
        >>> sink = DiskSink(tempfile.mkdtemp())
        >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
        >>> result = g.run({}, checkpoint=sink)
        >>> [path.name for path in sink.snapshots()], sink.read(sink.snapshots()[0])["state"]
        (['000001 a.json'], State({'n': 1}))
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every: int = 1,
        redact: Redactor | None = None,
    ) -> None:
        self.folder = path_of(folder, "folder", CheckpointStoreError)
        self.every = whole(every, "every", CheckpointStoreError, least=1)
        self.codec = Codec(redactor=checked_redactor(redact) or Redactor())
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            known = [int(path.name[:6]) for path in self.snapshots()]
        except OSError as error:
            raise CheckpointStoreError(
                f"Could not make {str(folder)!r}: {sentence(error)}"
            ) from error
        self._count = max(known, default=0)

    def snapshots(self) -> list[Path]:
        """Return the snapshots, oldest first."""
        return sorted(p for p in self.folder.glob("*.json") if SNAPSHOT_FILE.match(p.name))

    def on_checkpoint(self, state: Any, frame_info: FrameInfo) -> str | bool:
        """Write a snapshot if it is time; return its file's name, else False.

        Raises:
            CheckpointStoreError: The file cannot be written.
        """
        self._count += 1
        if self._count % self.every:
            return False
        safe = re.sub(r"[^\w.#-]+", "_", frame_info.path or frame_info.node_id)[:80]
        path = self.folder / f"{self._count:06d} {safe}.json"
        body, _ = self.codec.written(lambda: self._form(state, frame_info))
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False) + "\n"
        try:
            with written_whole(path) as file:
                file.write(text.encode())
        except OSError as error:
            raise CheckpointStoreError(
                f"Could not write {str(path)!r}: {sentence(error)}"
            ) from error
        return path.name

    def _form(self, state: Any, frame_info: FrameInfo) -> dict[str, Any]:
        frame = frame_info.frame
        return {
            "lellm_nb": "snapshot",
            "format": 1,
            "graph": frame_info.graph_id,
            "path": frame_info.path or frame_info.node_id,
            "step": frame_info.step,
            "kind": "commit" if frame is None else frame.kind,
            "at": datetime.datetime.now(datetime.UTC).isoformat(),
            "state": PositionWriter(self.codec).data(keep(state)),
        }

    def read(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        """Return a snapshot, its state as nodes read it.

        Raises:
            CorruptedCheckpointError: It is none, or damaged.
        """
        try:
            data = path_of(path, "path", CheckpointStoreError).read_bytes()
        except OSError as error:
            raise CheckpointStoreError(
                f"Could not read {str(path)!r}: {sentence(error)}"
            ) from error
        form = self.codec.parse(data)
        try:
            if form["lellm_nb"] != "snapshot" or form["format"] != 1:
                raise ValueError(f"format {form['format']!r}")
            return {**form, "state": view(PositionReader(self.codec).data(form["state"]))}
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"This is no snapshot: {error_text(error)}.") from error
