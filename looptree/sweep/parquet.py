"""Rows as a Parquet file, by Apache Arrow: exact numbers, one type per column, for pandas, Polars and DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from looptree import __version__
from looptree.errors import InputError
from looptree.sweep.answers import Row, columns_of
from looptree.sweep.study import Study

_LARGEST = 2**63 - 1


def check_parquet() -> None:
    """Raise an `InputError` where pyarrow is missing."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        hint = "pip install 'looptree[parquet]', or take --csv"
        raise InputError("Parquet files need the package pyarrow", where="--parquet", hint=hint) from None


def as_parquet(study: Study, rows: Sequence[Row]) -> bytes:
    """The content of a file; its metadata names the study, its fingerprint, and this software."""
    check_parquet()
    import pyarrow
    import pyarrow.parquet

    columns = {key: _column([row.get(key) for row in rows]) for key in columns_of(rows)}
    about = {"study": study.name, "fingerprint": study.fingerprint, "looptree": __version__}
    table = pyarrow.table(columns).replace_schema_metadata(about)
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _column(values: Sequence[Any]) -> list[Any]:
    """Values of one type: texts if there is one among them, float64 if there is a float or an int beyond 64 bits."""
    known = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in known):
        return [None if value is None else str(value) for value in values]
    if any(isinstance(value, float) or abs(value) > _LARGEST for value in known):
        return [None if value is None else float(value) for value in values]
    return list(values)
