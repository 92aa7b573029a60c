"""What the loops of a segment, run through tile inference, contribute to its counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from looptree.model.axis import Array
from looptree.model.box import Key
from looptree.search.group.loops.boxes import Compared, all_of
from looptree.search.group.loops.factors import Factors, Work


@dataclass(frozen=True, eq=False, slots=True)
class Pass:
    """One loop, or a few together, run through tile inference alone.

    Attributes:
        tensors: per tensor that is needed without loops, nothing where no tile shape reaches it; writes: per tensor
            that leaves from a sink.
        work: per Einsum.
        uneven: tensors some of whose readers rest at steps at which others do not; covering: for each tensor
            with several readers, those (by position) that need all that any of them needs, at every step.
        alike: tensors all of whose readers need the same at every step, as far as it follows the loops. needs: of each
            tensor that is read, compared: of each with several readers, if that was asked for.
    """

    tensors: Mapping[str, Factors]
    writes: Mapping[str, Factors]
    work: Mapping[str, Work]
    uneven: frozenset[str]
    covering: Mapping[str, frozenset[int]]
    alike: frozenset[str]
    needs: Mapping[str, Needs]
    compared: Mapping[str, Compared]


@dataclass(frozen=True, eq=False, slots=True)
class Needs:
    """What is needed of one tensor in one run.

    Attributes:
        readers: what the loops contribute to the counts of each reader by itself, of a tensor with several.
        narrowed: dimensions along which some reader, or all together, need less at the first step than without loops.
        begun: those of all together, and words along them at the first step, per choice of tile shapes.
    """

    readers: tuple[Factors, ...]
    narrowed: frozenset[Key]
    begun: tuple[frozenset[Key], Array]


def gathered(picks: Sequence[tuple[Pass, int]], asked: Mapping[str, Mapping[Key, int]]) -> Pass | None:
    """Columns of several runs of the same loops as one run; `None` where other coordinates follow the loops in one.

    Tensors whose readers differ in any of the runs do so in the result, which then counts as more entangled than it is.

    Args:
        picks: run and column of each choice of tile shapes. asked: extents of each tensor without loops.
    """
    runs = list(dict.fromkeys(run for run, _ in picks))
    sizes = [len(next(iter(run.work.values())).steps) for run in runs]
    begins = dict(zip(runs, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True))
    at = np.array([begins[run] + column for run, column in picks])

    def column(tables: Sequence[Array]) -> Array:
        return np.asarray(np.concatenate(tables)[at])

    def factors(known: Sequence[Factors]) -> Factors:
        return Factors(
            known[0].dimensions,
            tuple(map(column, zip(*(f.fresh for f in known), strict=True))),
            tuple(map(column, zip(*(f.held for f in known), strict=True))),
            {key: column([f.moves[key] for f in known]) for key in known[0].moves},
        )

    def work(known: Sequence[Work]) -> Work:
        names = ("operations", "points", "cycles", "steps")
        return Work(known[0].ranks, *(column([getattr(w, name) for w in known]) for name in names))

    def needs(tensor: str) -> Needs:
        known = [run.needs[tensor] for run in runs]
        narrowed = frozenset[Key]().union(*(n.begun[0] for n in known))
        words = [n.begun[1] * math.prod(asked[tensor][key] for key in narrowed - n.begun[0]) for n in known]
        readers = tuple(map(factors, zip(*(n.readers for n in known), strict=True)))
        return Needs(readers, frozenset[Key]().union(*(n.narrowed for n in known)), (narrowed, column(words)))

    one = runs[0]
    if any(_followed(run) != _followed(one) for run in runs[1:]):
        return None
    return Pass(
        {tensor: factors([run.tensors[tensor] for run in runs]) for tensor in one.tensors},
        {tensor: factors([run.writes[tensor] for run in runs]) for tensor in one.writes},
        {name: work([run.work[name] for run in runs]) for name in one.work},
        frozenset[str]().union(*(run.uneven for run in runs)),
        {t: frozenset.intersection(*(run.covering[t] for run in runs)) for t in one.covering},
        frozenset.intersection(*(run.alike for run in runs)),
        {tensor: needs(tensor) for tensor in one.needs},
        {tensor: all_of([run.compared[tensor] for run in runs]) for tensor in one.compared},
    )


def _followed(run: Pass) -> tuple[object, ...]:
    """What follows the loops of a run."""
    known = {**run.tensors, **run.writes}
    readers = {t: [f.dimensions for f in needs.readers] for t, needs in run.needs.items()}
    return {t: f.dimensions for t, f in known.items()}, {n: w.ranks for n, w in run.work.items()}, readers


def kinds_of(run: Pass) -> list[list[int]]:
    """The choices of tile shapes of a run, apart where its loops are relevant to different tensors."""
    moves = np.stack([moving for f in (*run.tensors.values(), *run.writes.values()) for moving in f.moves.values()])
    kinds: dict[bytes, list[int]] = {}
    for column in range(moves.shape[1]):
        kinds.setdefault(moves[:, column].tobytes(), []).append(column)
    return list(kinds.values())
