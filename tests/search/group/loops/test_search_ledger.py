"""Ranges of tables: the least and the largest entries."""

from __future__ import annotations

import random

import numpy as np

from looptree.model.axis import Array
from looptree.search.group.loops.ledger import Ledger, entries_of
from looptree.search.group.loops.tables import LoopTable


def table(draw: random.Random, width: int) -> LoopTable:
    """A table of random numbers, of three tensors and two layers."""

    def numbers(rows: int) -> Array:
        return np.array([[float(draw.randrange(100)) for _ in range(width)] for _ in range(rows)])

    moves = np.array([draw.random() < 0.5 for _ in range(3)])
    none: frozenset[str] = frozenset()
    return LoopTable(
        (numbers(3), numbers(3)),
        (numbers(3), numbers(3)),
        moves={(1, 0): moves},
        forgets=(moves,),
        operations=numbers(2),
        cycles=numbers(2),
        points=numbers(2),
        steps=numbers(2),
        dimensions=(none,) * 3,
        ranks=(none,) * 2,
        uneven=none,
        covering={},
        alike=none,
        needs={},
        compared={},
        reads=numbers(1),
        read=(none,),
    )


def test_a_range_has_the_least_and_the_largest_of_its_columns() -> None:
    draw = random.Random(1)
    for _ in range(20):
        widths = [draw.randrange(1, 40) for _ in range(6)]
        ledger = Ledger()
        tables = [table(draw, width) for width in widths]
        first = [ledger.add(t) for t in tables]
        chosen = [draw.randrange(len(tables)) for _ in range(50)]
        start = np.array([draw.randrange(widths[i]) for i in chosen])
        stop = np.array([draw.randrange(s + 1, widths[i] + 1) for s, i in zip(start, chosen, strict=True)])
        at = np.array([first[i] for i in chosen])
        found = ledger.ranges(at + start, at + stop)
        for column, i in enumerate(chosen):
            inside = slice(start[column], stop[column])
            low, high = entries_of(tables[i])
            for name, entries in low.items():
                assert (found.low[name][:, column] == entries[:, inside].min(axis=1)).all()
            for name, entries in high.items():
                assert (found.high[name][:, column] == entries[:, inside].max(axis=1)).all()
            assert (found.moves[1, 0][:, column] == tables[i].moves[1, 0]).all()
