"""The schemas of a mapping file and of a point of the taxonomy."""

from __future__ import annotations

from looptree.report.schema.parts import (
    ARITHMETIC,
    COUNT,
    FLAG,
    NAMES,
    TEXT,
    Schema,
    closed,
    many,
    named,
    said,
)
from looptree.taxonomy import plan_file, point, reader
from looptree.taxonomy.tree import INSIDE, OVERLAPS

_PARAMETERS = said(
    named(closed(reader.PARAMETER_KEYS, reader.PARAMETER_KEYS, default=COUNT, meaning=TEXT)),
    "names that stand for whole numbers, which --set replaces",
)


def mapping_schema() -> Schema:
    """A tree of nodes, outside in."""
    chain: Schema = {"$ref": "#/$defs/chain"}
    rank = said(NAMES, "p, or conv2.p; several move together")
    tile = said(ARITHMETIC, "tile shape below the loop, or the name of a parameter")
    own = {
        "storage": {
            "level": said(TEXT, "memory level that keeps the tensors from here inwards"),
            "tensors": said(NAMES, "names of tensors"),
            "overlap": {"enum": list(OVERLAPS), "description": "what consecutive windows share"},
            "lifetime": {"enum": ["branch", "uses"], "description": "how long they take space"},
        },
        "temporal": {"rank": rank, "tile": tile},
        "spatial": {"rank": rank, "tile": tile, "axis": said(TEXT, "of the array")},
        "compute": {
            "einsum": TEXT,
            "unit": TEXT,
            "inside": {"enum": list(INSIDE), "description": "the nest inside the tile is found"},
        },
    }
    kinds: dict[str, Schema] = {
        kind: closed(keys, reader.REQUIRED[kind], **own[kind]) for kind, keys in reader.NODE_KEYS.items()
    }
    shares = {"anyOf": [{"enum": ["balanced"]}, many(COUNT, least=1)], "description": "of the units along the axis"}
    split = closed(reader.SPLIT_KEYS, ("axis", "branches"), axis=TEXT, shares=shares, branches=many(chain, least=1))
    kinds |= {"sequential": many(chain, least=1), "pipeline": {"anyOf": [many(chain, least=1), split]}}
    node = closed(kinds, (), **kinds) | {"minProperties": 1, "maxProperties": 1}
    whole = closed(
        reader.KEYS,
        ("mapping",),
        mapping=said(chain, "nodes from the outside in"),
        parameters=_PARAMETERS,
        plan=said(_plan(), "what a search proved of it"),
    )
    return whole | {"$defs": {"chain": many(node, least=1)}}


def _plan() -> Schema:
    buffer = closed(
        plan_file.BUFFER_KEYS, plan_file.BUFFER_KEYS, level=TEXT, capacity_bytes={"type": ["integer", "null"]}
    )
    return closed((*plan_file.KEYS, *plan_file.OPTIONAL), plan_file.KEYS, buffer=buffer)


def point_schema() -> Schema:
    """A published design as choices that name roles."""
    loop = closed(point.LOOP_KEYS, ("rank",), rank=NAMES, tile=ARITHMETIC, parts=ARITHMETIC, optional=FLAG)
    where = said({"type": "string", "pattern": "^(whole|below .+)$"}, "whole, or below and the rank of a loop")
    kept: Schema = {"enum": ["keep", "drop"]}
    return closed(
        point.KEYS,
        point.REQUIRED,
        confidence={"enum": list(point.CONFIDENCE)},
        fixes=TEXT,
        assumes=TEXT,
        parameters=_PARAMETERS,
        fuse={"enum": list(point.FUSE)},
        layers=said(ARITHMETIC, "of the first group, with fuse: first"),
        loops=said(many(loop), "above the branch, outermost first"),
        retention=closed(point.KINDS, (), **dict.fromkeys(point.KINDS, where)),
        overlap=closed(point.KINDS, (), **dict.fromkeys(point.KINDS, kept)),
        not_retained={"enum": ["recompute", "refetch"]},
        parallelism={"enum": ["sequential", "pipeline"]},
    )
