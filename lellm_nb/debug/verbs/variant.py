"""One variant of a sweep: what it puts, and which functions it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lellm_nb.arguments import refusal, taking, text
from lellm_nb.debug.names.node_name import plain_nodes
from lellm_nb.debug.verbs.branch import checked
from lellm_nb.errors import DebuggerError

__all__ = ["SweepRun", "Variant", "runs_of"]


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant of a sweep that has other functions than the run, or a name.

    Attributes:
        put: Keys and values to put where the sweep begins.
        nodes: Functions by the nodes that run them in this variant, as for `Debugger.fork`:
            another prompt, another model.
        name: What it is called in the table; its number, or its key, by default.

    Raises:
        DebuggerError: One of them is not of that form.

    Example:
        >>> from lellm_nb import Debugger, GraphBuilder
        >>> g = GraphBuilder("g").node("a", lambda ctx: {"n": 1}).start("a").end("a")
        >>> dbg = Debugger(g.build(), {}); stop = dbg.run()
        >>> ten, plus = Variant(nodes={"a": lambda ctx: {"n": 10}}, name="ten"), {"k": 5}
        >>> dbg.sweep(0, [ten, plus], progress=False)[["variant", "n"]]
          variant   n
        0     ten  10
        1       1   1
    """

    put: Mapping[Any, Any] = field(default_factory=dict)
    nodes: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    name: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.put, Mapping):
            raise refusal(self.put, "put", "a mapping of keys", DebuggerError)
        if not isinstance(self.nodes, Mapping):
            raise refusal(self.nodes, "nodes", "a mapping of nodes to functions", DebuggerError)
        for node, function in self.nodes.items():
            taking(function, f"nodes[{node!r:.60}]", DebuggerError, "ctx")
        if self.name is not None:
            text(self.name, "name", DebuggerError)


class SweepRun(NamedTuple):
    """One run of a sweep.

    Attributes:
        name, repeat: Which variant, and the how-manieth time, from 0.
        put: Values by plain keys.
        nodes: Functions by the paths of nodes.
    """

    name: str
    repeat: int
    put: Mapping[Any, Any]
    nodes: Mapping[str, Callable[[Any], Any]]

    @property
    def columns(self) -> dict[str, Any]:
        """What it has differently, by the names of the table's columns."""
        put = {f"put_{_joined(key)}": value for key, value in self.put.items()}
        return put | {f"node_{path}": _called(code) for path, code in self.nodes.items()}


def runs_of(graph: Any, variants: Any, n: int) -> list[SweepRun]:
    """Return the runs of a sweep: each variant `n` times.

    Raises:
        DebuggerError: There is no variant, one is none, or two have one name.
        NoSuchNodeError: A variant has a function for a node that is not there.
        StateTypeError: A value is not of its key's type.
    """
    if not isinstance(variants, Mapping | Sequence) or isinstance(variants, str):
        wanted = "a list of mappings, or a mapping of names to them"
        raise refusal(variants, "variants", wanted, DebuggerError)
    if isinstance(variants, Mapping):
        given = [(str(name), one) for name, one in variants.items()]
    else:
        given = [(getattr(one, "name", None) or str(i), one) for i, one in enumerate(variants)]
    if not given:
        raise DebuggerError("sweep() needs at least one variant: a mapping of keys to put.")
    found: dict[str, SweepRun] = {}
    for name, one in given:
        if not isinstance(one, Mapping | Variant):
            raise refusal(one, f"Variant {name}", "a mapping of keys, or a Variant", DebuggerError)
        variant = one if isinstance(one, Variant) else Variant(one)
        if name in found:
            raise DebuggerError(f"Two variants are called {name!r}; give each a name of its own.")
        nodes = plain_nodes(graph, variant.nodes)
        found[name] = SweepRun(name, 0, checked(variant.put), nodes)
    return [run._replace(repeat=i) for run in found.values() for i in range(n)]


def _joined(key: Any) -> str:
    return "_".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _called(code: Any) -> str:
    name = str(getattr(code, "__name__", type(code).__name__))
    return "function" if name == "<lambda>" else name
