"""Results show themselves in a notebook and become tables of pandas.

How that is done is known to `looptree.report.notebook`, which stands above every room with results. It is looked up by
name when it is needed: importing a result imports nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from looptree.errors import InputError

if TYPE_CHECKING:
    import pandas

_NOTEBOOK = "looptree.report.notebook"


def frame(rows: Sequence[Mapping[str, Any]]) -> pandas.DataFrame:
    """Rows as a table of pandas.

    Raises:
        InputError: pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise InputError("this needs pandas, which is not installed", hint="pip install pandas") from None
    return pandas.DataFrame(rows)


class Displayed:
    """A value that notebooks show as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """What a notebook shows: names are text, never markup."""
        shown: str = import_module(_NOTEBOOK).html_of(self)
        return shown

    def to_pandas(self) -> pandas.DataFrame:
        """One row per group, point or layer, with exact numbers where they are whole.

        Raises:
            InputError: pandas is not installed.
        """
        return import_module(_NOTEBOOK).frame_of(self)
