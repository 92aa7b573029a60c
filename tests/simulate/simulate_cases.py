"""Building small designs for the tests of the simulator, from the YAML that users write."""

from __future__ import annotations

from looptree.architecture import architecture_from_node
from looptree.documents import parse_document
from looptree.simulate import Counts, simulate
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.reader import mapping_from_node
from looptree.workload.reader import workload_from_node

TWO_LEVELS = "{levels: [{name: DRAM}, {name: GLB}]}"


def design(workload: str, mapping: str, architecture: str = TWO_LEVELS) -> Design:
    """A design from three YAML texts."""
    return bind(
        workload_from_node(parse_document(workload, "workload")),
        architecture_from_node(parse_document(architecture, "architecture")),
        mapping_from_node(parse_document(mapping, "mapping")),
    )


def run(workload: str, mapping: str, architecture: str = TWO_LEVELS) -> Counts:
    """What is counted for a design from three YAML texts."""
    return simulate(design(workload, mapping, architecture))


def place(where: Design, level: str, tensor: str, nth: int = 0) -> int:
    """Id of the nth place of a tensor at a level."""
    return [p.id for p in where.places if (p.level, p.tensor) == (level, tensor)][nth]
