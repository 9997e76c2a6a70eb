"""A drawing as SVG text, for where no script runs."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from lellm_nb.graph.drawing.layered import Box, Drawing, Point, layered, visible
from lellm_nb.graph.drawing.outline import Outline, outline
from lellm_nb.graph.edge import DECISION_KINDS

_RULES = (
    ("rect", "fill:#fff;stroke:#b6bdc6;stroke-width:1.3"),
    ("text", "fill:#57606a;font:12px system-ui,sans-serif;text-anchor:middle"),
    (".b", "fill:#f6f8fa;stroke:#d0d7de"),
    (".t", "font-size:11px;text-anchor:start"),
    (".e", "font-size:10px;stroke:#fff;stroke-width:3;paint-order:stroke"),
    ("path", "fill:none;stroke:#8b949e;stroke-width:1.3;marker-end:url(#lg-tip)"),
    (".conditional", "stroke-dasharray:5 4"),
    (".fallback,.lg .goto,.lg .error", "stroke-dasharray:2 3"),
    ("rect.current", "fill:#def;stroke:#0b6bcb"),
    ("rect.done", "fill:#e6f4ea;stroke:#2f8f4e"),
    ("rect.failed", "fill:#fde7e7;stroke:#c62828"),
    ("rect.waiting", "fill:#fff3d6;stroke:#b97a00"),
    ("text.current", "fill:#0a3a6b"),
    ("text.done", "fill:#1d5c33"),
    ("text.failed", "fill:#8c1d1d"),
    ("text.waiting", "fill:#704a00"),
)
_STYLE = "".join(f".lg {selector}{{{rule}}}" for selector, rule in _RULES)
"""The picture's own style, short as it travels with every update, and scoped to it."""

_TIP = (
    "<defs><marker id='lg-tip' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7'"
    " orient='auto'><path style='fill:#8b949e;stroke:none;marker-end:none' d='M0 0L8 4L0 8z'/>"
    "</marker></defs>"
)
_MARGIN = 10
_LONGEST = 30


def svg(whole: Outline, drawing: Drawing, statuses: Mapping[int, str] | None = None) -> str:
    """Return `drawing` as one self-contained SVG document on a white ground.

    Names are escaped and are only ever text; nothing in it links anywhere.
    """
    statuses = statuses or {}
    width, height = round(drawing.width) + 2 * _MARGIN, round(drawing.height) + 2 * _MARGIN
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' class='lg' width='{width}' height='{height}'"
        f" viewBox='{-_MARGIN} {-_MARGIN} {width} {height}'><style>{_STYLE}</style>{_TIP}"
        f"<rect style='stroke:none' x='{-_MARGIN}' y='{-_MARGIN}' width='{width}'"
        f" height='{height}'/>",
    ]
    for number, box in drawing.boxes.items():
        parts.append(_rect(box, "b"))
        parts.append(_text(box[0] + 10, box[1] + 17, whole.nodes[number].name, "t"))
    words: dict[Point, list[str]] = {}
    for _source, _target, kind, points in drawing.edges:
        if points:
            for_decision = kind in DECISION_KINDS
            look = "conditional" if for_decision else kind
            parts.append(f"<path class='{look}' d='{path_data(points)}'/>")
            if for_decision:
                words.setdefault(middle(points), []).append(kind)
    parts += [_text(*at, ", ".join(said), "e") for at, said in words.items()]  # above the lines
    for number, box in drawing.nodes.items():
        x, y, w, h = box
        status = statuses.get(number, "")
        parts.append(_rect(box, status))
        parts.append(_text(x + w / 2, y + h / 2 + 4, whole.nodes[number].name, status))
    return "".join(parts) + "</svg>"


def path_data(points: list[Point]) -> str:
    """Return the `d` of a Bézier path.

    Example:
        >>> path_data([(0, 0), (1, 1), (2, 2), (3, 3)])
        'M0 0C1 1 2 2 3 3'
    """
    (x, y), *rest = points
    tail = " ".join(f"{px:.0f} {py:.0f}" for px, py in rest)
    return f"M{x:.0f} {y:.0f}C{tail}"


def middle(points: list[Point]) -> Point:
    """Return a point about halfway along a Bézier path.

    Example:
        >>> middle([(0, 0), (0, 4), (8, 4), (8, 8)])
        (4.0, 4.0)
    """
    curves = max(1, (len(points) - 1) // 3)
    a, b, c, d = points[3 * ((curves - 1) // 2) :][:4]
    if curves % 2 == 0:
        return d
    return (a[0] + 3 * b[0] + 3 * c[0] + d[0]) / 8, (a[1] + 3 * b[1] + 3 * c[1] + d[1]) / 8


def _rect(box: Box, name: str) -> str:
    x, y, w, h = map(round, box)
    return f"<rect{_class(name)} x='{x}' y='{y}' width='{w}' height='{h}' rx='6'/>"


def _text(x: float, y: float, text: str, name: str) -> str:
    clean = "".join(c if c.isprintable() else "\ufffd" for c in text)
    shown = clean if len(clean) <= _LONGEST else clean[: _LONGEST - 1] + "…"
    return f"<text{_class(name)} x='{x:.0f}' y='{y:.0f}'>{escape(shown)}</text>"


def _class(name: str) -> str:
    return f" class='{name}'" if name else ""


def graph_svg(graph: Any) -> str:
    """Return a still picture of `graph`, every composite opened up.

    Needs nothing installed: this is what `Graph.to_svg` gives.
    """
    whole = outline(graph)
    return svg(whole, layered(visible(whole, whole.composites())))


def graph_bundle(graph: Any, *, most: int = 300) -> dict[str, str]:
    """Return what a cell shows: the picture as an image, in which nothing can run.

    A graph of more than `most` nodes is a line of text: its picture would be megabytes.
    """
    name = escape(str(graph.name), {'"': "&quot;"})
    if len(outline(graph).nodes) > most:
        return {"text/plain": f"{graph!r} (too big for a picture in a cell)"}
    picture = graph_svg(graph)
    data = b64encode(picture.encode()).decode()
    html = f'<img alt="Graph {name}" style="max-width:100%" src="data:image/svg+xml;base64,{data}">'
    return {"text/html": html, "image/svg+xml": picture, "text/plain": repr(graph)}
