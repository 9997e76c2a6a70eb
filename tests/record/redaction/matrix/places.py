"""Rows of the matrix: every other place of a run in which a secret can stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pydantic

from lellm_nb import (
    Debugger,
    Delete,
    GraphBuilder,
    Put,
    Reduce,
    Reducer,
    ReducerRegistry,
    TextDelta,
    ToolFinished,
    ToolOutput,
    ToolQueued,
    typed_state,
)
from tests.record.redaction.matrix.paths import Fetched
from tests.record.redaction.matrix.story import KEY, Story, one_node


class RefusedKey(Exception):
    """An error with facts of its own."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__("refused", key)


class OwnWrite:
    """A mutation of the user's."""

    def __init__(self, value: str) -> None:
        self.value = value

    def apply(self, state: Any) -> Any:
        """Put it."""
        return {**state, "own": self.value}

    def to_json(self) -> Any:
        """Return its form."""
        return {"Own": self.value}


@typed_state
@dataclasses.dataclass
class Typed:
    """A typed state."""

    api_key: str = KEY
    more: Any = None


@typed_state
class TypedModel(pydantic.BaseModel):
    """Another one."""

    api_key: str = KEY
    more: Any = None
    _hidden: str = pydantic.PrivateAttr(default=KEY)


def _displays(ctx: Any) -> None:
    from lellm_nb.engine.output_capture import caught

    catch = caught()
    if catch is not None:  # what the display hook does in a notebook
        catch.display({"text/html": f"<b>{KEY}</b>", "text/plain": f"Shown({KEY})"})


def _raises(make: Callable[[], BaseException]) -> Callable[[Any], Any]:
    def node(ctx: Any) -> None:
        held = KEY  # a local of the frame, as tracebacks may show
        del held
        raise make()

    return node


def _with_note() -> BaseException:
    error = ValueError("refused")
    error.add_note(f"it was {KEY}")
    return error


def _chained() -> BaseException:
    error = ValueError("refused")
    error.__cause__ = RuntimeError(f"it was {KEY}")
    return error


def _literal_line(ctx: Any) -> None:
    assert ctx is None, "sk-ant-api03-Q7mZx4KpTd9WsLr2Vb8NcYh3"


ERRORS: dict[str, Callable[[Any], Any]] = {
    "raised text": _raises(lambda: ValueError(f"refused {KEY}")),
    "raised args": _raises(lambda: RefusedKey(KEY)),
    "raised KeyError": _raises(lambda: KeyError(KEY)),
    "raised note": _raises(_with_note),
    "raised cause": _raises(_chained),
    "raised group": _raises(lambda: ExceptionGroup(f"of {KEY}", [ValueError(f"in {KEY}")])),
    "a traceback's line": _literal_line,
    "raised by a class so called": _raises(lambda: type(f"Refused_{KEY}", (Exception,), {})("no")),
}


def _emits(*chunks: Any) -> Callable[[Any], Any]:
    def node(ctx: Any) -> None:
        for chunk in chunks:
            ctx.emit(chunk)

    return node


def _logs(ctx: Any) -> None:
    import logging

    logging.getLogger("mine").warning("calling with %s", KEY)


def _prints(*texts: str, end: str = "\n") -> Callable[[Any], Any]:
    def node(ctx: Any) -> None:
        for text in texts:
            print(text, end=end)

    return node


HALF = len(KEY) // 2

SAID: dict[str, Callable[[Any], Any]] = {
    "printed": _prints(f"calling with {KEY}"),
    "printed in pieces": Fetched(_prints(KEY[:HALF], KEY[HALF:], end="")),
    "printed over lines": _prints("-----BEGIN PRIVATE KEY-----", KEY, "-----END PRIVATE KEY-----"),
    "logged": _logs,
    "displayed": _displays,
    "emitted": _emits(f"the key is {KEY}"),
    "emitted delta": _emits(TextDelta(f"the key is {KEY} ")),
    "a tool's arguments": _emits(ToolQueued("1", "search", {"key": KEY})),
    "a tool's name": _emits(ToolQueued("1", f"search {KEY}")),
    "a tool's output": _emits(ToolOutput("1", f"the key is {KEY}")),
    "a tool's result": _emits(ToolFinished("1", "search", True, {"key": KEY})),
    "an unknown chunk": _emits({"key": KEY}),
    "a custom mutation": lambda ctx: ctx.record(OwnWrite(KEY)),
    "a state key": lambda ctx: {KEY: 1, f"{KEY}-2": 2},
    "a key of a path": lambda ctx: ctx.put(("value", KEY), 1),
    "below a path": lambda ctx: ctx.put(("value", "a"), {"b": KEY}),
    "appended": lambda ctx: ctx.append("log", f"with {KEY}"),
    "reduced": lambda ctx: ctx.reduce("log", [KEY]),
    "merged": lambda ctx: ctx.record(_merge()),
    "deleted key": lambda ctx: ctx.delete(KEY),
    "recorded": lambda ctx: ctx.record(Put("value", KEY)),
    "an error's name as goto": lambda ctx: ctx.goto(KEY),
}


def _merge() -> Any:
    return Reduce("value", {"b": KEY}, Reducer.MERGE_OBJECT)


def _barrier(**options: Any) -> Callable[[], Any]:
    def make() -> Any:
        g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).barrier("ok", **options)
        g.node("b", lambda ctx: {"m": 1}).edge("a", "ok").edge("ok", "b")
        return g.start("a").end("b").build()

    return make


def _decides(decide: Callable[[Debugger], Any]) -> Callable[[Debugger], None]:
    def drive(dbg: Debugger) -> None:
        dbg.run()
        decide(dbg)
        dbg.run()

    return drive


DECISIONS: dict[str, Callable[[Debugger], Any]] = {
    "a reason": lambda dbg: dbg.reject(f"not with {KEY}"),
    "a proposed value": lambda dbg: dbg.modify("value", {"a": [KEY]}),
    "a proposed key": lambda dbg: dbg.modify(KEY, 1),
    "a proposed path": lambda dbg: dbg.modify(("value", KEY), 1),
    "an edit": lambda dbg: dbg.fork(put={"value": KEY}),
    "a note": lambda dbg: dbg.note(1, f"see {KEY}"),
    "a line's name": lambda dbg: dbg.fork(at=0, name=f"line {KEY}", put={"n": 3}).step(),
    "a condition's source": lambda dbg: dbg.break_at(
        "b", when=lambda s: s.get("n") == "sk-ant-api03-Q7mZx4KpTd9WsLr2Vb8NcYh3"
    ),
    "a watch": lambda dbg: dbg.watch(KEY),
    "a watch of a path": lambda dbg: dbg.watch(("value", KEY)),
    "a patch's source": lambda dbg: dbg.patch(
        {"b": lambda ctx: {"m": "sk-ant-api03-Q7mZx4KpTd9WsLr2Vb8NcYh3"}}
    ),
    "a refused verb": lambda dbg: _refused(lambda: dbg.reroute(KEY)),
    "a pin": lambda dbg: dbg.pin(1),
}


def _refused(verb: Callable[[], Any]) -> None:
    try:
        verb()
    except Exception:
        return


def _decision_story(decide: Callable[[Debugger], Any]) -> Story:
    state = lambda: {"value": {"a": 1}}  # noqa: E731  # said once
    return Story(_barrier(), state, drive=_decides(decide), headless=False)


def _named_node() -> Any:
    g = GraphBuilder("g").node(f"use {KEY}", lambda ctx: {"n": 1}).node("b", lambda ctx: None)
    return g.edge(f"use {KEY}", "b").start(f"use {KEY}").end("b").build()


def _named_graph() -> Any:
    g = GraphBuilder(f"graph {KEY}").node("a", lambda ctx: {"n": 1})
    return g.start("a").end("a").build()


def _named_branch() -> Any:
    inner = GraphBuilder(KEY).node("x", lambda ctx: {"m": 1}).start("x").end("x").build()
    g = GraphBuilder("g").parallel("both", {f"one {KEY}": inner, "two": lambda ctx: {"k": 1}})
    return g.start("both").end("both").build()


def _named_barrier() -> Any:
    g = GraphBuilder("g").barrier(f"ok {KEY}", approve_key=f"ok {KEY}").node("b", lambda c: None)
    return g.edge(f"ok {KEY}", "b").start(f"ok {KEY}").end("b").build()


def _pauses(ctx: Any) -> None:
    ctx.pause(f"wait {KEY}")


def _conflict() -> Any:
    g = GraphBuilder("g").parallel(
        "both", {"one": lambda ctx: {"value": KEY}, "two": lambda ctx: {"value": f"{KEY}-2"}}
    )
    return g.start("both").end("both").build()


def _unrouted() -> Any:
    g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).node("b", lambda ctx: None)

    def says(state: Any) -> bool:
        raise ValueError(f"no {KEY}")

    return g.edge_if("a", "b", says).start("a").end("b").build()


def _retried() -> Any:
    g = GraphBuilder("g")
    g.task(_raises(lambda: ValueError(f"refused {KEY}")), name="a", retries=2)
    g.node("c", lambda ctx: None).on_error("a", "c")
    return g.start("a").end("c").build()


def _reducer() -> Any:
    custom = Reducer("mine", lambda old, new: [*(old or []), f"made of {new}", KEY])
    registry = ReducerRegistry({"log": custom})
    g = GraphBuilder("g", reducers=registry).node("a", lambda ctx: ctx.reduce("log", "x"))
    return g.start("a").end("a").build()


OTHERS: dict[str, Story] = {
    "in the initial state": Story(one_node(lambda ctx: {"n": 1}), lambda: {"value": KEY}),
    "a key of the initial state": Story(one_node(lambda ctx: {"n": 1}), lambda: {KEY: 1}),
    "deleted later": Story(
        one_node(lambda ctx: {"value": KEY}, lambda ctx: ctx.delete("value")),
    ),
    "overwritten later": Story(one_node(lambda ctx: {"value": KEY}, lambda ctx: {"value": 1})),
    "deleted by Delete": Story(
        one_node(lambda ctx: {"value": KEY}, lambda ctx: ctx.record(Delete("value")))
    ),
    "a run's name": Story(one_node(lambda ctx: {"n": 1}), name=f"run {KEY}"),
    "a node's name": Story(_named_node),
    "a graph's name": Story(_named_graph),
    "a branch's name": Story(_named_branch),
    "a barrier's name": Story(_named_barrier, headless=False),
    "a pause's name": Story(one_node(_pauses, lambda ctx: None), headless=False),
    "a conflict": Story(_conflict),
    "a condition's error": Story(_unrouted),
    "attempts": Story(_retried),
    "a reducer's value": Story(_reducer),
    "a typed state": Story(one_node(lambda ctx: ctx.put("more", [KEY])), Typed),
    "a typed model": Story(one_node(lambda ctx: ctx.put("more", [KEY])), TypedModel),
}


def rows() -> dict[str, Story]:
    """Return the rows, by where the secret stands."""
    made = {**OTHERS}
    for name, node in {**SAID, **ERRORS}.items():
        made[name] = Story(one_node(node, lambda ctx: {"m": 1}), lambda: {"value": {"a": 1}})
    for name, decide in DECISIONS.items():
        made[name] = _decision_story(decide)
    pieces = [TextDelta(KEY[i : i + 5]) for i in range(0, len(KEY), 5)]
    made["emitted in pieces"] = Story(one_node(_emits(*pieces), lambda ctx: None))
    return made
