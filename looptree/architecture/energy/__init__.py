"""Named models of energy and area: what a memory of some size, or an operation, takes according to published numbers.

Each model says where its numbers are from, for which sizes they hold, and how it fills the gaps. Outside its range a
model still answers, with a warning that the architecture carries along (`Architecture.warnings`).
"""

from looptree.architecture.energy.cache import Cache
from looptree.architecture.energy.dram import Dram
from looptree.architecture.energy.estimate import Estimate, MemoryModel, MemoryShape
from looptree.architecture.energy.operations import Operations
from looptree.architecture.energy.register_file import RegisterFile
from looptree.architecture.energy.relative import Relative
from looptree.architecture.energy.sram import Sram

MEMORY_MODELS: dict[str, type[MemoryModel]] = {
    "sram": Sram,
    "cache": Cache,
    "register_file": RegisterFile,
    "relative": Relative,
    "dram": Dram,
}
"""Models of memory levels by the name that files use."""

__all__ = ["MEMORY_MODELS", "Estimate", "MemoryModel", "MemoryShape", "Operations"]
