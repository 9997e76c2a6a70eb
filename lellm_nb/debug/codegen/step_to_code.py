"""Out of the notebook: a step as a pytest, or as a cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lellm_nb.calls.call_form import call_forms
from lellm_nb.calls.redacting import without_secrets
from lellm_nb.debug.codegen.embed_function import Embedded, embed
from lellm_nb.debug.codegen.literal import Unwritable, literal
from lellm_nb.debug.core.context import DebugContext
from lellm_nb.debug.history.hide import Hide
from lellm_nb.debug.history.item_columns import items_of
from lellm_nb.errors import DebuggerError, ReducerError
from lellm_nb.errors.safe_text import safe_repr, safe_str
from lellm_nb.graph.graph import Graph
from lellm_nb.graph.walk import graph_at, node_at
from lellm_nb.record.codec.values import Codec
from lellm_nb.record.frame import Frame
from lellm_nb.state.compact import real
from lellm_nb.state.mutation import Delete, Put, Reduce
from lellm_nb.state.reducer import Reducer
from lellm_nb.state.state import content_of, view
from lellm_nb.state.typed import Typed

if TYPE_CHECKING:
    from lellm_nb.record.redaction.redactor import Redactor  # loaded when it is used

__all__ = ["to_cell", "to_test"]


def to_test(context: DebugContext, frame: Frame) -> str:
    """Return a pytest that runs one step again on its recorded input.

    The node's source is embedded where it can be found, with the values it takes from
    outside. What cannot be written out is named in the text, and the test is skipped;
    secrets are left out and named as well.

    Raises:
        DebuggerError: The frame is not the run of a task.
    """
    step = _step_of(context, frame, offline=bool(len(frame.calls)))
    made, found = step.made, step.frame
    path = context.redactor.text(found.path)
    name = "".join(c if f"_{c}".isidentifier() else "_" for c in path)
    goto = found.route.next_node if found.route and found.route.kind == "goto" else None
    names = {each: made.free(each) for each in ("Delete", "Put", "Reduce", "Reducer")}
    expected = step.shown(_expected(step, names), "what was written")
    call = step.call(names, calls=True)
    used = sorted(n for n, free in names.items() if f"{free}(" in expected + call)
    used += ["Reducer"] if f"{names['Reducer']}.named(" in expected + call else []
    wanted, test = made.free("EXPECTED"), made.free(f"test_{name}_visit_{found.visit}")
    imports = [*(_import(n, names[n]) for n in used), _import("run_step", step.run_step)]
    body = [
        step.title("Replays frame"),
        *(_COPIED if made.parts else ()),
        "",
        *(["from __future__ import annotations", ""] if made.annotated else []),
        *(["import pytest as _pytest"] if made.missing else []),
        *sorted(made.imports),
        "",
        f"from lellm_nb import {', '.join(imports)}",
        "",
        *(["\n\n\n".join(made.parts), "", ""] if made.parts else []),
        f"{step.state} = {step.given}",
        *step.recorded,
        "# what the step wrote then; if that was the mistake, write here what it should be",
        f"{wanted} = {expected}",
        "",
        "",
        f"def {test}():",
    ]
    if made.missing:
        why = "; ".join(f"{what} ({reason})" for what, reason in made.missing.items())
        body.append(f"    _pytest.skip({('missing: ' + why)!r})")
    body += [
        f"    done = {call}",
        "",
        f"    assert list(done.mutations) == {wanted}",
        f"    assert done.target {'is' if goto is None else '=='} {goto!r}",
        "",
    ]
    return context.redactor.text("\n".join(body))


def to_cell(context: DebugContext, frame: Frame) -> str:
    """Return a cell that rebuilds a step's state and calls its node.

    Raises:
        DebuggerError: The frame is not the run of a task.
    """
    step = _step_of(context, frame)
    made = step.made
    reducer = made.free("Reducer")
    call = step.call({"Reducer": reducer})
    imports = [_import("Reducer", reducer)] if f"{reducer}.named(" in call else []
    return context.redactor.text(
        "\n".join(
            [
                step.title("Frame"),
                *(["from __future__ import annotations"] if made.annotated else []),
                *sorted(made.imports),
                f"from lellm_nb import {', '.join([*imports, _import('run_step', step.run_step)])}",
                *(f"# missing: {what!r} ({why!r})" for what, why in made.missing.items()),
                "",
                *(["\n\n".join(made.parts), ""] if made.parts else []),
                f"{step.state} = {step.given}",
                "",
                call,
                "",
            ]
        )
    )


def _step_of(context: DebugContext, frame: Frame, *, offline: bool = False) -> _Step:
    context.may("to_test")
    graph, data = context.session.graph, context.before(frame)
    node = node_at(graph, frame.static_path)
    if frame.gap:
        raise DebuggerError(
            f"Frame {frame.index} ({f'{frame.kind} {frame.path}'.strip()}) comes after steps that"
            " were not captured: what its node saw is not known."
        )
    if frame.kind != "commit" or getattr(node, "kind", "") != "task" or data is None:
        raise DebuggerError(
            f"Frame {frame.index} ({f'{frame.kind} {frame.path}'.strip()}) is not the run"
            " of a task; choose a frame of kind commit."
        )
    made = embed(node.fn, offline=offline)
    if isinstance(data, Typed):
        made.missing["the state"] = f"a {type(view(data)).__name__}, and not a plain mapping"
    if context.code.ran_older(frame):
        made.missing["the function"] = "it was replaced after the step"
    level = graph_at(graph, frame.static_path.rpartition("/")[0])
    return _Step(context.name, frame, made, level, content_of(data), context.redactor, graph.nodes)


class _Step:
    """A step that is written out: its function, its state, and how it is called."""

    def __init__(
        self,
        run: str,
        frame: Frame,
        made: Embedded,
        graph: Graph,
        state: dict[str, Any],
        redact: Redactor,
        nodes: Mapping[str, Any],
    ) -> None:
        self.redact = redact
        self.nodes = nodes
        self.run = run
        self.frame = frame
        self.made = made
        self.graph = graph
        self.state = made.free("STATE")
        self.run_step = made.free("run_step")
        self.calls = made.free("CALLS")
        self.recorded: list[str] = []
        if made.offline:
            by_hand = [
                f"# call {call.number} was {what}: the function is to ask and go on like that"
                for call in frame.calls
                for what in ("edited", "answered")
                if getattr(call, what)
            ]
            self.recorded = [*by_hand, f"{self.calls} = {self.shown(self._calls(), 'a call')}"]
        place = Hide(redact, nodes).place(frame)
        self.given = self.shown(_written("STATE", redact.apply(state, place), made), "the state")
        made.parts = [self.shown(part, "the code") for part in made.parts]

    def shown(self, text: str, where: str) -> str:
        """Return source text without secrets; where one was, that is named."""
        shown = str(self.redact.apply(text))
        if shown != text:
            self.made.missing[f"a secret in {where}"] = "it was taken out"
        return shown

    def _calls(self) -> str:
        """Write out what the node asked and what it was answered."""
        codec = Codec()
        forms = call_forms(
            self.frame.calls,
            write=lambda value, name: codec.plain(value, None, (name,)),
            clean=lambda value: without_secrets(self.redact, value),
            put=lambda text: text,
        )
        for number, _, _, exchanges in forms:
            for one in exchanges:
                one.pop("key", None)  # what was edited is to be asked as it was sent
            if any(one.get("how", {}).get("hidden") for one in exchanges):
                self.made.missing[f"the answer of call {number}"] = "there was a secret in it"
        lines = ",\n    ".join(map(literal, forms))
        return f"[\n    {lines},\n]"

    def title(self, what: str) -> str:
        """Return a comment that says which step it is."""
        frame = self.frame
        return f"# {what} {frame.index} of {self.run!r}: {frame.path!r}, visit {frame.visit}."

    def _item(self) -> list[str]:
        """Return what a function that a map runs is given: its item, and where its value goes."""
        items, number = items_of(self.frame)
        if items is None or items.key is not None:
            return []
        item = self.redact.apply({"item": real(items.values[number])})
        given = self.shown(_written("the item", item, self.made), "the item")
        return [f"item={given}['item']", f"into={items.into!r}"]

    def call(self, names: Mapping[str, str], *, calls: bool = False) -> str:
        """Return the call of the node, with what the graph around it gives to it."""
        frame, made = self.frame, self.made
        options = [f"node={frame.node!r}", f"visit={frame.visit}"]
        if frame.path != frame.node:
            options.append(f"path={frame.path!r}")
        options.append(f"nodes={tuple(self.graph.nodes)!r}")
        options += self._item()
        rules = []
        for key, reducer in self.graph.reducers.items():
            try:
                rules.append(f"{literal(key)}: {_reducer(reducer, names['Reducer'])}")
            except Unwritable as error:
                made.missing[f"the reducer of {key!r}"] = str(error)
        if rules:
            options.append(f"reducers={{{', '.join(rules)}}}")
        if calls and self.recorded:
            options.append(f"calls={self.calls}")
        call = f"{self.run_step}({made.name}, {self.state}, {', '.join(options)})"
        return self.shown(call, "a name")


def _import(name: str, free: str) -> str:
    return name if name == free else f"{name} as {free}"


def _reducer(reducer: Any, name: str) -> str:
    """Return the text of a ready-made reducer.

    Raises:
        Unwritable: It is one of the user's own.
    """
    try:
        ready = Reducer.named(reducer.name) is reducer
    except ReducerError:
        ready = False
    if not ready:
        raise Unwritable(f"the reducer {reducer.name!r}", reducer)
    return f"{name}.named({reducer.name!r})"


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
                kept.append(f"{key!r}: {literal(part, safe_str(key), made.imports)}")
            except Unwritable as error:
                made.missing[f"{name}[{key!r}]"] = str(error)
        return f"{{{', '.join(kept)}}}"


def _expected(step: _Step, names: Mapping[str, str]) -> str:
    """Write out what a step wrote; what cannot be is left out and named."""
    parts, made, hide = [], step.made, Hide(step.redact, step.nodes)
    for written in step.frame.mutations:
        mutation = hide.written(step.frame, written)
        what = f"what was written to {safe_repr(getattr(mutation, 'key', mutation), 80)}"
        try:
            if type(mutation) not in (Delete, Put, Reduce):
                raise Unwritable(what, mutation)
            inside = [literal(mutation.key)]
            if not isinstance(mutation, Delete):
                inside.append(literal(mutation.value, "", made.imports))
                if "float('nan')" in inside[-1]:
                    made.missing[what] = "a number that equals nothing, not even itself"
            if isinstance(mutation, Reduce):
                inside.append(_reducer(mutation.reducer, names["Reducer"]))
            parts.append(f"{names[type(mutation).__name__]}({', '.join(inside)})")
        except Unwritable as error:
            made.missing[what] = str(error)
    return f"[{', '.join(parts)}]"
