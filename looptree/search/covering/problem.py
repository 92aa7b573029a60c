"""The problem as its user states it, checked, and the columns that can be in a best cover at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from looptree.search.covering.precedence import Edge, Precedence, mask_of


@dataclass(frozen=True, slots=True)
class Column:
    """A candidate group: layers that would run together in one particular way.

    Attributes:
        members: its layers. Need not be connected. A group that is not convex, that is one with a path that leaves it
            and comes back, is in no cover: it would wait for itself.
        cost: what it adds to the cost of a cover; an integer of any size, not negative.
        uses: what it adds to each quantity that can be limited; integers of any size, not negative.

    Raises:
        ValueError: no members, or a cost or an amount that is negative or no integer.
    """

    members: frozenset[int]
    cost: int
    uses: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("a column has no members: expected at least one layer")
        for name, value in [("cost", self.cost), *(("amount used", amount) for amount in self.uses)]:
            if not isinstance(value, int):
                raise ValueError(f"the {name} of a column is {value!r}: expected an int (scale and round it first)")
            if value < 0:
                raise ValueError(f"the {name} of a column is {value}: expected no negative number")


@dataclass(frozen=True, slots=True)
class Problem:
    """Layers, candidates and limits.

    Attributes:
        precedence: which layer waits for which.
        columns: the candidates.
        masks: the members of each, as a bit mask.
        limits: for each quantity the most of it; None for as much as one likes.
    """

    precedence: Precedence
    columns: tuple[Column, ...]
    masks: tuple[int, ...]
    limits: tuple[int | None, ...]

    @classmethod
    def of(cls, layers: int, edges: Iterable[Edge], columns: Sequence[Column], limits: Sequence[int | None]) -> Problem:
        """The problem, checked.

        Raises:
            ValueError: the edges make a cycle, a member or the end of an edge is no layer, or a column has more or
                fewer uses than there are limits.
        """
        if layers < 0:
            raise ValueError(f"{layers} layers: expected no negative number")
        for limit in limits:
            if limit is not None and not isinstance(limit, int):
                raise ValueError(f"a limit is {limit!r}: expected an int, or None for no limit")
        for number, column in enumerate(columns):
            if min(column.members) < 0 or max(column.members) >= layers:
                raise ValueError(
                    f"column {number} has members {sorted(column.members)}: expected some of 0..{layers - 1}"
                )
            if len(column.uses) != len(limits):
                raise ValueError(
                    f"column {number} uses {len(column.uses)} quantities and there are {len(limits)} limits: expected "
                    "one limit for each (None for no limit)"
                )
        masks = tuple(mask_of(column.members) for column in columns)
        return cls(Precedence.of(layers, edges), tuple(columns), masks, tuple(limits))

    @property
    def limited(self) -> list[tuple[int, int]]:
        """Number and limit of each quantity that has one."""
        return [(quantity, limit) for quantity, limit in enumerate(self.limits) if limit is not None]

    def candidates(self) -> list[int]:
        """The columns that can be in a best cover, ascending.

        Those that are not convex, that break a limit alone, or of whose members there is another column that costs no
        more and uses no more of what is limited are in none (or, of several that are equal, one is enough).
        """
        limited = self.limited
        convex = {mask: self.precedence.convex(mask) for mask in set(self.masks)}
        by_members: dict[int, list[tuple[tuple[int, ...], int]]] = {}
        for number, (column, mask) in enumerate(zip(self.columns, self.masks, strict=True)):
            if convex[mask] and all(column.uses[quantity] <= limit for quantity, limit in limited):
                price = (column.cost, *(column.uses[quantity] for quantity, _ in limited))
                by_members.setdefault(mask, []).append((price, number))
        return sorted(number for priced in by_members.values() for number in _undominated(priced))

    def cost(self, chosen: Iterable[int]) -> int:
        """What some columns cost together."""
        return sum(self.columns[number].cost for number in chosen)

    def used(self, chosen: Sequence[int]) -> tuple[int, ...]:
        """What some columns use together, of each quantity."""
        return tuple(sum(self.columns[number].uses[k] for number in chosen) for k in range(len(self.limits)))

    def within_limits(self, chosen: Sequence[int]) -> bool:
        """Whether some columns keep within the limits."""
        used = self.used(chosen)
        return all(used[quantity] <= limit for quantity, limit in self.limited)

    def arranged(self, chosen: Sequence[int]) -> tuple[int, ...] | None:
        """Some columns in an order in which their groups can run; None if they wait in a cycle."""
        order = self.precedence.arranged([self.masks[number] for number in chosen])
        return None if order is None else tuple(chosen[place] for place in order)

    def checked_cover(self, chosen: Sequence[int]) -> tuple[int, ...]:
        """A cover that somebody else found, in an order in which its groups can run.

        Raises:
            ValueError: it is none.
        """
        if any(not 0 <= number < len(self.columns) for number in chosen):
            raise ValueError(f"the incumbent {list(chosen)} names a column that does not exist")
        if sorted(layer for number in chosen for layer in self.columns[number].members) != list(
            range(self.precedence.layers)
        ):
            raise ValueError(f"the incumbent {list(chosen)} does not hold every layer exactly once")
        if not self.within_limits(chosen):
            raise ValueError(f"the incumbent {list(chosen)} uses {self.used(chosen)}: the limits are {self.limits}")
        arranged = self.arranged(chosen)
        if arranged is None:
            raise ValueError(f"the groups of the incumbent {list(chosen)} wait for each other in a cycle")
        return arranged


def _undominated(priced: list[tuple[tuple[int, ...], int]]) -> list[int]:
    """Of columns with the same members, one of each price that no other price is at most in every entry.

    >>> _undominated([((5, 1), 0), ((4, 2), 1), ((5, 2), 2), ((4, 2), 3)])
    [1, 0]
    """
    kept: list[tuple[tuple[int, ...], int]] = []
    for price, number in sorted(priced):
        if not any(all(a <= b for a, b in zip(known, price, strict=True)) for known, _ in kept):
            kept.append((price, number))
    return [number for _, number in kept]
