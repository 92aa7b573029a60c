"""The layer graph as a picture: SVG that needs nothing but what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from looptree.graph.box import NODE_HEIGHT, NODE_WIDTH
from looptree.graph.export import printable
from looptree.graph.layout import lay_out

if TYPE_CHECKING:
    import networkx

_LONGEST = 20
_STYLE = (
    "text{font:11px sans-serif;fill:#222}rect{fill:#fff;stroke:#0072B2}path{fill:none;stroke:#555;stroke-width:1.2}"
)


def svg(graph: networkx.DiGraph) -> str:
    """The graph as SVG: a box per layer from top to bottom, a line per tensor; the pointer shows their sizes.

    >>> import networkx
    >>> picture = svg(networkx.DiGraph([("conv1", "conv2", {"tensor": "F2", "bytes": 8})]))
    >>> picture.count("<rect"), "<title>F2: 8 B</title>" in picture
    (2, True)
    """
    picture = lay_out([[name] for name in graph], list(graph.edges))
    width, height = round(picture.width), round(picture.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="Layer graph {_text(str(graph.graph.get("name", "")))}"><style>{_STYLE}</style>'
    ]
    for route in picture.routes:
        tensor = graph.edges[route.source, route.target]
        line = "L".join(f"{x:.1f},{y:.1f}" for x, y in route.points)
        parts.append(f'<path d="M{line}"><title>{_text(tensor["tensor"])}: {tensor["bytes"]:,} B</title></path>')
    for name, frame in picture.nodes.items():
        short = name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}\u2026"
        about = graph.nodes[name]
        more = f": {about['operation']}, {about['operations']:,} operations" if "operation" in about else ""
        parts.append(
            f"<g><title>{_text(name + more)}</title>"
            f'<rect x="{frame.x:.1f}" y="{frame.y:.1f}" width="{NODE_WIDTH}" height="{NODE_HEIGHT}" rx="4"/>'
            f'<text x="{frame.x + 6:.1f}" y="{frame.y + 17:.1f}">{_text(short)}</text></g>'
        )
    return "".join([*parts, "</svg>\n"])


def _text(text: str) -> str:
    return escape(printable(text), {'"': "&quot;"})
