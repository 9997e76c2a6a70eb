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
from lellm_nb.graph.graph import Graph, built_graph
from lellm_nb.private_file import make_private_folder, written_whole
from lellm_nb.record.codec.limits import DAMAGE, error_text
from lellm_nb.record.codec.positions import PositionReader, PositionWriter
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.record.past.captured import known_frames
from lellm_nb.record.past.frame_forms import frames_form, read_frames
from lellm_nb.record.redaction.redactor import Redactor
from lellm_nb.record.redaction.secret_paths import level_place
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
        folder: Made when it is not there, for its owner alone.
        every: How many commits lie between two snapshots.
        redact: What is secret in them; API keys by default.
        graph: The graph that runs, for paths of secrets in its inner levels.

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
        graph: Graph | None = None,
    ) -> None:
        self.folder = path_of(folder, "folder", CheckpointStoreError)
        self.every = whole(every, "every", CheckpointStoreError, least=1)
        self.codec = Codec(redactor=checked_redactor(redact) or Redactor())
        self.graph = None if graph is None else built_graph(graph, CheckpointStoreError)
        try:
            make_private_folder(self.folder)
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
        said = self.codec.clean(frame_info.path or frame_info.node_id)
        safe = re.sub(r"[^\w.#-]+", "_", said)[:80]
        path = self.folder / f"{self._count:06d} {safe}.json"
        writer = self._writer(frame_info)
        body, _ = self.codec.written(lambda: self._form(writer, state, frame_info), writer.prefix)
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False) + "\n"
        try:
            with written_whole(path) as file:
                file.write(text.encode())
        except OSError as error:
            raise CheckpointStoreError(
                f"Could not write {str(path)!r}: {sentence(error)}"
            ) from error
        return path.name

    def _writer(self, frame_info: FrameInfo) -> PositionWriter:
        frame, writer = frame_info.frame, PositionWriter(self.codec)
        if frame is not None:
            writer.prefix = level_place(frame, getattr(self.graph, "nodes", {}))
        return writer

    def _form(self, writer: PositionWriter, state: Any, frame_info: FrameInfo) -> dict[str, Any]:
        frame = frame_info.frame
        state = writer.data(keep(state))
        return {
            "lellm_nb": "snapshot",
            "format": 1,
            "graph": frame_info.graph_id,
            "path": frame_info.path or frame_info.node_id,
            "step": frame_info.step,
            "kind": "commit" if frame is None else frame.kind,
            "at": datetime.datetime.now(datetime.UTC).isoformat(),
            "state": state,
            "frame": None if frame is None else self._frame_form(frame, state),
        }

    def _frame_form(self, frame: Frame, state: Any) -> dict[str, Any]:
        """Return what opens a snapshot again: the frame, and the exact position."""
        known = known_frames([frame])  # the first has the start beside it
        position = PositionWriter(self.codec, graph=self.graph).write(frame.position)
        # people read the file: the state stands in it once
        position["data"] = [None if data == state else data for data in position["data"]]
        return {
            "position": position,
            **frames_form(known, frame.position, self.codec, [], self.graph),
        }

    def frames(self) -> list[Frame]:
        """Return the frames of the snapshots, oldest first, as far as they can be opened.

        Example:
            >>> import tempfile
            >>> from lellm_nb import GraphBuilder
            >>> sink = DiskSink(tempfile.mkdtemp())
            >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a").build()
            >>> result = g.run({}, checkpoint=sink)
            >>> sink.frames()
            [<Frame 1 commit a: n>]

        Raises:
            CorruptedCheckpointError: A snapshot is damaged.
            CheckpointStoreError: One cannot be read.
        """
        return [found for path in self.snapshots() if (found := self._frame(path)) is not None]

    def _frame(self, path: Path) -> Frame | None:
        form = self._parsed(path)
        try:
            kept = form.get("frame")
            if kept is None:
                return self._seen(form)
            position = kept["position"]
            filled = [form["state"] if data is None else data for data in position["data"]]
            root = PositionReader(self.codec).read({**position, "data": filled})
            return read_frames(kept, root, self.codec)[-1]
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"This is no snapshot: {error_text(error)}.") from error

    def _seen(self, form: dict[str, Any]) -> Frame | None:
        """Return the frame of a snapshot of 0.1.0; of an inner level there is too little in it."""
        node = str(form["path"])
        if "/" in node:
            return None
        state = view(PositionReader(self.codec).data(form["state"]))
        return Frame(str(form["graph"]), node, state, int(form["step"]))

    def read(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        """Return a snapshot, its state as nodes read it.

        Raises:
            CorruptedCheckpointError: It is none, or damaged.
        """
        form = self._parsed(path)
        try:
            return {**form, "state": view(PositionReader(self.codec).data(form["state"]))}
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"This is no snapshot: {error_text(error)}.") from error

    def _parsed(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        try:
            data = path_of(path, "path", CheckpointStoreError).read_bytes()
        except OSError as error:
            raise CheckpointStoreError(
                f"Could not read {str(path)!r}: {sentence(error)}"
            ) from error
        form: dict[str, Any] = self.codec.parse(data)
        try:
            if form["lellm_nb"] != "snapshot" or form["format"] != 1:
                raise ValueError(f"format {form['format']!r}")
        except DAMAGE as error:
            raise CorruptedCheckpointError(f"This is no snapshot: {error_text(error)}.") from error
        return form
