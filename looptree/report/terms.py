"""What the numbers of a report mean: one definition per quantity, with its unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """A quantity or a word of the field.

    Attributes:
        name: as it stands above a column. unit: of the exact number; empty for a word.
        meaning: in one or two sentences.
    """

    name: str
    unit: str
    meaning: str


TERMS: Mapping[str, Term] = {
    "group": Term(
        "fusion group",
        "",
        "Layers that run together, tile by tile, so that what goes from one to the next can stay on chip. Groups run "
        "one after the other; a layer by itself is a group of one.",
    ),
    "looptree": Term(
        "LoopTree",
        "",
        "The mapping as a tree, read from the outside in: storage nodes (what a memory level keeps from here inwards), "
        "loops (in tiles of which size a rank is worked through), branches (layers that take turns or run as a "
        "pipeline), and computations.",
    ),
    "window": Term(
        "window bytes",
        "bytes",
        "Room of a tensor with fixed tiles: the largest hull of what the operations below its storage node need while "
        "the loops above the node stand still.",
    ),
    "live": Term(
        "live bytes",
        "bytes",
        "Room of a tensor with an ideal allocator: the most words that are needed at a step, or have arrived before it "
        "and are needed again later in the same sweep.",
    ),
    "capacity": Term("capacity", "bytes", "What a memory level can hold, as the architecture says."),
    "buffer": Term(
        "buffer needed",
        "bytes",
        "What the on-chip level has to hold at most, counted as the architecture says: windows (fixed tiles) or live "
        "words (circular buffers).",
    ),
    "offchip": Term(
        "off-chip bytes", "bytes", "Bytes read from and written to the outermost memory level: reads plus writes."
    ),
    "offchip_reads": Term("off-chip reads", "bytes", "Bytes read from the outermost memory level."),
    "offchip_writes": Term("off-chip writes", "bytes", "Bytes written to the outermost memory level."),
    "transfers": Term(
        "transfers",
        "words, bytes",
        "Words and bytes read and written at a memory level: a fill reads the outer level and writes the inner one, "
        "a drain does the opposite, and compute reads its operands and reads and writes its results at the innermost.",
    ),
    "operations": Term(
        "operations",
        "operations",
        "What the compute units do, recomputation included; a multiply-accumulate is one operation.",
    ),
    "recomputed": Term(
        "recomputed",
        "operations",
        "Operations that had been done before: the overlap of tiles that was not kept and is computed again.",
    ),
    "energy": Term(
        "energy",
        "pJ",
        "Sum over components and actions of count times energy per action: bytes read and written at each memory "
        "level, and operations.",
    ),
    "latency": Term(
        "latency",
        "cycles",
        "Per fusion group the largest of compute and every memory level (all transfers hidden behind each other), "
        "added up over groups.",
    ),
    "stepwise": Term(
        "latency step by step",
        "cycles",
        "Each step takes as long as the largest of compute and every memory level; loads for the next step and stores "
        "of the last one overlap with it, the first load and the last store of a group do not.",
    ),
    "busy": Term(
        "busy cycles",
        "cycles",
        "Cycles that one component works: of the compute units the sum over steps of the product over ranks of "
        "tile / spatial extent, rounded up; of a memory level its bytes over its bandwidth.",
    ),
    "bottleneck": Term("bottleneck", "", "The component with the most busy cycles: it determines the latency."),
    "intensity": Term("operational intensity", "operations per byte", "Operations over off-chip bytes."),
    "performance": Term("performance", "operations per cycle", "Operations over the cycles of the latency."),
    "roof": Term(
        "roof",
        "operations per cycle",
        "What the hardware can do at most: the operations of the array per cycle, and the off-chip bandwidth times the "
        "operational intensity.",
    ),
    "step": Term(
        "step", "", "One iteration of all loops above the storage nodes that are shown, in the order in which they run."
    ),
    "kept": Term("kept", "words", "Needed at this step and on chip from an earlier step of the same sweep."),
    "held": Term("held", "words", "On chip from an earlier step of the same sweep, but not needed at this step."),
    "new": Term(
        "new",
        "words",
        "Arrives at this step for the first time in the run: fetched from the next level out, or computed.",
    ),
    "again": Term(
        "again",
        "words",
        "Arrives at this step although it had been on chip before: an intermediate is recomputed (or read back, where "
        "it is stored further out), other tensors are fetched again, and an output is written again.",
    ),
    "sweep": Term(
        "sweep",
        "",
        "A run of steps in which a buffer forgets nothing but what its window leaves behind. A new sweep starts empty.",
    ),
    "resident": Term(
        "stays on chip between groups", "", "A tensor kept as a whole from the first group that uses it to the last."
    ),
    "proof": Term(
        "proven optimal",
        "",
        "No plan in the space that was searched has a smaller objective. A gap says how much smaller one might be.",
    ),
    "objective": Term(
        "objective",
        "",
        "What a search makes as small as it can: energy, off-chip bytes, latency, operations, energy times latency, or "
        "the capacity.",
    ),
    "value": Term("value", "pJ, bytes or cycles", "The objective of a plan, as the exact model evaluates its mapping."),
    "bound": Term("bound", "pJ, bytes or cycles", "No plan of the space that was searched has a smaller value."),
    "status": Term("status", "", "optimal: value and bound meet. feasible: the search was stopped before they did."),
    "gap": Term(
        "gap",
        "share",
        "(value - bound) / value: how much better another plan of the space might be; 0 if it is proven.",
    ),
    "space": Term(
        "space", "", "The plans that were looked at, or ruled out by a bound; nothing is said of any other plan."
    ),
    "layers": Term("layers", "", "Einsums of the network: of a group, or how many there are."),
    "choices": Term(
        "choices",
        "",
        "Loops of a group with their tile shapes, outside in, and in brackets what is stored on chip between them.",
    ),
    "found_on_chip": Term("found on chip", "", "Tensors that a group reads where an earlier group left them."),
    "left_on_chip": Term("left on chip", "", "Tensors that a group uses and that a later one finds on chip."),
    "layer_by_layer_offchip": Term(
        "off-chip bytes layer by layer", "bytes", "What the same layers move off chip when each runs by itself."
    ),
    "demand": Term("demand", "bytes", "What a plan needs of a memory level at most: the same as buffer needed."),
    "minimum": Term(
        "minimum",
        "pJ, bytes or cycles",
        "The least objective with room for every tensor at once: where a curve against the capacity ends.",
    ),
    "smallest_within": Term(
        "smallest buffer within a share",
        "bytes",
        "The smallest capacity at which the least objective is at most (1 + share) times the minimum, to 1/32; the "
        "next smaller step is proven not to be enough.",
    ),
    "knee": Term(
        "knee",
        "",
        "A capacity up to which each doubling of the buffer saved at least twice as much as the next one does.",
    ),
    "plan": Term("plan", "", "A mapping of a whole network: which layers run fused, in which tiles, and what stays."),
}
"""By key; the order of the glossary."""
