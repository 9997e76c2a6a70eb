"""Imports go one way inside `debug/` and `notebook/` too; an engine is known by its protocol."""

from __future__ import annotations

import pytest

from tests.house.source import PACKAGE, Import, every_import, modules, where

# A room imports from rooms below its own: of one line none imports another.
DEBUG = [
    {"history"},
    {"diff", "names"},
    {"query"},
    {"breakpoints"},
    {"calls", "deciding", "inputs"},
    {"core"},
    {"verbs", "codegen"},
    {"persist"},
    {"faces"},
    {"debugger"},
]
NOTEBOOK = [
    {"frame_protocol"},
    {"pending_protocol"},
    {"breakpoint_protocol"},
    {"debugger_protocol"},
    {"values"},
    {"model", "layout"},
    {"tabs"},
    {"messages", "export"},
    {"widget"},
]
ORDER = {
    f"lellm_nb.{layer}.{room}": rank
    for layer, ranks in {"debug": DEBUG, "notebook": NOTEBOOK}.items()
    for rank, rooms in enumerate(ranks)
    for room in rooms
}

CIRCLES = {
    ("lellm_nb.graph.graph", "lellm_nb.engine.execute"): "Graph.run and execute run the graph",
    ("lellm_nb.graph.graph", "lellm_nb.engine.publishing.stream"): "so does Graph.execute_stream",
    ("lellm_nb.graph.analysis", "lellm_nb.store.run.taken_ways"): "analyze(runs=) asks a store",
    ("lellm_nb.record.trace", "lellm_nb.records.json_form"): "a trace is one of the records",
}
"""The imports that may close a circle: at most six, each inside a function or for types."""

PLUMBING = {
    "lellm_nb.engine.cancellation",
    "lellm_nb.engine.output_capture",
    "lellm_nb.engine.driving.drive",
    "lellm_nb.engine.driving.worker_thread",
}
PROTOCOL = {"lellm_nb.session.protocol", "lellm_nb.session.checkpoint"}


def room_of(module: str) -> str:
    """The room of a module inside its layer: ``lellm_nb.debug.core``."""
    return ".".join(module.split(".")[:3])


def layer_of(module: str) -> str:
    """The layer of a module: ``debug``."""
    return module.split(".")[1]


def circles(edges: list[Import]) -> list[set[str]]:
    """The sets of modules that reach each other, by Tarjan's rule."""
    following: dict[str, list[str]] = {}
    for edge in edges:
        following.setdefault(edge.module, []).append(edge.target)
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(module: str) -> None:
        number[module] = lowest[module] = len(number)
        stack.append(module)
        for target in following.get(module, ()):
            if target not in number:
                visit(target)
                lowest[module] = min(lowest[module], lowest[target])
            elif target in stack:
                lowest[module] = min(lowest[module], number[target])
        if lowest[module] == number[module]:
            start = stack.index(module)
            found.append(set(stack[start:]))
            del stack[start:]

    for module in modules():
        if module not in number:
            visit(module)
    return [one for one in found if len(one) > 1]


def test_every_room_has_a_place_in_the_order():
    """A new room takes its place before it is used."""
    unplaced = {
        room_of(module)
        for module, file in modules().items()
        if layer_of(module + ".") in ("debug", "notebook") and len(module.split(".")) > 2
        if not (file.name == "__init__.py" and file.parent.parent == PACKAGE)
    } - ORDER.keys()

    assert not unplaced, f"not in the order of rooms: {sorted(unplaced)}"


@pytest.mark.parametrize(
    "layer",
    [
        "debug",
        "notebook",
    ],
)
def test_rooms_import_from_rooms_below_their_own(layer):
    """Late imports and those for types count too."""
    against = [
        f"{edge} ({room_of(edge.module)} > {room_of(edge.target)})"
        for edge in every_import()
        if layer_of(edge.module) == layer_of(edge.target) == layer
        if (here := ORDER.get(room_of(edge.module))) is not None  # a layer's `__init__` gathers
        if room_of(edge.module) != room_of(edge.target)
        if ORDER.get(room_of(edge.target), 99) >= here
    ]

    assert not against, listed(against)


def test_no_import_circle():
    """Nothing that is read first needs what is read later; late and typing imports count."""
    edges = [one for one in every_import() if (one.module, one.target) not in CIRCLES]
    closing = [
        str(edge)
        for circle in circles(edges)
        for edge in edges
        if {edge.module, edge.target} <= circle
    ]

    assert not closing, listed(closing)


def test_the_listed_circles_are_there():
    """The list of exceptions stays as short as it can be."""
    there = {(edge.module, edge.target) for edge in every_import()}

    assert len(CIRCLES) <= 6
    assert CIRCLES.keys() <= there


def test_the_debugger_knows_an_engine_by_its_protocol():
    """Of `engine` only plumbing, of `session` what it states; one module makes the native one."""
    known = PLUMBING | PROTOCOL
    against = [
        str(edge)
        for edge in every_import()
        if layer_of(edge.module) == "debug" and layer_of(edge.target) in ("engine", "session")
        if edge.target not in known
        if not (edge.module == "lellm_nb.debug.debugger" and layer_of(edge.target) == "session")
    ]

    assert not against, listed(against)


def test_the_view_knows_no_engine():
    """It asks a debugger."""
    against = [
        str(edge)
        for edge in every_import()
        if layer_of(edge.module) == "notebook" and layer_of(edge.target) in ("engine", "session")
    ]

    assert not against, listed(against)


def listed(found: list[str]) -> str:
    """What a failure says: how many, and each on a line of its own."""
    return "\n".join([f"{len(found)}:", *found])


def test_a_place_is_a_path_and_a_line():
    """What a failure says can be opened."""
    assert where("lellm_nb.clock", 1) == "lellm_nb/clock.py:1"
