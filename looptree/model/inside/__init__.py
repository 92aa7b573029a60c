"""Inside a tile: the loop nest of one layer at the levels below its buffer, found by the model's own tables.

A nest cuts the tile of a layer by one loop per rank at most, and keeps some of its tensors at one memory level below
all of these loops, as one tile of each. All tiles of the layer share it, the smaller ones at the edges too.
"""

from looptree.model.inside.resolve import with_nests

__all__ = ["with_nests"]
