"""JSON Schemas of the files that people write, for editors that complete keys and mark mistakes.

Which keys there are is taken from the readers and from the types of layers, so that a schema knows what they know. The
readers check more than a schema can say; what they accept, it accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from looptree.architecture import reader as architecture_reader
from looptree.errors import InputError, nearest
from looptree.taxonomy import plan_file
from looptree.taxonomy import reader as mapping_reader
from looptree.workload import reader as workload_reader
from looptree.workload.layers import network
from looptree.workload.layers.registry import LAYER_TYPES
from looptree.workload.layers.spec import COMMON_KEYS

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 1}
_QUANTITY: Schema = {"type": ["number", "string"]}
_NAMES: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}

_MEANINGS: Mapping[str, Schema] = {
    "name": {**_TEXT, "description": "what it is called"},
    "description": {**_TEXT, "description": "in a sentence"},
    "source": {"description": "where it comes from: a publication or a file"},
    "year": {"type": "integer", "description": "of the source"},
    "einsums": {"type": "array", "minItems": 1, "description": "layers as Einsums, in any order"},
    "expression": {**_TEXT, "description": "output[ranks] = input[ranks] * weight[ranks]"},
    "ranks": {"type": "object", "additionalProperties": _COUNT, "description": "extent of each rank"},
    "operation": {**_TEXT, "description": "mac, add, mul, max, exp, ...; what one operation is"},
    "layer": {**_TEXT, "description": "the layer that the Einsum belongs to"},
    "tensors": {"type": "object", "description": "bits and shapes that differ from what is implied"},
    "bits": {**_COUNT, "description": "of one word"},
    "shape": {"type": "array", "items": _COUNT, "description": "extents; what lies outside is zero"},
    "default_bits": {**_COUNT, "description": "of one word of every tensor that says nothing else"},
    "outputs": {"type": "array", "items": _TEXT, "description": "intermediates that are needed afterwards, too"},
    "inputs": {"description": "what the network or layer reads"},
    "input": {"description": "the layer or input that it reads; the layer before it if nothing is said"},
    "parameters": {"type": "object", "description": "whole numbers that --set replaces"},
    "templates": {"type": "object", "description": "runs of layers that are used several times"},
    "layers": {"type": "array", "minItems": 1, "description": "in order; each reads the one before it"},
    "levels": {"type": "array", "minItems": 1, "description": "memory levels, off chip first"},
    "compute": {"type": "object", "description": "the compute units"},
    "allocation": {"enum": ["window", "live"], "description": "what counts against a capacity"},
    "capacity_bytes": {"type": ["integer", "string", "null"], "description": "null is unlimited"},
    "bandwidth_bytes_per_cycle": {"type": ["number", "string", "null"], "description": "null is unlimited"},
    "read_pj_per_byte": {**_QUANTITY, "description": "energy of reading a byte, in pJ"},
    "write_pj_per_byte": {**_QUANTITY, "description": "energy of writing a byte, in pJ"},
    "pj_per_operation": {**_QUANTITY, "description": "energy of one operation, in pJ"},
    "pj_of": {"type": "object", "description": "energy in pJ by kind of operation"},
    "spatial": {"type": "object", "description": "operations done at once along each rank"},
    "type": {**_TEXT, "description": f"of the layer: {', '.join(LAYER_TYPES)}, or the name of a template"},
    "repeat": {"description": "how many times"},
}


def schema_of(kind: str) -> Schema:
    """The schema of a kind of file: `workload`, `architecture` or `mapping`.

    Raises:
        InputError: there is no schema of that kind.

    >>> schema_of("mapping")["required"]
    ['mapping']
    """
    if kind not in SCHEMAS:
        raise InputError(f"expected one of {', '.join(SCHEMAS)}, found {kind!r}", hint=nearest(kind, SCHEMAS))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"looptree {kind}"}
    return head | SCHEMAS[kind]()


def _object(keys: Iterable[str], required: Iterable[str], **own: Schema) -> Schema:
    """An object with these keys and no others; `own` says more of some of them."""
    return {
        "type": "object",
        "properties": {key: own.get(key, _MEANINGS.get(key, {})) for key in keys},
        "required": list(required),
        "additionalProperties": False,
    }


def _workload() -> Schema:
    einsum = _object(workload_reader._EINSUM_KEYS, ("name", "expression", "ranks"))
    tensor = _object(workload_reader._TENSOR_KEYS, ())
    einsums = _object(
        workload_reader._KEYS,
        ("einsums",),
        einsums={**_MEANINGS["einsums"], "items": einsum},
        tensors={**_MEANINGS["tensors"], "additionalProperties": tensor},
    )
    layers = {**_MEANINGS["layers"], "items": {"$ref": "#/$defs/layer"}}
    whole = _object(network._KEYS, ("inputs", "layers"), layers=layers)
    return {
        "if": {"type": "object", "required": ["einsums"]},
        "then": einsums,
        "else": whole,
        "$defs": {"layer": _layer()},
    }


def _layer() -> Schema:
    """A layer, by its type; of a template only the common keys are known."""
    properties = {key: _MEANINGS.get(key, {}) for key in COMMON_KEYS}
    cases = [
        {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": _object((*COMMON_KEYS, *known.keys), known.required),
        }
        for name, known in LAYER_TYPES.items()
    ]
    return {"type": "object", "properties": properties, "allOf": cases}


def _architecture() -> Schema:
    level = _object(architecture_reader._LEVEL_KEYS, ("name",))
    compute = _object(architecture_reader._COMPUTE_KEYS, ())
    levels = {**_MEANINGS["levels"], "items": level}
    return _object(architecture_reader._KEYS, ("levels",), levels=levels, compute=compute)


def _mapping() -> Schema:
    chain: Schema = {"$ref": "#/$defs/chain"}
    storage = _object(
        ("level", "tensors", "overlap", "lifetime"),
        ("level", "tensors"),
        level={**_TEXT, "description": "memory level that keeps the tensors from here inwards"},
        tensors={**_NAMES, "description": "names of tensors"},
        overlap={"enum": ["keep", "drop"], "description": "what consecutive windows share"},
        lifetime={"enum": ["branch", "uses"], "description": "how long they take space"},
    )
    temporal = _object(
        ("rank", "tile"),
        ("rank", "tile"),
        rank={**_NAMES, "description": "p, or conv2.p; several move together"},
        tile={**_COUNT, "description": "tile shape below the loop"},
    )
    compute = _object(("einsum", "unit", "inside"), ("einsum",), einsum=_TEXT, unit=_TEXT, inside=_TEXT)
    branch = {"type": "array", "minItems": 1, "items": chain}
    kinds = {"storage": storage, "temporal": temporal, "compute": compute, "sequential": branch, "pipeline": branch}
    node = _object(kinds, (), **kinds) | {"minProperties": 1, "maxProperties": 1}
    whole = _object(
        mapping_reader._KEYS,
        ("mapping",),
        mapping=chain,
        plan=_object(plan_file._KEYS, plan_file._KEYS),
    )
    return whole | {"$defs": {"chain": {"type": "array", "minItems": 1, "items": node}}}


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "workload": _workload,
    "architecture": _architecture,
    "mapping": _mapping,
}
