"""Definitions by the names under which results show them: keys of JSON, columns of CSV, headers of tables."""

from __future__ import annotations

from looptree.errors import InputError, nearest
from looptree.report.keys import KEYS
from looptree.report.terms import TERMS, Term

_UNITS = ("_bytes", "_words", "_pj", "_cycles", "_operations")
_OTHER = {
    "einsums": "layers",
    "groups": "group",
    "total": "plan",
    "reads": "offchip_reads",
    "writes": "offchip_writes",
    "overlapped": "latency",
    "occupancy": "buffer",
    "offchip_per_tensor": "offchip",
    "knees": "knee",
    "compute": "busy",
    "memory": "busy",
}


def term_of(word: str) -> Term:
    """What a word means: a key of `TERMS` or of the JSON output, with or without its unit, or the name of a quantity.

    Raises:
        InputError: nothing has that name; the nearest one is proposed.

    >>> term_of("offchip_bytes").name, term_of("Energy").unit, term_of("window bytes").name
    ('off-chip bytes', 'pJ', 'window bytes')
    """
    wanted = word.strip().lower().replace("-", "_").replace(" ", "_")
    names = {term.name.lower().replace("-", "_").replace(" ", "_"): key for key, term in TERMS.items()}
    for name in (wanted, *(wanted.removesuffix(unit) for unit in _UNITS if wanted.endswith(unit))):
        key = name if name in TERMS else names.get(name, _OTHER.get(name, ""))
        if key:
            return TERMS[key]
        if name in KEYS:
            return KEYS[name]
    raise InputError(f"nothing is called {word!r}", hint=nearest(wanted, [*TERMS, *_OTHER, *KEYS]))
