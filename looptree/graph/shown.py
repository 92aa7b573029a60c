"""The type of a layer graph. networkx is imported with it, so that only what makes a graph imports this module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx

from looptree.display import frame
from looptree.graph.picture import svg

if TYPE_CHECKING:
    import pandas


class LayerGraph(networkx.DiGraph):  # type: ignore[misc]
    """A `networkx.DiGraph` that notebooks draw."""

    def __repr__(self) -> str:
        layers, edges = len(self), self.number_of_edges()
        return f"LayerGraph({layers} layer{'s' * (layers != 1)}, {edges} edge{'s' * (edges != 1)})"

    def _repr_svg_(self) -> str:
        """What a notebook shows: names are text, never markup."""
        return svg(self)

    def to_pandas(self) -> pandas.DataFrame:
        """One row per layer with its attributes.

        Raises:
            InputError: pandas is not installed.
        """
        return frame([{"layer": name, **attributes} for name, attributes in self.nodes(data=True)])
