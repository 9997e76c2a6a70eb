"""What only LangGraph's own values are made of, as stores keep it.

Each has a name that a file may say, and nothing else is ever made of a file's words: no class is
imported, none is looked up by what it is called, and nothing is unpickled. LangGraph's serializer
is not asked for them: what it writes is a blob in which no secret could be found and taken out.
"""

from __future__ import annotations

import dataclasses
from typing import Any, get_type_hints

from langgraph.types import Interrupt, Send

from lellm_nb.record.codec.details import error_form, read_error
from lellm_nb.record.codec.types import add_type
from lellm_nb.state.frozen import register_freeze, thaw
from lellm_nb.state.structs.declared import declare_parts
from lellm_nb.state.type_hints import classes_in

try:  # younger than the oldest LangGraph that is supported
    from langgraph.types import Overwrite, TimeoutPolicy
except ImportError:  # pragma: no cover
    Overwrite = TimeoutPolicy = None  # type: ignore[assignment,misc]  # then nobody has one

__all__ = ["KeptError", "declare_schemas"]


class KeptError:
    """Holds a failure that a task wrote for who takes it.

    Attributes:
        error: The failure.
    """

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


register_freeze(KeptError)


def _same(value: Any, _: Any = None) -> Any:
    return value


def _send_form(send: Any) -> list[Any]:
    timeout = getattr(send, "timeout", None)
    if timeout is None:
        return [send.node, send.arg]
    return [send.node, send.arg, {f.name: getattr(timeout, f.name) for f in _fields(timeout)}]


def _fields(value: Any) -> Any:
    return dataclasses.fields(value)


def _read_send(content: Any) -> Any:
    node, arg, *timeout = content
    if type(node) is not str:
        raise TypeError("what is sent is sent to a node")
    more = {"timeout": TimeoutPolicy(**timeout[0])} if timeout else {}
    return Send(node, thaw(arg), **more)


def _interrupt_form(interrupt: Any) -> list[Any]:
    schema = getattr(interrupt, "response_schema", None)
    return [interrupt.value, interrupt.id, schema if isinstance(schema, dict) else None]


def _read_interrupt(content: Any) -> Any:
    value, id, schema = content
    if type(id) is not str:
        raise TypeError("an interrupt has an id")
    more = {} if schema is None else {"response_schema": thaw(schema)}
    return Interrupt(value=thaw(value), id=id, **more)


add_type(Send, "langgraph.Send", _send_form, _read_send)
add_type(Interrupt, "langgraph.Interrupt", _interrupt_form, _read_interrupt)
if Overwrite is not None:
    add_type(Overwrite, "langgraph.Overwrite", lambda v: [v.value], lambda c: Overwrite(thaw(c[0])))
add_type(
    KeptError,
    "langgraph.error",
    lambda v: error_form(v.error, _same),
    lambda c: KeptError(read_error(c, _same)),
)


def declare_schemas(compiled: Any) -> None:
    """Make the user's classes known that a graph's schemas name: values of them can be kept.

    Messages and other classes of LangChain's are known without that, and stay as they are.

    Args:
        compiled: The graph; those in it are asked as well.
    """
    seen: set[Any] = set()
    for graph in (compiled, *(inner for _, inner in compiled.get_subgraphs(recurse=True))):
        builder = getattr(graph, "builder", None)
        schemas = [*(getattr(builder, "schemas", None) or ())]
        schemas += [getattr(node, "input_schema", None) for node in _nodes(builder)]
        schemas += [getattr(channel, "ValueType", None) for channel in graph.channels.values()]
        for schema in schemas:
            _declare(schema, seen)


def _declare(schema: Any, seen: set[Any]) -> None:
    for cls in classes_in(schema):
        if cls in seen or cls.__module__.partition(".")[0] in _LIBRARIES:
            continue
        seen.add(cls)
        if hasattr(cls, "__required_keys__"):  # a TypedDict: what is in it is a dict
            for hint in _hints(cls).values():
                _declare(hint, seen)
        else:
            declare_parts(cls, {})


_LIBRARIES = frozenset(("builtins", "langchain", "langchain_core", "langgraph", "typing"))


def _hints(cls: Any) -> dict[str, Any]:
    try:
        return get_type_hints(cls)
    except Exception:  # a name that is not known yet
        return {}


def _nodes(builder: Any) -> Any:
    nodes = getattr(builder, "nodes", None)
    return nodes.values() if isinstance(nodes, dict) else ()
