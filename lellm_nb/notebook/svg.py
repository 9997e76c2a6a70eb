"""A drawing as SVG text, for where no script runs."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from .layered import Drawing, Point, layered, visible
from .outline import Outline, outline
from .protocols import GraphLike

_COLOURS = {
    "pending": ("#ffffff", "#b6bdc6", "#57606a"),
    "current": ("#ddeeff", "#0b6bcb", "#0a3a6b"),
    "done": ("#e6f4ea", "#2f8f4e", "#1d5c33"),
    "failed": ("#fde7e7", "#c62828", "#8c1d1d"),
    "waiting": ("#fff3d6", "#b97a00", "#704a00"),
}
"""Fill, edge and text of a node. A white ground is drawn under everything."""

_FONT = "font-family='system-ui,sans-serif'"
_MARGIN = 10.0


def svg(whole: Outline, drawing: Drawing, statuses: Mapping[int, str] | None = None) -> str:
    """Return `drawing` as one self-contained SVG document.

    Names are escaped and are only ever text; nothing in it links anywhere.
    """
    statuses = statuses or {}
    width, height = drawing.width + 2 * _MARGIN, drawing.height + 2 * _MARGIN
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}'"
        f" height='{height:.0f}' viewBox='{-_MARGIN} {-_MARGIN} {width:.1f}"
        f" {height:.1f}'>",
        f"<rect x='{-_MARGIN}' y='{-_MARGIN}' width='{width:.1f}'"
        f" height='{height:.1f}' fill='#ffffff'/>",
        "<defs><marker id='a' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7'"
        " markerHeight='7' orient='auto'><path d='M0 0L8 4L0 8z' fill='#8b949e'/>"
        "</marker></defs>",
    ]
    for number, (x, y, w, h) in drawing.boxes.items():
        parts.append(_rect(x, y, w, h, "#f6f8fa", "#d0d7de"))
        parts.append(_text(x + 10, y + 17, whole.nodes[number].name, "#57606a", 11))
    for _source, _target, kind, points in drawing.edges:
        if points:
            dash = " stroke-dasharray='5 4'" if kind == "conditional" else ""
            dash = " stroke-dasharray='2 3'" if kind == "fallback" else dash
            parts.append(
                f"<path d='{path_data(points)}' fill='none' stroke='#8b949e'"
                f" stroke-width='1.3' marker-end='url(#a)'{dash}/>"
            )
    for number, (x, y, w, h) in drawing.nodes.items():
        fill, edge, ink = _COLOURS[statuses.get(number, "pending")]
        parts.append(_rect(x, y, w, h, fill, edge))
        name = whole.nodes[number].name
        shown = name if len(name) <= 30 else name[:29] + "…"
        parts.append(_text(x + w / 2, y + h / 2 + 4, shown, ink, 12, "middle"))
    return "".join(parts) + "</svg>"


def path_data(points: list[Point]) -> str:
    """Return the `d` of a Bézier path.

    Example:
        >>> path_data([(0, 0), (1, 1), (2, 2), (3, 3)])
        'M0 0C1 1 2 2 3 3'
    """
    (x, y), *rest = points
    tail = " ".join(f"{px:g} {py:g}" for px, py in rest)
    return f"M{x:g} {y:g}C{tail}"


def _rect(x: float, y: float, w: float, h: float, fill: str, edge: str) -> str:
    return (
        f"<rect x='{x:.1f}' y='{y:.1f}' width='{w:.1f}' height='{h:.1f}' rx='6'"
        f" fill='{fill}' stroke='{edge}' stroke-width='1.3'/>"
    )


def _text(x: float, y: float, text: str, ink: str, size: int, anchor: str = "start") -> str:
    clean = "".join(c if c.isprintable() else "�" for c in text)
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' fill='{ink}' font-size='{size}'"
        f" text-anchor='{anchor}' {_FONT}>{escape(clean)}</text>"
    )


def graph_svg(graph: GraphLike) -> str:
    """Return a still picture of `graph`, every composite opened up.

    Needs nothing installed: this is what `Graph.to_svg` gives.
    """
    whole = outline(graph)
    return svg(whole, layered(visible(whole, whole.composites())))
