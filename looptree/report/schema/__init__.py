"""JSON Schemas of the files that people write, for editors that complete keys and mark mistakes.

Which keys there are is taken from the readers and from the types of layers, so that a schema knows what they know. The
readers check more than a schema can say; what they accept, it accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from looptree.errors import InputError, close
from looptree.report.schema.architecture import architecture_schema
from looptree.report.schema.mapping import mapping_schema, point_schema
from looptree.report.schema.parts import Schema
from looptree.report.schema.restrictions import restrictions_schema
from looptree.report.schema.workload import workload_schema

__all__ = ["SCHEMAS", "schema_of"]


def schema_of(kind: str, more: Mapping[str, Callable[[], Schema]] = MappingProxyType({})) -> Schema:
    """The schema of a kind of file: one of `SCHEMAS`, or of `more`.

    Raises:
        InputError: there is no schema of that kind.

    >>> schema_of("mapping")["required"]
    ['mapping']
    """
    known = {**SCHEMAS, **more}
    if kind not in known:
        raise InputError(f"expected one of {', '.join(known)}, found {kind!r}", hint=close(kind, known))
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"looptree {kind}"}
    return head | known[kind]()


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "workload": workload_schema,
    "architecture": architecture_schema,
    "mapping": mapping_schema,
    "point": point_schema,
    "restrictions": restrictions_schema,
}
