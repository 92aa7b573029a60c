"""Our mappings in the format of the original LoopTree: `mapping: {type: fused, nodes: [...]}`."""

from __future__ import annotations

from typing import Any

from looptree.errors import InputError
from looptree.taxonomy.tree import Branch, Chain, LoopTree, Storage


def original_mapping(tree: LoopTree, components: list[str]) -> dict[str, Any]:
    """The mapping as plain data, as the original LoopTree reads it.

    Ranks keep their names, which the original wants to be different in each Einsum of a problem.

    Args:
        tree: what is written.
        components: names of the memory levels, outside in, and of the compute units: a target is a place in them.

    Raises:
        InputError: the mapping has something that the original does not know.
    """
    return {"mapping": {"type": "fused", "nodes": _nodes(tree.root, components)}}


def _nodes(chain: Chain, components: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for node in chain.inner:
        if isinstance(node, Storage):
            for wrong in (node.overlap != "keep" and "overlap: drop", node.lifetime != "branch" and "lifetime: uses"):
                if wrong:
                    raise _unknown(f"a storage node with {wrong} ({', '.join(node.tensors)} at {node.level})")
            target = components.index(node.level)
            found.append({"type": "storage", "target": target, "dspace": list(node.tensors)})
        else:
            if len(node.ranks) > 1:
                raise _unknown(f"a loop over several sinks ({node.label})")
            found.append({"type": "temporal", "rank": node.ranks[0].rank, "tile_shape": node.tile})
    if isinstance(chain.end, Branch):
        branches = [_nodes(below, components) for below in chain.end.chains]
        return [*found, {"type": chain.end.kind, "branches": branches}]
    return [*found, {"type": "compute", "einsum": chain.end.einsum, "target": len(components) - 1}]


def _unknown(what: str) -> InputError:
    return InputError(f"the original LoopTree has no {what.removeprefix('a ')}", where="--format looptree")
