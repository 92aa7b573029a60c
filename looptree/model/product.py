"""Counts at each iteration of a chain, as products over its axes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array, Axis
from looptree.model.box import Box, exact_sum, table_of
from looptree.model.sweep import retired_sizes


@dataclass(frozen=True, slots=True)
class Product:
    """A count at each iteration: `scale` times one entry of the table of every axis that has one."""

    scale: int
    tables: Mapping[int, Array]

    @classmethod
    def of(cls, box: Box, axes: Mapping[int, Axis]) -> Product:
        """The points of a box."""
        tables = {key: table_of(box.tracks[key].sizes(), axis.size) for key, axis in axes.items() if key in box.tracks}
        return cls(box.fixed_size(), tables)

    def total(self, axes: Mapping[int, Axis]) -> int:
        """The sum over all iterations."""
        found = self.scale
        for key, axis in axes.items():
            found *= exact_sum(self.tables[key]) if key in self.tables else axis.size
        return found

    def at(self, steps: Mapping[int, int]) -> int:
        """The count at one iteration, given the own step of each axis."""
        found = self.scale
        for key, table in self.tables.items():
            found *= int(table[steps[key]])
        return found


Terms = tuple[tuple[int, Product], ...]
"""Counts that add up, as pairs of a sign and a count."""


def retired(box: Box, axes: Mapping[int, Axis], depth: int) -> Product:
    """Points that no later iteration of the same sweep asks for."""
    tables: dict[int, Array] = {}
    for key, axis in axes.items():
        own = axis.own(depth)
        track = box.tracks.get(key)
        if own == len(axis.depths) or not axis.size:
            if track is not None:
                tables[key] = table_of(track.sizes(), axis.size)
        elif track is not None:
            tables[key] = retired_sizes(track, axis, own)
        else:
            last = np.zeros(axis.size, dtype=np.int64)
            last[np.append(axis.starts(own)[1:], axis.size) - 1] = 1
            tables[key] = last
    return Product(box.fixed_size(), tables)


@dataclass(frozen=True, eq=False, slots=True)
class Amount:
    """Words at each step; where there are instances, those of the busiest one.

    Attributes:
        terms: what adds up. Of several instances, a table has one row per step and one column per kind of instance.
        columns: per axis with such tables, how many kinds.
    """

    terms: Terms
    columns: Mapping[int, int]

    @property
    def tables(self) -> Iterable[tuple[int, Array]]:
        """All tables, by axis."""
        return [pair for _, product in self.terms for pair in product.tables.items()]

    def at(self, steps: Mapping[int, int]) -> int:
        """Words at one step, given the own step of each axis."""
        if not self.columns:
            return sum(sign * product.at(steps) for sign, product in self.terms)
        total: Array = np.zeros(1, dtype=object)
        for sign, product in self.terms:
            found: Array = np.array([sign * product.scale], dtype=object)
            for key, table in product.tables.items():
                row = table[steps[key]].astype(object) if key in self.columns else np.array([int(table[steps[key]])])
                found = np.multiply.outer(found, row).ravel()
            total = total + found
        return int(total.max())

    def kinds(self) -> Iterable[Terms]:
        """The terms of every kind of instance by itself."""
        for chosen in np.ndindex(*self.columns.values()):
            column = dict(zip(self.columns, chosen, strict=True))
            yield tuple(
                (
                    sign,
                    Product(
                        product.scale,
                        {
                            key: table[:, column[key]] if key in column else table
                            for key, table in product.tables.items()
                        },
                    ),
                )
                for sign, product in self.terms
            )
