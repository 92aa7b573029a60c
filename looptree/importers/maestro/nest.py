"""The loops that directives describe, level by level, over the dimensions of the computation.

Inside, output rows and columns are called `P` and `Q`: a map of `Y` (rows of the padded input) by `m` rows is one of
as many output rows as `m` rows complete, `(m + stride - kernel) // stride`, and moves by as many. `Y` and `R` (or `X`
and `S`) mapped to units in one level lie on a diagonal: unit `u` has row `u` of kernel and input, for one output row.

A spatial map gives unit `u` the indices from `u * size` on. Where a dimension does not fit the units it is folded, as a
loop at that place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from looptree.importers.maestro.syntax import Cluster, Layer, Map

_OUTPUT = {"Y": ("P", "R"), "X": ("Q", "S"), "Y'": ("P", "R"), "X'": ("Q", "S")}
_KERNEL = {"R": "Y", "S": "X"}


@dataclass(frozen=True, slots=True)
class Loop:
    """One dimension in steps.

    Attributes:
        dimension: of the computation.
        tile: indices of one unit in one step.
        units: how many units share a step; 1 for a temporal map.
    """

    dimension: str
    tile: int
    units: int = 1

    @property
    def step(self) -> int:
        """Indices of all units in one step."""
        return self.tile * self.units

    def steps(self, extent: int) -> int:
        """How many steps cover an extent."""
        return -(-extent // self.step)


@dataclass(frozen=True, slots=True)
class Level:
    """The loops of one level, outermost first, and how many units it has."""

    loops: tuple[Loop, ...]
    units: int

    @property
    def spatial(self) -> Loop | None:
        """The loop over units."""
        return next((loop for loop in self.loops if loop.units > 1), None)

    def loop(self, dimension: str) -> Loop | None:
        """The loop over a dimension."""
        return next((loop for loop in self.loops if loop.dimension == dimension), None)


@dataclass(frozen=True)
class Nest:
    """A layer as loops.

    Attributes:
        layer: what it was read from.
        extents: of every dimension of the computation.
        levels: outermost first; the last one is that of the PEs.
        tile: extents that one PE has in one step.
        pes: of the hardware.
        unused: PEs that are in no cluster.
        notes: what a reader of the dataflow should know.
    """

    layer: Layer
    extents: Mapping[str, int]
    levels: tuple[Level, ...]
    tile: Mapping[str, int]
    pes: int
    unused: int
    notes: tuple[str, ...]

    @property
    def operations(self) -> int:
        """Multiply-accumulates."""
        return math.prod(self.extents.values())

    def extents_of(self, level: int) -> Mapping[str, int]:
        """What one unit above a level has: the extents that the level covers."""
        found = dict(self.extents)
        for above in self.levels[:level]:
            found |= {loop.dimension: min(loop.tile, found[loop.dimension]) for loop in above.loops}
        return found


def extents_of_layer(layer: Layer) -> dict[str, int]:
    """The extents of the computation: output rows and columns in the place of those of the input."""
    if layer.kind in ("GEMM", "BMM"):
        return {name: layer.dimensions.get(name, 1) for name in ("B", "M", "N", "K")}
    found = {name: layer.dimensions.get(name, 1) for name in ("N", "G", "K", "C", "R", "S")}
    for axis in ("Y", "X"):
        output, kernel = _OUTPUT[axis]
        made = layer.dimensions.get(f"{axis}'")
        if made is None:
            made = (layer.dimensions[axis] - layer.dimensions[kernel]) // layer.strides[axis] + 1
        found[output] = made
    return found


def nest_of(layer: Layer, pes: int) -> Nest:
    """The loops of a layer on so many PEs.

    Raises:
        InputError: a dataflow that is missing, leaves something out, computes something twice or needs more PEs than
            there are, naming file, line and layer.
    """
    if layer.kind == "TRCONV":
        raise layer.error(
            "the dataflow of a transposed convolution is not represented",
            "its directives map windows of an input with zeros in between; compare and search take the layer itself",
        )
    if not layer.dataflow:
        raise layer.error("expected a dataflow, found none here and in no layer before")
    segments, sizes = _segments(layer)
    inside = math.prod(sizes)
    if inside > pes:
        raise layer.error(f"its clusters need {inside} PEs, found {pes}", "fewer PEs in a cluster, or more num_pes")
    units = [pes // inside, *sizes]
    extents = extents_of_layer(layer)
    notes: list[str] = []
    levels = []
    left = dict(extents)
    for depth, (segment, count) in enumerate(zip(segments, units, strict=True)):
        level = _Level(layer, segment, count, left).made()
        if level.spatial is None and count > 1:
            notes.append(f"level {depth} gives nothing to different units: 1 of {count} works")
        left |= {loop.dimension: loop.tile for loop in level.loops}
        levels.append(level)
    unused = pes - units[0] * inside
    if unused:
        notes.append(f"{unused} of {pes} PEs are in no cluster")
    return Nest(layer, extents, tuple(levels), left, pes, unused, tuple(notes))


def _segments(layer: Layer) -> tuple[list[list[Map]], list[int]]:
    """The maps of each level, and the sizes of the clusters between them."""
    segments: list[list[Map]] = [[]]
    sizes = []
    for directive in layer.dataflow:
        if isinstance(directive, Cluster):
            size = directive.size.of(layer.dimensions)
            if not 1 <= size <= 2**31:
                raise layer.error(f"expected a cluster of at least 1, found {size}", line=directive.line)
            sizes.append(size)
            segments.append([])
        else:
            segments[-1].append(directive)
    return segments, sizes


class _Level:
    """The loops of one level over what the level above leaves."""

    def __init__(self, layer: Layer, maps: list[Map], units: int, extents: Mapping[str, int]) -> None:
        self.layer = layer
        self.units = units
        self.extents = extents
        self.maps: dict[str, Map] = {}
        for directive in maps:  # the first one of a dimension counts, as in MAESTRO
            self.maps.setdefault(directive.dimension.rstrip("'"), directive)
        self.diagonal = {
            axis
            for kernel, axis in _KERNEL.items()
            if self._is_spatial(kernel) and self._is_spatial(axis) and layer.kind not in ("GEMM", "BMM")
        }

    def made(self) -> Level:
        """The level."""
        loops = [self._loop(directive) for directive in self.maps.values()]
        spatial = [d for d in self.maps.values() if self._units(d) > 1]
        if len(spatial) > 1 and self.units > 1:
            names = " and ".join(directive.dimension for directive in spatial[:2])
            raise self.layer.error(
                f"{names} are mapped to the same units: only a diagonal of them would be computed",
                "only Y with R and X with S belong together; use a cluster for each dimension",
                spatial[1].line,
            )
        return Level(tuple(loops), self.units)

    def _is_spatial(self, name: str) -> bool:
        return name in self.maps and self.maps[name].spatial

    def _units(self, directive: Map) -> int:
        """Units that a map is spread over; rows of the input move along with those of the kernel."""
        if not directive.spatial or directive.dimension.rstrip("'") in self.diagonal:
            return 1
        return self.units

    def _loop(self, directive: Map) -> Loop:
        name = directive.dimension
        size, offset = directive.size.of(self.layer.dimensions), directive.offset.of(self.layer.dimensions)
        if size < 1 or offset < 1:
            raise self.layer.error(
                f"expected size and offset of at least 1, found {size}, {offset}", line=directive.line
            )
        is_product = self.layer.kind in ("GEMM", "BMM")
        if name in ("Y", "X") and not is_product:
            return Loop(_OUTPUT[name][0], self._outputs(directive, size), self._units(directive))
        dimension = _OUTPUT[name][0] if name in _OUTPUT and not is_product else name
        extent = self.extents[dimension]
        if size < extent and size != offset:
            fault = "leaves some out" if offset > size else "computes some twice"
            raise self.layer.error(
                f"a map of {name} by {size} that moves by {offset} {fault}",
                "only Y and X, of which the kernel needs more than it moves, have an offset of their own",
                directive.line,
            )
        return Loop(dimension, min(size, extent), self._units(directive))

    def _outputs(self, directive: Map, size: int) -> int:
        """Output rows (or columns) that so many rows of the input complete."""
        axis = directive.dimension
        output, kernel = _OUTPUT[axis]
        stride = self.layer.strides[axis]
        whole = stride * (self.extents[output] - 1) + self.extents[kernel]
        if size >= whole:
            return self.extents[output]
        rows = self.extents[kernel]
        if kernel in self.maps:
            rows = min(rows, self.maps[kernel].size.of(self.layer.dimensions))
        made = (size + stride - rows) // stride
        if made < 1:
            raise self.layer.error(
                f"a map of {axis} by {size} completes no output: {rows} of {kernel} are needed at once",
                f"TemporalMap(Sz({kernel}),1) {axis}, for instance",
                directive.line,
            )
        return min(made, self.extents[output])
