"""Files that commands write: whether they can be written, and writing them whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from looptree.errors import InputError
from looptree.files import write_atomically


def check_target(path: Path, *, force: bool) -> None:
    """Find out before the work is done whether its result can be written.

    Raises:
        InputError: the file is there already (without `force`), or cannot be written.
    """
    if path.is_dir():
        raise InputError("expected a file, found a directory", where=str(path))
    if path.exists() and not force:
        raise InputError("the file is there already", where=str(path), hint="--force overwrites it")
    if not path.absolute().parent.is_dir():
        raise InputError("there is no such folder", where=str(path.parent))
    if not os.access(path.absolute().parent, os.W_OK):
        raise InputError("the folder cannot be written to", where=str(path.parent))


def check_distinct(*paths: Path | None) -> None:
    """Find out before the work is done whether each result has a file of its own.

    Args:
        paths: the files that a command is to write, `None` for one that was not asked for.

    Raises:
        InputError: two of them are the same file.
    """
    seen: set[Path] = set()
    for path in paths:
        if path is None:
            continue
        if path.resolve() in seen:
            raise InputError(
                "expected a file of its own for each result, found two for this one",
                where=str(path),
                hint="give one of them another name",
            )
        seen.add(path.resolve())


def write_whole(path: Path, content: str | bytes, *, force: bool) -> None:
    """Write a file, text as UTF-8: nobody ever sees half of it.

    Raises:
        InputError: as `check_target`, or the disk is full.
    """
    check_target(path, force=force)
    try:
        write_atomically(path, content)
    except OSError as problem:
        raise InputError(f"cannot be written: {problem.strerror or problem}", where=str(path)) from None
