"""Rows of the matrix: what is a secret by its place alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy
import pandas
import pydantic

from lellm_nb import Debugger, GraphBuilder, register_type, typed_state
from tests.record.redaction.matrix.story import SHORT, WORD, Story, one_node
from tests.record.redaction.matrix.values import Config

PIN = 8_086_421_337


@typed_state
@dataclasses.dataclass
class Account:
    """A typed state with a password."""

    password: str = SHORT
    users: Any = None


@register_type
class User(pydantic.BaseModel):
    """A user with a password."""

    password: str


class PartLens:
    """A lens of functions: nobody can tell where what it shows stands."""

    def get(self, outer: Any) -> Any:
        """Return the part."""
        return dict(outer.get("part", {}))

    def set(self, outer: Any, inner: Any) -> Any:
        """Put it back."""
        return {**outer, "part": dict(inner)}


Write = Callable[[Any], Any]


def _story(path: Any, *writes: Write, state: Any = None, secret: str = SHORT, **more: Any) -> Story:
    return Story(one_node(*map(Fetched, writes)), lambda: state or {}, secret, (path,), **more)


class Fetched:
    """A node whose secret does not stand in its code, but comes from somewhere."""

    def __init__(self, act: Write) -> None:
        self.act = act

    def __call__(self, ctx: Any) -> Any:
        """Do it."""
        return self.act(ctx)


def _put(key: Any, value: Any) -> Write:
    return lambda ctx: ctx.put(key, value)


def _inner(*writes: Write) -> Any:
    g = GraphBuilder("inner")
    for i, write in enumerate(writes):
        g.node(f"i{i}", Fetched(write))
        if i:
            g.edge(f"i{i - 1}", f"i{i}")
    g.barrier("wait").edge(f"i{len(writes) - 1}", "wait")
    return g.start("i0").end("wait").build()


def _nested(lens: Any, path: Any, *writes: Write, state: Any = None, secret: str = SHORT) -> Story:
    def make() -> Any:
        g = GraphBuilder("g").subgraph("agent", _inner(*writes), lens=lens)
        g.node("after", lambda ctx: {"n": 1}).edge("agent", "after")
        return g.start("agent").end("after").build()

    return Story(make, lambda: state or {}, secret, (path,))


def _deep(path: Any) -> Story:
    def make() -> Any:
        middle = GraphBuilder("middle").subgraph("in", _inner(_put("pin", SHORT)), lens="deep")
        whole = middle.start("in").end("in").build()
        g = GraphBuilder("g").subgraph("agent", whole, lens="agent")
        return g.start("agent").end("agent").build()

    return Story(make, lambda: {"agent": {"deep": {}}}, SHORT, (path,))


def _branches(path: Any, lens: Any = None) -> Story:
    def make() -> Any:
        inner = _inner(lambda ctx: {"pin": SHORT}, lambda ctx: {"n": 1})
        sub = GraphBuilder("sub").subgraph("deep", inner, lens=lens)
        branch = sub.start("deep").end("deep").build()
        g = GraphBuilder("g").parallel(
            "both", {"one": branch, "two": Fetched(lambda ctx: {"config": {"pin": SHORT}})}
        )
        return g.start("both").end("both").build()

    return Story(make, lambda: {"agent": {}}, SHORT, (path, "config.pin"))


def _says(ctx: Any) -> None:
    print("signing in with", ctx.state["config"]["password"])
    ctx.emit(f"as {ctx.state['config']['password']}!")
    raise ValueError(f"wrong: {ctx.state['config']['password']}")


def _decides(key: Any, value: Any) -> Callable[[Debugger], None]:
    def drive(dbg: Debugger) -> None:
        dbg.run()
        dbg.modify(key, value)
        dbg.run()

    return drive


def _decision(path: Any, key: Any, value: Any) -> Story:
    def make() -> Any:
        return GraphBuilder("g").barrier("ok").start("ok").end("ok").build()

    state = {"config": {"password": SHORT}, "users": [{"password": SHORT}]}
    paths = (path, "users[*].password")
    return Story(make, lambda: state, SHORT, paths, _decides(key, value), headless=False)


def _forked(dbg: Debugger) -> None:
    dbg.run()
    dbg.fork(at=0, put={("config", "password"): SHORT}).run()


LOGIN = {"config": {"password": WORD}}
USERS = [{"password": "x"}, {"password": SHORT}]
CONFIG = {"password": SHORT, "user": "me"}

STORIES: dict[str, Story] = {
    "path: key": _story("password", _put("password", SHORT)),
    "path: tuple": _story(("config", "password"), _put("config", CONFIG)),
    "path: index": _story("users[1].password", _put("users", USERS)),
    "path: any index": _story("users[*].password", _put("users", USERS)),
    "path: star": _story("config.*.pin", _put("config", {"a": {"pin": SHORT}})),
    "path: whole dict": _story("config", _put("config", {"a": [{"b": SHORT}]})),
    "path: keys of the dict": _story("config", _put("config", {SHORT: {"n": 1}})),
    "path: written below": _story("config", _put(("config", "a"), SHORT), state={"config": {}}),
    "path: written deep below": _story(
        "users", _put(("users", 1, "password"), SHORT), state={"users": [{}, {}]}
    ),
    "path: written at": _story(
        "users[*].password", _put(("users", 1, "password"), SHORT), state={"users": [{}, {}]}
    ),
    "path: initial": _story("config.password", _put("n", 1), state={"config": CONFIG}),
    "path: deleted": _story(
        "config.password",
        lambda ctx: ctx.delete(("config", "password")),
        state={"config": CONFIG},
    ),
    "path: overwritten": _story(
        "config.password", _put(("config", "password"), "no"), state={"config": CONFIG}
    ),
    "path: number": _story("pin", _put("pin", PIN), secret=str(PIN)),
    "path: appended": _story(
        "log[*].pin", *[lambda ctx: ctx.append("log", {"pin": SHORT})] * 3, state={"log": []}
    ),
    "path: appended at": _story(
        "log[1]", lambda ctx: ctx.append("log", SHORT), state={"log": ["a"]}
    ),
    "path: appended often": _story(
        "log[*]",
        lambda ctx: [ctx.append("log", SHORT) for _ in range(80)] and None,
        state={"log": []},
    ),
    "path: long text": _story("letter", _put("letter", f"{WORD} " * 200), secret=WORD),
    "path: large dict": _story(
        "config", _put("config", {f"k{i}": f"{SHORT} {i}" for i in range(90)})
    ),
    "path: long list of texts": _story("log[*]", _put("log", [f"{SHORT} {i}" for i in range(90)])),
    "path: long list": _story("log[*].pin", _put("log", [{"pin": SHORT}] * 90)),
    "path: extended": _story(
        "log[1]", lambda ctx: ctx.reduce("log", [SHORT]), state={"log": ["a"]}
    ),
    "path: set": _story("tokens", _put("tokens", {SHORT})),
    "path: bytes": _story("token", _put("token", WORD.encode()), secret=WORD),
    "path: array": _story("token", _put("token", numpy.array([WORD])), secret=WORD),
    "path: table": _story("t", _put("t", pandas.DataFrame({"a": [WORD]})), secret=WORD),
    "path: dataclass": _story("config", _put("config", Config(SHORT))),
    "path: dataclass field": _story("config.api_key", _put("config", Config(SHORT))),
    "path: model field": _story("user.password", _put("user", User(password=SHORT))),
    "path: model in a list": _story("users[*].password", _put("users", [User(password=SHORT)])),
    "path: typed field": _story("password", _put("users", 1), state=Account()),
    "path: typed list": _story(
        "users[*].password",
        _put("users", [{"password": SHORT}]),
        state=Account(password=""),
    ),
    "path: in a tuple": _story("pair[1]", _put("pair", (1, SHORT))),
    "path: in a set's tuple": _story("pairs", _put("pairs", {(1, SHORT)})),
    "path: said": _story(
        "config.password", _says, state={"config": {"password": WORD}}, secret=WORD
    ),
    "path: said of below": _story(
        "config", _says, state={"config": {"password": WORD}}, secret=WORD
    ),
    "path: copied": _story(
        "config.password",
        lambda ctx: {"copy": f"a {ctx.state['config']['password']}"},
        state={"config": {"password": WORD}},
        secret=WORD,
    ),
    "path: met in bytes": _story(
        "token", _put("token", WORD.encode()), lambda ctx: print(WORD), secret=WORD
    ),
    "path: met in an object": _story(
        "config", _put("config", Config(WORD)), lambda ctx: print(WORD), secret=WORD
    ),
    "path: met in a set": _story(
        "tokens", _put("tokens", {WORD}), lambda ctx: print(WORD), secret=WORD
    ),
    "path: met, then bytes": _story(
        "token", _put("token", WORD), _put("other", b"x" + WORD.encode()), secret=WORD
    ),
    "path: key lens": _nested(
        "agent", "agent.pin", _put("pin", SHORT), _put("n", 1), state={"agent": {}}
    ),
    "path: key lens, entered": _nested(
        "agent", "agent.pin", _put("n", 1), state={"agent": {"pin": SHORT}}
    ),
    "path: key lens, below": _nested(
        "agent", "agent", _put(("config", "pin"), SHORT), state={"agent": {"config": {}}}
    ),
    "path: identity lens": _nested(None, "pin", _put("pin", SHORT), _put("n", 1)),
    "path: lens of functions": _nested(PartLens(), "part.pin", _put("pin", SHORT), _put("n", 1)),
    "path: lens, entered": _nested(
        PartLens(), "part.pin", _put("n", 1), state={"part": {"pin": SHORT}}
    ),
    "path: lens, deep": _nested(
        PartLens(), "part.users[*].pin", _put("users", [{"pin": SHORT}]), _put("n", 1)
    ),
    "path: lens, whole part": _nested(PartLens(), "part", _put("pin", SHORT), _put("n", 1)),
    "path: two levels": _deep("agent.deep.pin"),
    "path: two levels, star": _deep("agent.*.pin"),
    "path: two levels, above": _deep("agent"),
    "path: branch": _branches("pin"),
    "path: branch, key lens": _branches("agent.pin", "agent"),
    "path: modified": _decision("config.password", ("config", "password"), SHORT),
    "path: modified above": _decision("config.password", "config", {"password": SHORT}),
    "path: modified in a list": _decision("*.password", ("users", 0, "password"), SHORT),
    "path: edited": Story(
        one_node(_put("n", 1)), lambda: {"config": {}}, SHORT, ("config.password",), _forked
    ),
}


NO_PLACE = {"to_json": "a record does not say where in the whole state an inner level stands"}
"""A path holds there by its end; that of a whole level has none inside."""

WHOLE_LEVELS = ("path: key lens, below", "path: lens, whole part", "path: two levels, above")


def rows() -> dict[str, Story]:
    """Return the rows, by how the place is named."""
    whole = {name: dataclasses.replace(STORIES[name], known=NO_PLACE) for name in WHOLE_LEVELS}
    return {**STORIES, **whole}
