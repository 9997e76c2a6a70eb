"""Lay a graph out once per topology, outside this process."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Set
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lellm_nb.graph.drawing.layered import (
    HEADER,
    NODE_HEIGHT,
    Drawing,
    Visible,
    layered,
    visible,
)
from lellm_nb.graph.drawing.outline import Outline

_log = logging.getLogger(__name__)
_WORKER = Path(__file__).with_name("worker.py")
_SECONDS = 20.0
_KEPT = 64

_cache: OrderedDict[str, Drawing] = OrderedDict()
_lock = threading.Lock()


def layout(outline: Outline, opened: Set[int]) -> Drawing:
    """Return the drawing of `outline` with the composites `opened` opened up.

    Graphviz does it in a helper process where pygraphviz is installed, else
    the plain layered layout does. The answer is kept for the next time the
    same nodes and edges are asked for, whatever they are called.
    """
    part = visible(outline, opened)
    job = _job(part)
    key = json.dumps(job)
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    drawing = _from_graphviz(part, job) or layered(part)
    with _lock:
        _cache[key] = drawing
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return drawing


def _job(part: Visible) -> dict[str, Any]:
    nodes = []
    loops = part.loops()
    for number in part.nodes:
        node = part.outline.nodes[number]
        width = round(part.width(number), 1)
        opened = number in part.open
        nodes.append([number, node.parent, width, NODE_HEIGHT, opened])
    return {
        "header": HEADER,
        "nodes": nodes,
        "edges": [[*edge, edge[:2] in loops] for edge in part.edges],
        "ends": {str(number): _ends(part, number, loops) for number in part.open},
    }


def _ends(part: Visible, parent: int, loops: Set[tuple[int, int]]) -> list[int]:
    """Return the nodes inside a composite that the edges to it, and from it, are bound to."""
    inside = part.inside(parent)
    start, end = inside[0], inside[-1]
    for number in inside:
        role = part.outline.nodes[number].role
        start = number if "start" in role else start
        end = number if "end" in role else end
    onward = {a for a, b, _ in part.edges_inside(parent) if (a, b) not in loops and a != b}
    if end in onward:  # it ends where a loop begins: what comes after it is still drawn below
        end = next((number for number in reversed(inside) if number not in onward), end)
    return [start, end]


def _from_graphviz(part: Visible, job: dict[str, Any]) -> Drawing | None:
    if not part.nodes or find_spec("pygraphviz") is None:
        return None
    try:
        done = subprocess.run(
            [sys.executable, str(_WORKER)],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
        found = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip()
        _log.info("Graphviz could not lay the graph out: %s", said[-400:])
        return None
    drawing = Drawing(found["width"], found["height"], engine="graphviz")
    drawing.nodes = {row[0]: tuple(row[1:]) for row in found["nodes"]}
    boxes = {row[0]: tuple(row[1:]) for row in found["boxes"]}
    drawing.boxes = dict(sorted(boxes.items()))
    for edge, points in zip(part.edges, found["edges"], strict=True):
        drawing.edges.append((*edge, [(x, y) for x, y in points]))
    return drawing
