"""Random workloads and mappings, small enough for the simulator and as odd as the format allows.

Everything is built from one function `below(n)` that picks a number from `0` to `n - 1`, so that the
same generator serves plain seeds and hypothesis (which then shrinks what fails).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeVar

from looptree.architecture import Architecture, Compute, Level, Partition, Ports
from looptree.taxonomy import Branch, Chain, LoopTree, RankRef, Storage, Temporal
from looptree.taxonomy import Compute as Leaf
from looptree.workload import TENSOR_KINDS, Einsum, Workload
from looptree.workload.expression import parse_expression

T = TypeVar("T")
LEVELS = ("DRAM", "GLB", "RF")


class Generator:
    """Draws one workload, architecture and mapping.

    Args:
        below: picks a number from `0` to `n - 1`.
        layers: how many layers a workload may have, the more frequent ones several times.
        levels: names of the memory levels, outside in.
    """

    def __init__(
        self,
        below: Callable[[int], int],
        layers: Sequence[int] = (1, 2, 2, 3, 3, 4),
        levels: Sequence[str] = LEVELS,
    ) -> None:
        self.below = below
        self.levels = levels
        self.layers = layers
        self.einsums: list[Einsum] = []
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.weights = 0

    def pick(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    # -- workload -------------------------------------------------------------------------

    def workload(self) -> Workload:
        rank_count = self.pick([1, 2, 2, 3])
        sizes = [5, 7, 9] if rank_count < 3 else [2, 3, 4, 5]
        self.shapes["X"] = tuple(self.pick(sizes) for _ in range(rank_count))
        for index in range(self.pick(self.layers)):
            self._layer(f"e{index}")
        used = {t for e in self.einsums for t in (*e.reads, e.output.tensor)}
        bits = {t: self.pick([4, 8, 16, 3]) for t in sorted(used) if self.chance(30)}
        return Workload("random", self.einsums, shapes={t: s for t, s in self.shapes.items() if t in used}, bits=bits)

    def _layer(self, name: str) -> None:
        known = list(self.shapes)
        # mostly the newest tensor, sometimes an older one (a skip connection)
        source = known[-1] if self.chance(75) else self.pick(known)
        shape = self.shapes[source]
        kinds = [
            "conv",
            "conv",
            "conv",
            "mix",
            "mix",
            "add",
            "add",
            "pool",
            "up",
            "slice",
            "twice",
            "merge",
            "split",
            "grouped",
        ]
        kind = self.pick(kinds)
        if kind == "add":
            same = [t for t in known if self.shapes[t] == shape and t != source]
            if same:
                return self._add(name, source, self.pick(same))
            kind = "mix"
        build = {"conv": self._conv, "pool": self._conv, "mix": self._mix, "up": self._up}
        if kind in build:
            return build[kind](name, source, weighted=kind == "conv")
        if kind == "grouped":
            return self._grouped(name, source)
        if kind == "merge" and len(shape) > 1:
            return self._merge(name, source)
        if kind in ("merge", "split"):
            return self._split(name, source)
        return self._slice(name, source) if kind == "slice" else self._twice(name, source)

    def _emit(self, name: str, text: str, ranks: dict[str, int], shape: tuple[int, ...]) -> None:
        output, inputs, operation = parse_expression(text)
        self.einsums.append(Einsum(name, ranks, inputs, output, operation))
        self.shapes[output.tensor] = shape

    def _dims(self, count: int) -> list[str]:
        return [f"i{n}" for n in range(count)]

    def _conv(self, name: str, source: str, *, weighted: bool) -> None:
        """A window over one or two dimensions, channels mixed along the first one if there is one more."""
        shape = self.shapes[source]
        mixes = len(shape) > 1 and self.chance(60)
        forms, ranks, out, kernel_ranks = [], {}, [], []
        for d, extent in enumerate(shape):
            if mixes and d == 0:
                forms.append("c")
                ranks["c"] = extent
                out.append(self.pick([1, 2, 3]))
                ranks["i0"] = out[-1]
                continue
            kernel = self.pick([1, 2, 3, 3])
            stride, dilation, pad = self.pick([1, 1, 1, 2, 3]), self.pick([1, 1, 2]), self.pick([0, 0, 1, 2])
            outs = (extent + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
            if outs < 1:
                kernel, stride, dilation, pad, outs = 1, 1, 1, 0, extent
            form = f"{stride}*i{d}" + (f"+{dilation}*r{d}" if kernel > 1 else "") + (f"-{pad}" if pad else "")
            if kernel > 1:
                ranks[f"r{d}"] = kernel
                kernel_ranks.append(f"r{d}")
            ranks[f"i{d}"] = outs
            forms.append(form)
            out.append(outs)
        text = f"T_{name}[{','.join(self._dims(len(shape)))}] = {source}[{','.join(forms)}]"
        if weighted:
            indices = (["i0", "c"] if mixes else []) + kernel_ranks
            if indices:
                self.shapes[f"W_{name}"] = tuple(ranks[r] for r in indices)
                text += f" * W_{name}[{','.join(indices)}]"
        self._emit(name, text, ranks, tuple(out))

    def _mix(self, name: str, source: str, *, weighted: bool) -> None:
        """A matrix multiplication along the last dimension."""
        del weighted
        shape = self.shapes[source]
        *outer, last = self._dims(len(shape))
        ranks = dict(zip(outer, shape, strict=False)) | {last: self.pick([1, 2, 4]), "k": shape[-1]}
        self.shapes[f"W_{name}"] = (shape[-1], ranks[last])
        text = f"T_{name}[{','.join([*outer, last])}] = {source}[{','.join([*outer, 'k'])}] * W_{name}[k,{last}]"
        self._emit(name, text, ranks, (*shape[:-1], ranks[last]))

    def _add(self, name: str, a: str, b: str) -> None:
        shape = self.shapes[a]
        index = ",".join(self._dims(len(shape)))
        ranks = dict(zip(self._dims(len(shape)), shape, strict=True))
        self._emit(name, f"T_{name}[{index}] = {a}[{index}] + {b}[{index}]", ranks, shape)

    def _up(self, name: str, source: str, *, weighted: bool) -> None:
        """Nearest upsampling or a transposed convolution of the last dimension."""
        del weighted
        shape = self.shapes[source]
        *outer, last = self._dims(len(shape))
        kernel = self.pick([2, 3, 1])
        ranks = dict(zip([*outer, last], shape, strict=True)) | {"u": kernel}
        out = 2 * (shape[-1] - 1) + kernel
        self.shapes[f"W_{name}"] = (kernel,)
        text = f"T_{name}[{','.join([*outer, f'2*{last}+u'])}] = {source}[{','.join([*outer, last])}] * W_{name}[u]"
        self._emit(name, text, ranks, (*shape[:-1], out))

    def _merge(self, name: str, source: str) -> None:
        """The last two dimensions become one (as heads are merged)."""
        shape = self.shapes[source]
        *outer, a, b = self._dims(len(shape))
        merged = f"{shape[-1]}*{a}+{b}"
        ranks = dict(zip([*outer, a, b], shape, strict=True))
        text = f"T_{name}[{','.join([*outer, merged])}] = {source}[{','.join([*outer, a, b])}]"
        self._emit(name, text, ranks, (*shape[:-2], shape[-2] * shape[-1]))

    def _grouped(self, name: str, source: str) -> None:
        """A grouped 1x1 convolution over the first dimension; channels that fill no group are left out."""
        shape = self.shapes[source]
        first, *rest = self._dims(len(shape))
        reads, writes = self.pick([1, 2]), self.pick([1, 2, 3])
        groups = max(1, shape[0] // reads)
        reads = min(reads, shape[0])
        ranks = {"g": groups, first: writes, "c": reads} | dict(zip(rest, shape[1:], strict=True))
        self.shapes[f"W_{name}"] = (groups, writes, reads)
        output, source_index = [f"{writes}*g+{first}", *rest], [f"{reads}*g+c", *rest]
        text = f"T_{name}[{','.join(output)}] = {source}[{','.join(source_index)}] * W_{name}[g,{first},c]"
        self._emit(name, text, ranks, (groups * writes, *shape[1:]))

    def _split(self, name: str, source: str) -> None:
        """The last dimension becomes two; what does not divide is left out."""
        shape = self.shapes[source]
        *outer, last = self._dims(len(shape))
        width = self.pick([1, 2, 3]) if shape[-1] > 2 else 1
        ranks = dict(zip(outer, shape, strict=False)) | {last: shape[-1] // width, "u": width}
        text = f"T_{name}[{','.join([*outer, last, 'u'])}] = {source}[{','.join([*outer, f'{width}*{last}+u'])}]"
        self._emit(name, text, ranks, (*shape[:-1], shape[-1] // width, width))

    def _slice(self, name: str, source: str) -> None:
        """Part of a tensor, or a tensor followed by zeros (as in a concatenation)."""
        shape = self.shapes[source]
        dims = self._dims(len(shape))
        offset = self.pick([-2, 0, 1])
        first = max(1, shape[0] - offset - self.pick([0, 1]))
        ranks = dict(zip(dims, (first, *shape[1:]), strict=True))
        read = [f"{dims[0]}{offset:+d}", *dims[1:]]
        self._emit(name, f"T_{name}[{','.join(dims)}] = {source}[{','.join(read)}]", ranks, (first, *shape[1:]))

    def _twice(self, name: str, source: str) -> None:
        """One tensor read twice, the second time mirrored or shifted along the last dimension."""
        shape = self.shapes[source]
        dims = self._dims(len(shape))
        last = self.pick([f"-{dims[-1]}+{shape[-1] - 1}", f"{dims[-1]}+1", f"2*{dims[-1]}"])
        ranks = dict(zip(dims, shape, strict=True))
        text = f"T_{name}[{','.join(dims)}] = {source}[{','.join(dims)}] * {source}[{','.join([*dims[:-1], last])}]"
        self._emit(name, text, ranks, shape)

    # -- mapping --------------------------------------------------------------------------

    def architecture(self) -> Architecture:
        ranks = ["i0", "i1", "c", "k"]
        spatial = {rank: self.pick([2, 3, 4]) for rank in ranks if self.chance(40)}
        levels = [Level("DRAM", None, Fraction(8), Fraction(100), Fraction(100))]
        levels += [Level(name, 1 << 20, Fraction(64), Fraction(2), Fraction(3)) for name in self.levels[1:]]
        return Architecture("random", tuple(levels), Compute("MAC", Fraction(1), spatial=spatial))

    def hierarchy(self, workload: Workload) -> Architecture:
        """Levels that are double-buffered or not, unified or partitioned, with a bandwidth, two, or ports."""
        found = [replace(level, **self._rates()) for level in self.architecture().levels]
        for index, level in enumerate(found[1:], start=1):
            capacity = None if self.chance(20) else 8 << self.below(10)
            found[index] = replace(level, capacity_bytes=capacity, double_buffered=self.chance(50))
            if self.chance(50):
                found[index] = replace(found[index], capacity_bytes=None, partitions=self._partitions(workload))
        allocation = self.pick(["window", "live"])
        return Architecture("hierarchy", tuple(found), Compute("MAC", Fraction(1)), allocation)

    def _rates(self) -> dict[str, Any]:
        width, per_access = self.pick([4, 12, 32, 64]), Fraction(7, 2)
        one = {"bandwidth_bytes_per_cycle": None}
        return self.pick(
            [
                {},
                {**one, "read_bandwidth_bytes_per_cycle": Fraction(3)},
                {**one, "read_bandwidth_bytes_per_cycle": Fraction(9), "write_bandwidth_bytes_per_cycle": Fraction(2)},
                {**one, "word_bits": width, "ports": Ports(shared=1 + self.below(2))},
                {**one, "word_bits": width, "ports": Ports(1, 1 + self.below(2), self.below(3))},
                {"word_bits": width, "read_pj": per_access, "read_pj_per_byte": Fraction(0)},
            ]
        )

    def _partitions(self, workload: Workload) -> tuple[Partition, ...]:
        """One partition per kind or for several, and sometimes one for a tensor of its own."""
        kinds = list(TENSOR_KINDS)
        cut = 1 + self.below(len(kinds) - 1)
        parts = [kinds[:cut], kinds[cut:]] if self.chance(60) else [[kind] for kind in kinds]
        if self.chance(40):
            parts.append([self.pick(list(workload.tensors))])
        return tuple(Partition(tuple(part), 4 << self.below(10)) for part in parts)

    def mapping(self, workload: Workload) -> LoopTree:
        """Any mapping, one in five of them several groups."""
        grouped = len(workload.einsums) > 1 and self.chance(20)
        return self.grouped(workload) if grouped else self._mapping(workload, [])

    def grouped(self, workload: Workload) -> LoopTree:
        """A mapping of two to four groups, with tensors that stay on chip between them."""
        order = [e.name for e in workload.einsums]
        runs = [order]
        for _ in range(self.pick([1, 1, 2, 2, 3])):
            longest = max(runs, key=len)
            if len(longest) > 1:
                cut = 1 + self.below(len(longest) - 1)
                at = runs.index(longest)
                runs[at : at + 1] = [longest[:cut], longest[cut:]]
        return self._mapping(workload, runs)

    def _mapping(self, workload: Workload, groups: list[list[str]]) -> LoopTree:
        self.mapped = workload
        order = [e.name for e in workload.einsums]
        outside = [t for t in workload.tensors if t in workload.inputs or t in workload.outputs]
        have = dict.fromkeys(outside, 0)
        chain = self._chain(order, have, top=True, pipelines=True, groups=groups)
        return LoopTree(Chain((Storage("DRAM", tuple(outside)), *chain.inner), chain.end))

    def _users(self, tensor: str) -> set[str]:
        producer = self.mapped.producer(tensor)
        return {c.name for c in self.mapped.consumers(tensor)} | ({producer.name} if producer else set())

    def _sinks(self, names: list[str]) -> list[str]:
        return [
            n
            for n in names
            if not any(c.name in names for c in self.mapped.consumers(self.mapped.einsum(n).output.tensor))
        ]

    def _loops(self, names: list[str], *, most: int) -> list[Temporal]:
        sinks = self._sinks(names)
        loops = []
        for _ in range(self.below(most + 1)):
            chosen = [s for s in sinks if len(sinks) == 1 or self.chance(80)] or sinks[:1]
            refs = [(s, self.pick(list(self.mapped.einsum(s).ranks))) for s in chosen]
            smallest = min(self.mapped.einsum(s).ranks[r] for s, r in refs)
            tile = 1 + self.below(smallest)
            if len(refs) > 1 or self.chance(50):
                ranks = tuple(RankRef(r, s) for s, r in refs)
            else:
                ranks = tuple(RankRef(r) for _, r in refs) if len(sinks) == 1 else (RankRef(refs[0][1], refs[0][0]),)
            loops.append(Temporal(ranks, tile))
        return loops

    def _chain(
        self,
        names: list[str],
        have: dict[str, int],
        *,
        top: bool,
        pipelines: bool,
        looped: bool = False,
        groups: Sequence[list[str]] = (),
    ) -> Chain:
        """A chain of these Einsums.

        Args:
            names: in topological order.
            have: the innermost level at which tensors stand already.
            top: it is not the chain of a branch.
            pipelines: there is none further out.
            looped: there is a loop further out.
            groups: take turns below, each with loops of its own; none is drawn around them.
        """
        have = dict(have)
        leaf = len(names) == 1
        loops = [] if groups else self._loops(names, most=2 if leaf and not top else 3)
        looped = looped or bool(loops)
        runs = groups or ([names] if leaf else self._runs(names))
        kind = "pipeline" if not leaf and not groups and pipelines and self.chance(20) else "sequential"
        passing = pipelines and kind == "sequential" and not leaf and not looped
        touched = [t for t in self.mapped.tensors if self._users(t) & set(names)]
        at: dict[int, list[Storage]] = {}
        for tensor in touched:
            parted = tensor not in have and sum(bool(self._users(tensor) & set(run)) for run in runs) > 1
            must = parted or (tensor not in have and leaf)
            lowest = have.get(tensor, -1)
            position = 0
            for level in range(lowest + 1, len(self.levels)):
                wanted = 55 if level else 15
                is_last = level == len(self.levels) - 1
                if (tensor in have or must) and ((must and is_last) or self.chance(wanted)):
                    position += self.below(len(loops) - position + 1)
                    overlap = "drop" if self.chance(25) else "keep"
                    lifetime = "uses" if passing and self.chance(60) else "branch"
                    at.setdefault(position, []).append(Storage(self.levels[level], (tensor,), overlap, lifetime))
                    have[tensor] = level
                    must = False
        inner: list[Storage | Temporal] = []
        for position in range(len(loops) + 1):
            inner += at.get(position, [])
            inner += loops[position : position + 1]
        if leaf:
            return Chain(tuple(inner), Leaf(names[0]))
        below = pipelines and kind != "pipeline"
        chains = tuple(self._chain(run, have, top=False, pipelines=below, looped=looped) for run in runs)
        return Chain(tuple(inner), Branch(kind, chains))

    def _runs(self, names: list[str]) -> list[list[str]]:
        """Cut a topological order into two or more runs; mostly one Einsum each."""
        if self.chance(70):
            return [[n] for n in names]
        cut = 1 + self.below(len(names) - 1)
        return [names[:cut], names[cut:]]
