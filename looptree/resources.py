"""Where the data files are: the one place that knows it, for a checkout and for an installed package.

The folders `workloads`, `architectures`, `taxonomy` and `validation` stand at the top of the repository,
where people read and edit them, and travel inside the wheel as `looptree/_data/<folder>`. In a checkout, and
in an editable install of it, there is no `looptree/_data`, and the folders stand next to the package.

Assumption: the package lies on disk as ordinary files, not inside a zip archive.
"""

from __future__ import annotations

from pathlib import Path

from looptree.errors import InputError, nearest

KINDS = ("workloads", "architectures", "taxonomy", "validation")
"""The kinds of data, each the name of a folder."""

_PACKAGE = Path(__file__).parent
_SUFFIX = ".yaml"


def root(kind: str) -> Path:
    """The folder that holds the files of one kind of data.

    Raises:
        InputError: there is no such kind, or the installation lacks its folder.

    >>> root("workload")
    Traceback (most recent call last):
    looptree.errors.InputError: there is no data folder 'workload' (did you mean 'workloads'?)
    """
    if kind not in KINDS:
        raise InputError(f"there is no data folder {kind!r}", hint=nearest(kind, KINDS))
    packed = _PACKAGE / "_data"
    folder = (packed if packed.is_dir() else _PACKAGE.parent) / kind
    if not folder.is_dir():
        raise InputError(f"the data folder {kind!r} is missing", where=str(folder), hint="install looptree again")
    return folder


def names(kind: str) -> list[str]:
    """The names of all YAML files of one kind, sorted; a subfolder is part of the name (`points/some_design`).

    Raises:
        InputError: there is no such kind, or the installation lacks its folder.
    """
    folder = root(kind)
    return sorted(file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob(f"*{_SUFFIX}"))


def find(kind: str, name: str) -> Path:
    """The YAML file of that name, written with or without `.yaml`.

    Only names that `names` lists are found: a name cannot lead out of its folder.

    Raises:
        InputError: no file has that name (the nearest one is proposed), or there is no such kind.
    """
    stem = name.removesuffix(_SUFFIX)
    known = names(kind)
    if stem not in known:
        raise InputError(f"nothing in {kind} has the name {stem!r}", hint=nearest(stem, known))
    return root(kind) / f"{stem}{_SUFFIX}"


def locate(kind: str, source: str | Path) -> Path:
    """The file that a path, or the name of a shipped file, stands for; a file that exists comes first.

    A path is returned as it is, whether or not there is such a file: whoever reads it says so.

    Raises:
        InputError: a bare name (no folder, no suffix) that nothing has.
    """
    path = Path(source)
    try:
        is_file, is_folder = path.is_file(), bool(path.name) and path.is_dir()
    except OSError:  # a name that is too long, for instance
        return path
    if path.name != str(source) or is_file:
        return path
    is_name = not path.suffix and not is_folder
    return find(kind, path.name) if is_name or path.name.removesuffix(_SUFFIX) in names(kind) else path
