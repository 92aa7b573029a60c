"""YAML documents with a memory of where every value stood.

`read_document` parses a file safely into `Node`s. A `Node` hands out checked values; each complaint names file, line
and the path of keys, says what was expected and what was found, and proposes the nearest known key.
"""

from looptree.documents.kinds import check_kind, kind_of
from looptree.documents.node import Node
from looptree.documents.reader import MAX_BYTES, parse_document, read_bytes, read_document, read_text, to_yaml

__all__ = [
    "MAX_BYTES",
    "Node",
    "check_kind",
    "kind_of",
    "parse_document",
    "read_bytes",
    "read_document",
    "read_text",
    "to_yaml",
]
