"""Loading an architecture: a file, or a shipped one by its name."""

from __future__ import annotations

from pathlib import Path

from looptree import resources
from looptree.architecture.architecture import Architecture
from looptree.architecture.reader import read_architecture


def load_architecture(source: str | Path) -> Architecture:
    """The architecture of a file, or the shipped one of that name.

    Args:
        source: a path, or a name such as `mobile`; a file that exists comes first.

    Raises:
        InputError: no such file or name, or a mistake in the file (naming file, line and key).

    >>> load_architecture("small").off_chip.name
    'DRAM'
    """
    return read_architecture(resources.locate("architectures", source))
