"""A debugger's whole run as one file of data."""

from __future__ import annotations

import os
from typing import Any

from lellm_nb.arguments import path_of
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.persist.storage import beside
from lellm_nb.errors import DebuggerError
from lellm_nb.graph.graph import Graph

__all__ = ["save"]


def save(context: DebugContext, path: str | os.PathLike[str]) -> None:
    """Write the whole run to one file: every line, names, notes, pins, stops.

    Raises:
        SerializationError: A value cannot be written; names its path.
        CheckpointStoreError: The file cannot be written.
    """
    from lellm_nb.debug.persist.begin import parts_of
    from lellm_nb.record.codec.graph import graph_facts, graph_form
    from lellm_nb.record.codec.values import Codec
    from lellm_nb.store.archive import write_archive
    from lellm_nb.store.memory_rows import MemoryRows
    from lellm_nb.store.run.run_writer import RunWriter

    path = path_of(path, "path", DebuggerError)
    session, storage = context.session, context.storage
    stored = storage.stored
    facts = dict(stored.rows.facts) if stored and storage.reading else graph_facts(session.graph)
    own = getattr(storage.writer, "codec", None)
    codec = Codec(redactor=context.redactor.with_those_of(own and own.redactor))
    if not isinstance(session.graph, Graph):
        facts["outline"] = graph_form(session.graph)  # a run has taught it more since it began
    facts |= {"max_steps": context.max_steps, "seed": context.seed}
    rows = MemoryRows(storage.trace_id, codec.cleaned(facts))
    writer = RunWriter(rows, session.graph, codec, strict=True, parts=parts_of(session))
    history = session.history
    for line in list(history.lines.values()):
        writer.number(line)
        for frame in line[line.first :]:
            writer.keep(line, frame)
    writer.moved(session.line, session.head)
    notes, pins = dict(history.notes), set(history.pins)  # another thread may note and pin
    for line, frames in history.owners(notes).items():
        for frame in frames:
            writer.noted(line, frame, notes[frame])
    for line, frames in history.owners(pins).items():
        for frame in frames:
            writer.pinned(line, frame, True)
    for kind, value in beside(context).items():
        writer.mark(kind, "", value)
    for name, others in _of_other_lines(context).items():
        for kind, value in others.items():
            writer.mark(kind, str(writer.number(history.lines[name])), value)
    write_archive(path, rows, codec.clean(context.name))


def _of_other_lines(context: DebugContext) -> dict[str, dict[str, Any]]:
    """Return what the other lines have beside frames, by their names; and where they stand."""
    found = dict(context.storage.beside)
    for one in context.family.contexts():
        line, head = one.session.line, one.session.head
        found[line.name] = beside(one)
        if head.index != line.tip:
            found[line.name]["head"] = head.index
    found.pop(context.session.line.name, None)
    return found
