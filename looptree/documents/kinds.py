"""What kind of file a document is."""

from __future__ import annotations

from looptree.documents.node import Node

_KINDS = {
    "einsums": "a workload (einsums)",
    "layers": "a network (layers)",
    "levels": "an architecture (levels)",
    "mapping": "a mapping (mapping)",
    "fuse": "a point of the taxonomy (fuse)",
    "workload": "a workload of AccelForge (workload)",
    "arch": "an architecture of AccelForge (arch)",
    "problem": "a workload of the original LoopTree (problem)",
    "study": "a study (study)",
}


def kind_of(document: Node) -> str | None:
    """What kind of file a document is, in words, where its outermost keys give it away."""
    fields = document.mapping()
    return next((kind for key, kind in _KINDS.items() if key in fields), None)


def check_kind(document: Node, *expected: str) -> None:
    """Refuse a file that is of another kind, which its outermost keys give away.

    Args:
        document: a whole document.
        expected: outermost keys of the kinds that are accepted here, such as `levels`.

    Raises:
        InputError: it has the key of another kind instead, or is no mapping of keys at all.
    """
    fields, other = document.mapping(), kind_of(document)
    if other is not None and not any(key in fields for key in expected):
        raise document.error(f"expected {' or '.join(_KINDS[key] for key in expected)}, found {other}")
