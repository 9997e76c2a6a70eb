"""Out of the notebook: a step as a pytest, or as a cell."""

from __future__ import annotations

from typing import Any

from lellm_nb.debug.code import tasks
from lellm_nb.debug.embed import Embedded, embed
from lellm_nb.debug.literal import Unwritable, literal
from lellm_nb.debug.sweeping import Sweeping
from lellm_nb.engine.scope import scope_at
from lellm_nb.errors import DebuggerError
from lellm_nb.record.frame import Frame
from lellm_nb.state.mutation import Delete, Put, Reduce
from lellm_nb.state.state import content_of

__all__ = ["Writing"]


class Writing(Sweeping):
    """``to_test`` and ``to_cell``."""

    def to_test(self, frame: Any) -> str:
        """Return a pytest that runs one step again on its recorded input.

        The node's source is embedded where it can be found, with the values it takes from
        outside. What cannot be written out is named in the text, and the test is skipped.

        Raises:
            DebuggerError: The frame is not the run of a task.
            NoSuchFrameError: There is no such frame.
        """
        found, fn, state = self._step_of(frame)
        made = embed(fn)
        given = _written("STATE", state, made)
        expected = _expected(found, made)
        name = "".join(c if c.isalnum() else "_" for c in found.path)
        reducers = _reducers(self.graph)
        route = found.route
        goto = route.next_node if route is not None and route.kind == "goto" else None
        others = tuple(self._nodes_beside(found))
        used = [name for name in ("Delete", "Put", "Reduce", "Reducer") if f"{name}(" in expected]
        if "Reducer.named" in expected + reducers:
            used = sorted({*used, "Reducer"})
        body = [
            f"# Replays frame {found.index} of {self.name!r}: {found.path!r}, visit {found.visit}.",
            *(_COPIED if made.parts else ()),
            "",
            *(["import pytest"] if made.missing else []),
            *sorted(made.imports),
            "",
            f"from lellm_nb import {', '.join([*used, 'run_step'])}",
            "",
            f"STATE = {given}",
            "# what the step wrote then; if that was the mistake, write here what it should be",
            f"EXPECTED = {expected}",
            "",
            "",
            *(["\n\n\n".join(made.parts), "", ""] if made.parts else []),
            f"def test_{name}_visit_{found.visit}():",
        ]
        if made.missing:
            why = "; ".join(f"{what} ({reason})" for what, reason in made.missing.items())
            body.append(f"    pytest.skip({('missing: ' + why)!r})")
        body += [
            f"    done = run_step({made.name}, STATE, node={found.node!r}, visit={found.visit},"
            f" nodes={others!r}{reducers})",
            "",
            "    assert list(done.mutations) == EXPECTED",
            f"    assert done.target {'is' if goto is None else '=='} {goto!r}",
            "",
        ]
        return "\n".join(body)

    def to_cell(self, frame: Any) -> str:
        """Return a cell that rebuilds a step's state and calls its node.

        Raises:
            DebuggerError: The frame is not the run of a task.
            NoSuchFrameError: There is no such frame.
        """
        found, fn, state = self._step_of(frame)
        made = embed(fn)
        given = _written("STATE", state, made)
        missing = [f"# missing: {what!r} ({why!r})" for what, why in made.missing.items()]
        others = tuple(self._nodes_beside(found))
        visit = f"node={found.node!r}, visit={found.visit}"
        call = f"run_step({made.name}, STATE, {visit}, nodes={others!r})"
        return "\n".join(
            [
                f"# Frame {found.index} of {self.name!r}: {found.path!r}, visit {found.visit}.",
                *sorted(made.imports),
                "from lellm_nb import run_step",
                *missing,
                "",
                f"STATE = {given}",
                "",
                "\n\n".join(made.parts),
                "",
                call,
                "",
            ]
        )

    def _step_of(self, frame: Any) -> tuple[Frame, Any, dict[str, Any]]:
        found = self._frame(frame)
        task = dict(tasks(self.graph)).get(found.static_path)
        if found.kind != "commit" or task is None or found.parent is None:
            raise DebuggerError(
                f"Frame {found.index} ({found.kind} {found.path or 'of the start'}) is not the run"
                " of a task; choose a frame of kind commit."
            )
        root = found.parent.position
        level = scope_at(self._session.scope, root, found).level(root)
        return found, task.fn, content_of(level.data)

    def _nodes_beside(self, frame: Frame) -> list[str]:
        assert frame.parent is not None
        scope = scope_at(self._session.scope, frame.parent.position, frame)
        return list(scope.graph.nodes)


_COPIED = (
    "# The functions below are copies: changing the originals changes nothing here. A function",
    "# that stands at the top of a module is imported from there instead.",
)


def _written(name: str, value: Any, made: Embedded) -> str:
    """Write a value out; a part that cannot be written is left out and named."""
    try:
        return literal(value, "", made.imports)
    except Unwritable:
        kept = []
        for key, part in value.items():
            try:
                kept.append(f"{key!r}: {literal(part, str(key), made.imports)}")
            except Unwritable as error:
                made.missing[f"{name}[{key!r}]"] = str(error)
        return f"{{{', '.join(kept)}}}"


def _expected(frame: Frame, made: Embedded) -> str:
    parts = []
    for mutation in frame.mutations:
        try:
            key = literal(mutation.key)
            if isinstance(mutation, Delete):
                parts.append(f"Delete({key})")
            elif isinstance(mutation, Put):
                parts.append(f"Put({key}, {literal(mutation.value, '', made.imports)})")
            elif isinstance(mutation, Reduce):
                value = literal(mutation.value, "", made.imports)
                parts.append(f"Reduce({key}, {value}, Reducer.named({mutation.reducer.name!r}))")
        except Unwritable as error:
            made.missing[f"the value written to {mutation.key!r}"] = str(error)
    return f"[{', '.join(parts)}]"


def _reducers(graph: Any) -> str:
    if not graph.reducers:
        return ""
    inside = ", ".join(f"{key!r}: Reducer.named({r.name!r})" for key, r in graph.reducers.items())
    return f", reducers={{{inside}}}"
