"""Columns of the matrix: what people are shown, and what they are given to keep."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
from typing import Any

from lellm_nb.cli import main
from lellm_nb.notebook import export_html
from lellm_nb.notebook.export.still import static_html
from lellm_nb.notebook.layout.layout import layout
from lellm_nb.notebook.messages.queries import answer
from lellm_nb.notebook.model.stream_tails import StreamTails
from lellm_nb.notebook.model.updates import Updates
from lellm_nb.notebook.values.redaction import redact_rows
from lellm_nb.notebook.values.value_rows import clean_rows
from lellm_nb.notebook.widget.panel import Panel
from tests.record.redaction.matrix.run import Run


def logged(run: Run) -> bytes:
    return run.logged.getvalue().encode("utf-8", "replace")


def warned(run: Run) -> bytes:
    return "\n".join(run.warned).encode("utf-8", "replace")


def printed(run: Run) -> bytes:
    """The command line, over the store's file."""
    out = io.StringIO()
    path = str(run.folder / "runs.db")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        main(["runs", path])
        main(["runs", path, "show"])
        for i in range(len(run.shown().frames)):
            main(["runs", path, "show", "--frame", str(i)])
    return out.getvalue().encode("utf-8", "replace")


def raised(run: Run) -> bytes:
    """What a cell shows of a stop and of the errors of our own."""
    dbg = run.shown()
    with run.hearing():
        stop = dbg.retry() if dbg.frames[-1].kind == "error" else None
    shown = [repr(stop), str(stop), repr(dbg), repr(dbg.frames), repr(dbg.tree), repr(dbg.pending)]
    shown += [str(dbg.status_line)]
    by_look = [] if run.story.paths else run.raised  # of a run that has no redactor
    return "\n".join([*shown, *by_look]).encode("utf-8", "replace")


def cells(run: Run) -> bytes:
    """What a notebook is saved with, of things that are no reading of the state."""
    dbg = run.shown()
    shown: list[Any] = [dbg.frames, dbg.diff(0, -1), dbg.tree]
    key = next(iter(dbg.state), None) if isinstance(dbg.state, dict) else None
    if key is not None:
        shown.append(dbg.who(key))
    made = [one._repr_html_() for one in shown if hasattr(one, "_repr_html_")]
    made += [repr(one) for one in shown]
    return "\n".join(made).encode("utf-8", "replace")


_TABS = "state diff mutations route output error who branches".split()


def stream(run: Run) -> bytes:
    """What a view is told of the chunks of nodes that run."""
    dbg = run.shown()
    updates = Updates(dbg)
    tails = StreamTails(updates.outline)
    told = []
    for frame in dbg.frames:
        chunks: list[Any] = []
        for chunk in frame.stream:
            chunks.append(chunk)
            told.append(list(tails.news({frame.static_path: list(chunks)})))
    return _json(redact_rows(dbg, told))


def widget(run: Run) -> bytes:
    dbg = run.shown()
    panel = Panel(dbg)
    updates = panel.updates
    told: list[Any] = [panel.outline, panel.snapshot]
    for frame in range(len(dbg.frames)):
        asked: list[dict[str, Any]] = [{"ask": "detail", "tab": tab} for tab in _TABS]
        asked += [{"ask": "detail", "tab": "diff", "against": 0}]
        asked += [{"ask": "inside", "steps": steps, "start": 0} for steps in _STEPS]
        asked += [{"ask": "place", "steps": steps} for steps in _STEPS]
        asked += [{"ask": "find", "text": "e"}, {"ask": "who", "text": "value"}]
        asked += [{"ask": "node", "node": 0}]
        for question in asked:
            told.append(redact_rows(dbg, answer(updates, {"frame": frame, **question})))
    panel.rest()
    told += [panel.snapshot, panel.book]
    return _json(told)


_STEPS = ([0], [1], [0, 0], [1, 0], [0, 0, 0])


def notebook(run: Run) -> bytes:
    dbg = run.shown()
    updates = Updates(dbg)
    still = static_html(dbg, updates.outline, layout(updates.outline, set()), {})
    told = [still, json.dumps(redact_rows(dbg, clean_rows(updates.snapshot())), default=str)]
    return drawn("\n".join(told).encode("utf-8", "replace"))


def export(run: Run) -> bytes:
    return drawn(export_html(run.shown(), run.folder / "page.html").read_bytes())


def drawn(told: bytes) -> bytes:
    """Add to a page what its pictures have in them."""
    pictures = re.findall(rb"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", told)
    return told + b"\n".join(map(base64.b64decode, pictures))


def code(run: Run) -> bytes:
    dbg = run.shown()
    made = []
    for frame in dbg.frames:
        if frame.kind == "commit":
            for write in (dbg.to_test, dbg.to_cell):
                with contextlib.suppress(Exception):
                    made.append(write(frame))
    return "\n".join(made).encode("utf-8", "replace")


def _json(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False, default=repr).encode("utf-8", "replace")
