"""By which names the functions of a LangGraph graph are found again when they are defined again.

A node's function is found as one of ours is (SEMANTICS G9). Where a decorator put something else
under the name, an entrypoint or a tool, its function is what the name means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.tools import BaseTool
from langgraph.pregel import Pregel

from lellm_nb.adapters.langgraph.compiled.nodes import function_of
from lellm_nb.adapters.langgraph.compiled.patching import holds_tools
from lellm_nb.graph.code.code_name import Code, CodeName, code_of, may_have_name
from lellm_nb.graph.code.code_place import TOOL, CodePlace
from lellm_nb.graph.code.code_version import core_of, is_new_version, pass_on

__all__ = ["followed_code", "named_places"]


def named_places(shape: Any) -> list[tuple[CodePlace, Any]]:
    """Return the code of a shape, but not of graphs inside, that a name may lead to."""
    return [
        (place, value)
        for place, value in _places(shape)
        if (place in shape.code if place.part == TOOL else may_have_name(value))
    ]


def _places(shape: Any) -> Iterator[tuple[CodePlace, Any]]:
    for name, node in () if shape.called else shape.nodes.items():
        if node.fn is not None:
            yield CodePlace(name), node.fn
        elif holds_tools(node.target):
            for each, made in node.tools.items():
                yield CodePlace(name, TOOL, each), made


def followed_code(shape: Any, before: Mapping[CodePlace, Code]) -> dict[CodePlace, Code]:
    """Return the code of a shape that is found again by a name.

    Args:
        before: The same of the shape that this one was made of.
    """
    found: dict[CodePlace, Code] = {}
    for place, value in _places(shape):
        code = before.get(place)
        if code is None or code.value is not value:
            code = _tool_code(value) if place.part == TOOL else _node_code(value, code)
        if code is not None:
            found[place] = code
    return found


def _node_code(function: Any, before: Code | None) -> Code | None:
    name = _name_of(function)
    if name is None or not isinstance(name.meant, Pregel):
        return code_of(function, before)
    by_hand = before is not None and [_place_of(each) for each in before.names] == [_place_of(name)]
    if not by_hand and _function_under(name) is not function:
        return None

    def renew(_: Any) -> Any:
        return _newer(name, function)

    return Code(function, (name,), renew)


def _place_of(name: CodeName) -> tuple[int, tuple[str, ...]]:
    return id(name.space), name.parts


def _tool_code(made: Any) -> Code | None:
    """Return how a tool is found again: by the name of the tool, or of its plain function."""
    function = function_of(made)
    name = None if function is None else _name_of(function)
    if name is None or (name.meant is not made and name.meant is not function):
        return None

    def renew(_: Any) -> Any:
        newer = _newer(name, function)
        if newer is function:
            return made
        if isinstance(name.now, BaseTool):
            return name.now
        attribute = "coroutine" if getattr(made, "coroutine", None) is function else "func"
        return made.model_copy(update={attribute: newer})

    return Code(made, (name,), renew)


def _name_of(function: Any) -> CodeName | None:
    core = core_of(function)
    if core is None or "<" in core.__qualname__:
        return None
    return CodeName(core.__globals__, tuple(core.__qualname__.split(".")))


def _newer(name: CodeName, function: Any) -> Any:
    """Return the function under a name, where it is a new version of one."""
    now = None if name.now is name.meant else _function_under(name)
    if now is None or not is_new_version(function, now):
        return function
    pass_on(function, now)
    return now


def _function_under(name: CodeName) -> Any:
    now = name.now
    if isinstance(now, Pregel) and len(now.nodes) == 1:
        return function_of(*(node.bound for node in now.nodes.values()))
    return function_of(now) if isinstance(now, BaseTool) or core_of(now) is not None else None
