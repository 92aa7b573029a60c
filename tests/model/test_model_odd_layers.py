"""The closed form equals the simulator on layers and merges that networks rarely have.

Two generators beside that of `tests.random_designs`: layers that join, split, mirror, shift, sum up or
broadcast dimensions, one after the other; and tensors whose consumers are active at different steps.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from looptree.errors import InputError
from looptree.model import axis
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.workload import Einsum, Workload
from tests.model.counted_cases import compare
from tests.model.model_cases import Node, chain, design, drop, keep, layer, loop, pipeline, sequential
from tests.random_designs import Generator


class OddGenerator(Generator):
    """Random designs of unusual layers, among ordinary ones."""

    def workload(self) -> Workload:
        rank_count = self.pick([1, 2, 2, 3])
        self.shapes["X"] = tuple(self.pick([4, 5, 6] if rank_count < 3 else [2, 3, 4]) for _ in range(rank_count))
        for index in range(self.pick([1, 2, 2, 3, 3, 4])):
            self._layer(f"e{index}")
        used = {t for e in self.einsums for t in (*e.reads, e.output.tensor)}
        return Workload("odd", self.einsums, shapes={t: s for t, s in self.shapes.items() if t in used})

    def _layer(self, name: str) -> None:
        known = list(self.shapes)
        source = known[-1] if self.chance(75) else self.pick(known)
        dimensions = len(self.shapes[source])
        if dimensions and () not in self.shapes.values() and self.chance(30):
            return super()._layer(name)
        builds = [self._broadcast]
        if dimensions:
            builds += [self._total, self._offset, self._mirrored, self._transposed, self._split]
        if dimensions > 1:
            builds += [self._joined, self._diagonal, self._swapped]
        return self.pick(builds)(name, source)

    def _reads(self, name: str, source: str, out: list[str], read: list[str], ranks: dict[str, int], size: int) -> None:
        """A layer that keeps all dimensions of the source but the first."""
        dims = self._dims(len(self.shapes[source]))[1:]
        ranks = {**ranks, **dict(zip(dims, self.shapes[source][1:], strict=True))}
        weights = [rank for rank in ranks if rank in ("u", "v")]
        text = f"T_{name}[{','.join([*out, *dims])}] = {source}[{','.join([*read, *dims])}]"
        if weights:
            self.shapes[f"W_{name}"] = tuple(ranks[rank] for rank in weights)
            text += f" * W_{name}[{','.join(weights)}]"
        self._emit(name, text, ranks, (size, *self.shapes[source][1:]) if out else self.shapes[source][1:])

    def _broadcast(self, name: str, source: str) -> None:
        shape = self.shapes[source]
        dims = self._dims(len(shape))
        self.shapes[f"W_{name}"] = (2,)
        text = f"T_{name}[{','.join(['b', *dims])}] = {source}[{','.join(dims)}] * W_{name}[b]"
        self._emit(name, text, {"b": 2, **dict(zip(dims, shape, strict=True))}, (2, *shape))

    def _total(self, name: str, source: str) -> None:
        self._reads(name, source, [], ["i0"], {"i0": self.shapes[source][0]}, 0)

    def _offset(self, name: str, source: str) -> None:
        size, offset = self.shapes[source][0], self.pick([1, 2, 3])
        self._reads(name, source, [f"i0+{offset}"], ["i0"], {"i0": size}, size + offset + self.pick([0, 1, -1]))

    def _mirrored(self, name: str, source: str) -> None:
        size, stride, taps = self.shapes[source][0], self.pick([1, 2, 3]), self.pick([1, 2, 3])
        last = stride * (size - 1) + taps - 1
        form = f"-{stride}*i0-u+{last}"
        self._reads(name, source, [form], ["i0"], {"i0": size, "u": taps}, last + 1 + self.pick([0, 0, 1]))

    def _transposed(self, name: str, source: str) -> None:
        """Up to three ranks in one dimension of the output, holes and a tap outside included."""
        size, stride, taps = self.shapes[source][0], self.pick([1, 2, 3]), self.pick([1, 2, 3])
        ranks = {"i0": size, "u": taps} | ({"v": 2} if self.chance(30) else {})
        form = f"{stride}*i0+u" + ("+2*v" if "v" in ranks else "") + self.pick(["", "-1"])
        self._reads(name, source, [form], ["i0"], ranks, stride * (size - 1) + taps + 2 * ("v" in ranks))

    def _split(self, name: str, source: str) -> None:
        shape = self.shapes[source]
        part = self.pick([2, 3])
        ranks = {"h": -(-shape[0] // part), "e": part}
        dims = self._dims(len(shape))[1:]
        text = f"T_{name}[{','.join(['h', 'e', *dims])}] = {source}[{','.join([f'{part}*h+e', *dims])}]"
        self._emit(name, text, ranks | dict(zip(dims, shape[1:], strict=True)), (ranks["h"], part, *shape[1:]))

    def _pairs(self, name: str, source: str, out: list[str], read: list[str], shape: tuple[int, ...]) -> None:
        """A layer over the first two dimensions of the source and all others as they are."""
        dims = self._dims(len(self.shapes[source]))
        ranks = dict(zip(dims, self.shapes[source], strict=True))
        text = f"T_{name}[{','.join([*out, *dims[2:]])}] = {source}[{','.join([*read, *dims[2:]])}]"
        if read == ["i0", "i0"]:
            ranks = {"i0": shape[0]} | {rank: ranks[rank] for rank in dims[2:]}
        self._emit(name, text, ranks, (*shape, *self.shapes[source][2:]))

    def _joined(self, name: str, source: str) -> None:
        rows, columns = self.shapes[source][:2]
        self._pairs(name, source, [f"{columns}*i0+i1"], ["i0", "i1"], (rows * columns,))

    def _diagonal(self, name: str, source: str) -> None:
        self._pairs(name, source, ["i0"], ["i0", "i0"], (min(self.shapes[source][:2]),))

    def _swapped(self, name: str, source: str) -> None:
        rows, columns = self.shapes[source][:2]
        self._pairs(name, source, ["i1", "i0"], ["i0", "i1"], (columns, rows))


@pytest.mark.parametrize("first", [0, 200])
def test_odd_layers(first: int) -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(first, first + 200):
        generator = OddGenerator(random.Random(seed).randrange)
        workload = generator.workload()
        outcomes[compare(bind(workload, generator.architecture(), generator.mapping(workload)))] += 1
    assert outcomes["equal"] > 180


def branch(pick: random.Random, index: int, extents: dict[str, int]) -> Einsum:
    """A layer that reads F1 with a halo, a shift and perhaps padding, and may write two channels of it."""
    ranks, read, weights = dict(extents), [], []
    for rank in extents:
        shift = pick.choice([0, 0, 1, -1])
        kernel = pick.choice([1, 2, 3])
        if kernel > 1:
            ranks[f"r{rank}"] = kernel
            weights.append(f"r{rank}")
        read.append(rank + (f"+r{rank}" if kernel > 1 else "") + f"{shift:+d}")
    out = list(extents)
    if pick.random() < 0.4:
        ranks["c"] = 2
        out.insert(0, "c")
        weights.append("c")
    text = f"B{index}[{','.join(out)}] = F1[{','.join(read)}]"
    return layer(f"branch{index}", text + (f" * V{index}[{','.join(weights)}]" if weights else ""), **ranks)


def merge(seed: int) -> Design:
    """A stem, one or two branches from it, and a layer that joins them again, each tensor kept anywhere."""
    pick = random.Random(seed)
    extents = {"p": pick.choice([3, 4, 5])} | ({"q": pick.choice([2, 3, 4])} if pick.random() < 0.5 else {})
    whole = {rank: extent + 3 for rank, extent in extents.items()}
    dims = ",".join(extents)
    branches = [branch(pick, index, extents) for index in range(pick.choice([1, 1, 2]))]
    reads = [str(b.output) for b in branches]
    ranks = extents | ({"c": 2} if any("c" in b.ranks for b in branches) else {})
    if pick.random() < 0.8:
        reads.append(f"F1[{','.join(f'{rank}+{pick.choice([0, 0, 1, 2])}' for rank in extents)}]")
    out = dims
    if pick.random() < 0.8:
        ranks["m"] = pick.choice([2, 3])
        out = f"m,{dims}"
        reads.append("U[m]")
    join = layer("join", f"Y[{out}] = {' * '.join(reads)}", **ranks)
    layers = [layer("stem", f"F1[{dims}] = F0[{dims}]", **whole), *branches, join]
    loops = [
        loop(rank, pick.randint(1, ranks[rank])) for rank in pick.choices(list(ranks), k=pick.choice([1, 2, 2, 3]))
    ]
    depth = {b.output.tensor: pick.choice([0, 0, 1, len(loops)]) for b in branches} | {
        "F1": pick.randint(0, len(loops))
    }
    nodes: list[Node] = []
    for position in range(len(loops) + 1):
        nodes += [(drop if pick.random() < 0.2 else keep)("GLB", t) for t in depth if depth[t] == position]
        nodes += loops[position : position + 1]
    together = sequential if pick.random() < 0.8 else pipeline
    nodes.append(together(*(e.name for e in layers)))
    return design(layers, *nodes, shapes={"F1": tuple(whole.values())})


def test_consumers_that_are_active_at_different_steps() -> None:
    compared = 0
    for seed in range(400):
        try:
            where = merge(seed)
        except InputError:  # two branches with one number of channels and one without
            continue
        assert compare(where) == "equal", seed
        compared += 1
    assert compared > 300


def shuffled(seed: int) -> Design:
    """A pixel shuffle in front of a layer that reads rows and columns with a halo; own loops of the shuffle, too."""
    pick = random.Random(seed)
    rows, columns, channels, factor = pick.choice([2, 3]), pick.choice([2, 3]), pick.choice([1, 2]), pick.choice([2, 3])
    read = f"X[{factor**2}*m+{factor}*r+s,p,q]"
    ranks = {"m": channels, "p": rows, "q": columns, "r": factor, "s": factor}
    shuffle = layer("shuffle", f"Y[m,{factor}*p+r,{factor}*q+s] = {read}", **ranks)
    kernel = pick.choice([1, 2, 3])
    out = {"p": factor * rows - kernel + 1, "q": factor * columns - kernel + 1}
    conv = layer("conv", "Z[p,q] = Y[c,p+u,q+v] * W[c,u,v]", c=channels, u=kernel, v=kernel, **out)
    loops = [loop(f"conv.{rank}", pick.randint(1, out[rank])) for rank in pick.sample("pq", pick.choice([0, 1, 2]))]
    own = [loop(rank, pick.randint(1, ranks[rank])) for rank in pick.sample("mpqrs", pick.choice([0, 1, 2]))]
    inside: list[Node] = [*own[:1], keep("GLB", "X"), *own[1:]] if pick.random() < 0.5 else [*own, keep("GLB", "X")]
    kept = pick.randint(0, len(loops))
    return design(
        [shuffle, conv], *loops[:kept], keep("GLB", "Y"), *loops[kept:], sequential(chain(*inside, "shuffle"), "conv")
    )


def test_pixel_shuffles_with_own_loops() -> None:
    """A row that is tiled by the factor, or a whole one, leaves the same channels at every step."""
    outcomes = Counter(compare(shuffled(seed)) for seed in range(100))
    assert outcomes["equal"] > 94, outcomes


def test_rows_and_columns_of_a_shuffle_are_not_tabulated_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of whole pixels need all channels, whichever they are: 8 x 8 x 4 steps, of which 32 are on one axis."""
    monkeypatch.setattr(axis, "MAX_STEPS", 32)
    shuffle = layer("shuffle", "Y[m,2*p+r,2*q+s] = X[4*m+2*r+s,p,q]", m=4, p=8, q=8, r=2, s=2)
    copy = layer("copy", "Z[m,p,q] = Y[m,p,q]", m=4, p=16, q=16)
    inside = chain(loop("m", 1), loop("p", 1), keep("GLB", "X"), "shuffle")
    below = design([shuffle, copy], loop("copy.q", 2), keep("GLB", "Y"), sequential(inside, "copy"))
    assert compare(below) == "equal"
