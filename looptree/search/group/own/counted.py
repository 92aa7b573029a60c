"""What own loops in an order leave of all tensors of a layer, of every choice of their tile shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.search.group.own.streaming import Idle
from looptree.search.group.own.ways import Table


@dataclass(frozen=True, eq=False, slots=True)
class Counted:
    """What own loops in an order leave.

    Attributes:
        order: their ranks. tiles: of each. tables: of each tensor, by how many of them are above its storage node.
        trips, cycles: of the layer, as shares.
    """

    order: tuple[str, ...]
    tiles: tuple[tuple[int, ...], ...]
    tables: Mapping[str, Sequence[Table]]
    trips: Array
    cycles: Array

    def chosen(self, choice: int) -> tuple[tuple[str, int], ...]:
        """The loops of one choice."""
        at = np.unravel_index(choice, tuple(map(len, self.tiles)))
        return tuple((rank, tiles[i]) for rank, tiles, i in zip(self.order, self.tiles, at, strict=True))

    def rows(self, shares: Sequence[Array], idle: Idle, *, fills: bool) -> Array:
        """What makes one choice better than another, a row for each."""
        return np.stack([*shares, *([self.trips] * fills), *([self.cycles] * idle.counted)], axis=1)
