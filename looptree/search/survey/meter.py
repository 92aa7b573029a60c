"""From sums over tensors to metrics, on one hardware or on many.

Bytes do not depend on prices and bandwidths, energies not on bandwidths, compute cycles on the array alone. So hardware
is taken by prices, then by bandwidths: what changes between neighbours is a few array operations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from looptree.architecture import Architecture, Level
from looptree.model.axis import Array
from looptree.search.group.group import Group
from looptree.search.survey.flows import EXACT, Flow, Flows, cycles_of
from looptree.search.survey.grid import Branch

METRICS = ("capacity", "offchip_reads", "offchip_writes", "offchip", "operations", "energy", "latency")
HARDWARE_METRICS = (*METRICS, "power", "area")
CAPACITY, READS, WRITES, BUFFER, ENERGY = range(5)
BLOCK = 12_288  # designs: the arrays of so many float64 that a design needs stay in an L2 cache of 1 MiB
ARRAYS = 9

Metrics = dict[str, Array]
"""Metrics by name. Operations depend on the tile shapes alone and are of their shape, an area is one number."""


@dataclass(frozen=True)
class Hardware:
    """One point of the hardware.

    Attributes:
        architecture: its first two levels are used. area: in any unit. standby: pJ per cycle, whatever is done.
    """

    architecture: Architecture
    area: float = 0.0
    standby: float = 0.0


@dataclass(frozen=True)
class Prices:
    """Energies in pJ: per bit read and written off chip, and on chip; per operation of each layer."""

    per_bit: tuple[Fraction, ...]
    per_operation: tuple[Fraction, ...]

    @classmethod
    def of(cls, group: Group, architecture: Architecture, level: str) -> Prices:
        """The prices of an architecture."""
        outer, inner = architecture.off_chip, architecture.level(level)
        per_byte = (
            outer.read_pj_per_byte,
            outer.write_pj_per_byte,
            inner.read_pj_per_byte,
            inner.write_pj_per_byte,
        )
        operations = tuple(architecture.compute.energy_pj(e.operation) for e in group.part.einsums)
        return cls(tuple(pj / 8 for pj in per_byte), operations)

    def scale(self, bits: Sequence[int]) -> int:
        """Energy units per pJ in which all energies are integers."""
        words = [pj * width for pj in self.per_bit for width in bits]
        return math.lcm(*(pj.denominator for pj in (*words, *self.per_operation)))


@dataclass(frozen=True, eq=False, slots=True)
class Fixed:
    """What depends on the tile shapes alone.

    Attributes:
        cycles: of shape (arrays, tile shapes). operations: of all layers. scales: energy units per pJ, by prices.
    """

    cycles: Array
    operations: Array
    scales: tuple[float, ...]

    def at(self, some: Array | slice) -> Fixed:
        """At some of the tile shapes."""
        return Fixed(self.cycles[:, some], self.operations[some], self.scales)


Bandwidths = tuple[Fraction | None, Fraction | None]
Points = dict[int, dict[Bandwidths, list[tuple[int, int]]]]
"""By prices and bandwidths: the number of the point and of its array."""


class Meter:
    """Evaluates the designs of a group.

    Args:
        groups: with the tables of each array. hardware: all points. level: the on-chip level.
        some: numbers of the points on which designs are evaluated.
    """

    def __init__(self, groups: Sequence[Group], hardware: Sequence[Hardware], level: str, some: range) -> None:
        group = groups[0]
        arrays = [dict(known.profiler.spatial) for known in groups]
        used = sorted({arrays.index(dict(hardware[index].architecture.compute.spatial)) for index in some})
        self.group = group
        self.groups = [groups[array] for array in used]
        self.hardware = hardware
        self.bits = [group.part.tensors[t].bits for t in group.tensors]
        self.prices: list[Prices] = []
        self.capacities: dict[int, float] = {}
        self._places: dict[int, tuple[int, Bandwidths, int]] = {}
        self._sorted: Points = {}
        for index in some:
            architecture = hardware[index].architecture
            prices = Prices.of(group, architecture, level)
            if prices not in self.prices:
                self.prices.append(prices)
            levels = (architecture.off_chip, architecture.level(level))
            capacity = levels[1].capacity_bytes
            self.capacities[index] = math.inf if capacity is None else float(capacity)
            array = used.index(arrays.index(dict(architecture.compute.spatial)))
            self._places[index] = (self.prices.index(prices), _bandwidths(levels), array)
        for index, (at, rates, array) in self._places.items():
            self._sorted.setdefault(at, {}).setdefault(rates, []).append((index, array))
        self.names = metrics_on(hardware)
        self.full = self.names == HARDWARE_METRICS
        self._buffers = np.empty((ARRAYS, BLOCK))

    def tables(self, branch: Branch, start: int, stop: int) -> tuple[list[Array], Fixed]:
        """What each tensor adds, of shape (sums, options, tile shapes), and what is fixed.

        The last sums are energies, one for each of the prices, in units in which they are integers. Where these could
        exceed 2^53 the unit is 1 pJ, and energies are rounded.
        """
        flows = Flows(self.group, branch, start, stop)
        energies, scales = [], []
        for prices in self.prices:
            scale = prices.scale(self.bits)
            found = self._energies(flows, prices, scale)
            if sum(float(energy.max()) for energy in found) >= EXACT:
                scale, found = 1, self._energies(flows, prices, 1)
            energies.append(found)
            scales.append(float(scale))
        listed = zip(flows.tensors, self.bits, zip(*energies, strict=True), strict=True)
        tables = [np.stack([*_bytes(flow, bits), *energy]) for flow, bits, energy in listed]
        cycles = np.stack([cycles_of(group, branch, start, stop) for group in self.groups])
        return tables, Fixed(cycles, flows.operations.sum(axis=0), tuple(scales))

    def _energies(self, flows: Flows, prices: Prices, scale: int) -> list[Array]:
        found = []
        for flow, bits in zip(flows.tensors, self.bits, strict=True):
            rates = [float(pj * bits * scale) for pj in prices.per_bit]
            parts = zip(rates, (flow.reads, flow.writes, flow.fetched, flow.stored), strict=True)
            found.append(np.sum([rate * words for rate, words in parts], axis=0))
        found[0] = found[0] + np.array([float(pj * scale) for pj in prices.per_operation]) @ flows.operations
        return found

    def metrics(
        self, left: Array, right: Array, fixed: Fixed, out: Array | None = None, points: Points | None = None
    ) -> Iterator[tuple[int, Metrics]]:
        """The metrics of outer sums on each point of the hardware; the arrays are overwritten by the next one."""
        shape = np.broadcast_shapes(left.shape, right.shape)[1:]
        room, reads, writes, offchip, energy, latency, memory, buffer, power = (
            spare[: math.prod(shape)].reshape(shape) for spare in (self._buffers if out is None else out)
        )
        for row, total in ((CAPACITY, room), (READS, reads), (WRITES, writes)):
            np.add(left[row], right[row], out=total)
        np.add(reads, writes, out=offchip)
        known = [room, reads, writes, offchip, fixed.operations, energy, latency]
        for prices, alike in (self._sorted if points is None else points).items():
            np.add(left[ENERGY + prices], right[ENERGY + prices], out=energy)
            if fixed.scales[prices] != 1:
                np.divide(energy, fixed.scales[prices], out=energy)
            for (outer, inner), listed in alike.items():
                bound = memory if len(listed) > 1 else latency
                self._memory(outer, inner, offchip, (left[BUFFER], right[BUFFER]), bound, buffer)
                for index, array in listed:
                    np.maximum(bound, fixed.cycles[array], out=latency)
                    if not self.full:
                        yield index, dict(zip(METRICS, known, strict=True))
                        continue
                    np.divide(energy, latency, out=power)
                    point = self.hardware[index]
                    if point.standby:
                        np.add(power, point.standby, out=power)
                    values = (*known, power, np.array(point.area))
                    yield index, dict(zip(HARDWARE_METRICS, values, strict=True))

    def metrics_on(self, hardware: int, left: Array, right: Array, fixed: Fixed) -> Metrics:
        """The metrics of outer sums on one point of the hardware."""
        out = np.empty((ARRAYS, math.prod(np.broadcast_shapes(left.shape, right.shape)[1:])))
        prices, rates, array = self._places[hardware]
        ((_, found),) = self.metrics(left, right, fixed, out, {prices: {rates: [(hardware, array)]}})
        return found

    def _memory(
        self,
        outer: Fraction | None,
        inner: Fraction | None,
        offchip: Array,
        through: tuple[Array, Array],
        out: Array,
        spare: Array,
    ) -> None:
        """Cycles that the slower of both levels takes."""
        if outer is None:
            out[...] = 0.0
        else:
            _over(offchip, outer, out)
        if inner is not None:
            np.add(*through, out=spare)
            _over(spare, inner, spare)
            np.maximum(out, spare, out=out)


def metrics_on(hardware: Sequence[Hardware]) -> tuple[str, ...]:
    """Names of the metrics of designs on some hardware; power and area only where there is a choice of it."""
    full = len(hardware) > 1 or any(point.area or point.standby for point in hardware)
    return HARDWARE_METRICS if full else METRICS


def _bandwidths(levels: tuple[Level, Level]) -> Bandwidths:
    return levels[0].bandwidth_bytes_per_cycle, levels[1].bandwidth_bytes_per_cycle


def _over(moved: Array, rate: Fraction, out: Array) -> None:
    """Cycles for so many bytes, rounded once."""
    if rate.denominator == 1:
        np.divide(moved, float(rate.numerator), out=out)
    else:
        np.multiply(moved, float(rate.denominator), out=out)
        np.divide(out, float(rate.numerator), out=out)


def _bytes(flow: Flow, bits: int) -> tuple[Array, ...]:
    """Room, whole bytes read and written off chip, and bytes that pass through the buffer, in parts of 1/8."""
    width = bits / 8
    through = (flow.fetched + flow.stored) * width
    return flow.room, np.ceil(flow.reads * width), np.ceil(flow.writes * width), through
