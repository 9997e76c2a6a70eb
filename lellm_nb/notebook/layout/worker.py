"""Lay a graph out with pygraphviz, in a process of its own.

Run as a script: reads one JSON object from standard input, writes one to
standard output. It is a process because Graphviz holds the interpreter lock
for the whole layout and writes font warnings past Python to descriptor 2.
It knows numbers and sizes only; no text of a user comes here.
"""

from __future__ import annotations

import json
import sys
from typing import Any

POINTS = 72.0


def dot_text(job: dict[str, Any]) -> str:
    """Return the job in Graphviz's language, under ids of our own."""
    # The frame of an open composite takes its room out of the gap between ranks.
    gap = 0.6 if any(opened for *_node, opened in job["nodes"]) else 0.42
    lines = [
        "digraph g {",
        f"graph [rankdir=TB, nodesep=0.25, ranksep={gap}, compound=true, margin=0];",
        'node [shape=box, fixedsize=true, label=""];',
        "edge [arrowsize=0.6];",
    ]
    children: dict[int, list[list[Any]]] = {}
    for node in job["nodes"]:
        children.setdefault(node[1], []).append(node)
    first: dict[int, int] = {}

    def write(parent: int, depth: int) -> None:
        for number, _parent, width, height, opened in children.get(parent, ()):
            if opened and children.get(number):
                lines.append(f'subgraph cluster_{number} {{ margin=10; label=" ";')
                lines.append(f"labeljust=l; fontsize={job['header'] / 2};")
                write(number, depth + 1)
                lines.append("}")
                first[number] = number
            else:
                size = f"width={width / POINTS:.4f}, height={height / POINTS:.4f}"
                lines.append(f"n{number} [{size}];")

    write(-1, 0)

    def leaf(number: int, which: int) -> int:
        while number in first:
            ends = [n[0] for n in children[number]]
            number = job["ends"].get(str(number), [ends[0], ends[-1]])[which]
        return number

    for index, (source, target, _kind, back) in enumerate(job["edges"]):
        extra = [f'id="e{index}"']
        # An edge that closes a loop is given the other way round, so that the
        # way from start to end always leads down.
        tail, head = (target, source) if back else (source, target)
        if back:
            extra.append("dir=back")
        if tail in first:
            extra.append(f"ltail=cluster_{tail}")
        if head in first:
            extra.append(f"lhead=cluster_{head}")
        from_to = leaf(source, 1), leaf(target, 0)
        ends = " -> ".join(f"n{n}" for n in (from_to[::-1] if back else from_to))
        lines.append(f"{ends} [{', '.join(extra)}];")
    lines.append("}")
    return "\n".join(lines)


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.replace(",", " ").split()]


def answer(drawn: dict[str, Any]) -> dict[str, Any]:
    """Return Graphviz's coordinates with the origin at the top left."""
    _x0, _y0, width, top = numbers(drawn["bb"])
    nodes, boxes, edges = [], [], {}
    for thing in drawn.get("objects", ()):
        name = thing["name"]
        if name.startswith("cluster_") and "bb" in thing:
            x0, y0, x1, y1 = numbers(thing["bb"])
            boxes.append([int(name[8:]), x0, top - y1, x1 - x0, y1 - y0])
        elif name.startswith("n") and "pos" in thing:
            x, y = numbers(thing["pos"])
            w, h = float(thing["width"]) * POINTS, float(thing["height"]) * POINTS
            nodes.append([int(name[1:]), x - w / 2, top - y - h / 2, w, h])
    for thing in drawn.get("edges", ()):
        points = []
        begin = end = None
        for part in thing.get("pos", "").split():
            if part.startswith("e,"):
                end = numbers(part[2:])
            elif part.startswith("s,"):
                begin = numbers(part[2:])
            else:
                points.append(numbers(part))
        if end is not None:
            points[-1] = end
        if begin is not None:
            points[0] = begin
            points.reverse()
        edges[int(thing["id"][1:])] = [[x, top - y] for x, y in points]
    return {
        "width": width, "height": top, "nodes": nodes, "boxes": boxes,
        "edges": [edges.get(n, []) for n in range(len(edges))],
    }  # fmt: skip


def main() -> None:
    # Run by its path, this folder would come before the standard library.
    sys.path.pop(0)
    job = json.load(sys.stdin)
    import pygraphviz

    graph = pygraphviz.AGraph(string=dot_text(job))
    drawn = json.loads(graph.draw(prog="dot", format="json0"))
    json.dump(answer(drawn), sys.stdout)


if __name__ == "__main__":
    main()
