"""What a row of the matrix is: a run with one secret in it, and how it is told from the rest."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
from collections.abc import Callable
from typing import Any

from lellm_nb import Debugger, GraphBuilder, Redactor

KEY = "sk-ant-api03-Q7mZx4KpTd9WsLr2Vb8NcYh3"
"""A key that is known by how it looks."""

WORD = "otter-in-the-kelp"
"""A password that looks like any words: only its place says that it is secret."""

SHORT = "otter"
"""One that is too short to be looked for elsewhere."""

Graphs = Callable[[], Any]


def _drive(dbg: Debugger) -> None:
    """Go to the end: what waits is approved, what fails is left."""
    stop = dbg.run()
    for _ in range(5):
        if stop.reason.name != "BARRIER":
            return
        for pending in dbg.pending:
            dbg.approve(pending.id)
        stop = dbg.run()


@dataclasses.dataclass(frozen=True)
class Story:
    """A run with a secret in it.

    Attributes:
        graph: Makes its graph.
        state: Makes the state that it begins with.
        secret: What must be found nowhere.
        paths: Where it is, if only that makes it a secret.
        drive: Goes through the run.
        name: What the run is called.
        headless: Whether it is a run without a debugger too, with sinks.
        known: Ways out of which another piece of the work takes care, with the reason.
    """

    graph: Graphs
    state: Callable[[], Any] = dict
    secret: str = KEY
    paths: tuple[Any, ...] = ()
    drive: Callable[[Debugger], None] = _drive
    name: str | None = None
    headless: bool = True
    known: dict[str, str] = dataclasses.field(default_factory=dict)

    def redactor(self) -> Redactor:
        """Return what says that it is secret."""
        return Redactor(paths=self.paths)

    def traces(self) -> dict[str, bytes]:
        """Return the forms in which the secret would be readable, by what they are called."""
        text = self.secret
        found = {"plain": text, "JSON": json.dumps(text)[1:-1], "HTML": html.escape(text)}
        forms = {name: form.encode() for name, form in found.items()}
        forms["hex"] = text.encode().hex().encode()
        for width in ("utf-16-le", "utf-32-le"):
            forms[width] = text.encode(width)
        if self.secret != SHORT:  # of a short one a few letters of base64 stand anywhere
            if self.secret == KEY:
                forms["begun"] = text[13:21].encode()
                forms["ended"] = text[-8:].encode()
            for form in (text.encode(), text.encode("utf-32-le")):
                for shift in range(3):
                    coded = base64.b64encode(b"\0" * shift + form)[4 if shift else 0 :]
                    forms[f"base64 {len(form)}+{shift}"] = coded[: len(coded) // 4 * 4 - 4]
        return forms

    def leaks(self, told: bytes) -> list[str]:
        """Return in which forms the secret stands in what came out."""
        return [name for name, form in self.traces().items() if form in told]


def one_node(*writes: Callable[[Any], Any]) -> Graphs:
    """Return what makes a graph of one node for each function, in a row."""

    def make() -> Any:
        g = GraphBuilder("g")
        for i, write in enumerate(writes):
            g.node(f"n{i}", write)
            if i:
                g.edge(f"n{i - 1}", f"n{i}")
        return g.start("n0").end(f"n{len(writes) - 1}").build()

    return make
