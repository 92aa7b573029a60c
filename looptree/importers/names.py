"""Names: of ranks, as the shipped networks use them, and of layers and tensors, from those of the model."""

from __future__ import annotations

import re
from collections.abc import Collection

_LETTERS = "kfdeuvwxyzijlahgo"
_CONTRACTED = {"f": "d", "m": "c", "p": "r", "q": "s"}
_OUTER = {"f": "h", "d": "h", "m": "g"}
_INNER = {"f": "e", "d": "e", "m": "m", "p": "r", "q": "s"}
_MAX_LENGTH = 80


def fresh(name: str, taken: Collection[str]) -> str:
    """The name, or another letter where it is taken, or the name with a number.

    >>> fresh("p", {"h", "p"}), fresh("e", {"h", "p"})
    ('k', 'e')
    """
    candidates: list[str] = [name, *_LETTERS]
    return next((candidate for candidate in candidates if candidate not in taken), None) or unique(name, taken)


def contracted(name: str) -> str:
    """What the ranks of an input are called where they are summed over: features `f` are `d` of the next layer.

    >>> contracted("f"), contracted("m"), contracted("e")
    ('d', 'c', 'e')
    """
    return _CONTRACTED.get(name, name)


def cut_names(name: str, parts: int, taken: Collection[str]) -> list[str]:
    """The ranks of a rank that is cut, the most significant first: features become heads and elements.

    >>> cut_names("f", 2, {"p"}), cut_names("p", 2, {"m", "p", "q"}), cut_names("k", 1, ())
    (['h', 'e'], ['p', 'r'], ['k'])
    """
    if parts == 1:
        return [name]
    wanted = [_OUTER.get(name, name), *([name] * (parts - 2)), _INNER.get(name, name)]
    used = set(taken) - {name}
    found = []
    for want in wanted:
        found.append(fresh(want, used))
        used.add(found[-1])
    return found


def default_ranks(extents: tuple[int, ...]) -> list[str]:
    """What the dimensions of an input are called, from how many there are.

    >>> default_ranks((1, 3, 224, 224)), default_ranks((1, 128, 768)), default_ranks((10,))
    (['n', 'm', 'p', 'q'], ['b', 'p', 'f'], ['f'])
    """
    usual = {1: "f", 2: "bf", 3: "bpf", 4: "nmpq", 5: "nmzpq"}.get(len(extents))
    if usual is not None:
        return list(usual)
    found: list[str] = []
    for _ in extents:
        found.append(fresh("n", found))
    return found


def layer_name(text: str, kind: str) -> str:
    """The name of a node as a name of a layer.

    >>> layer_name("/layer1/layer1.0/conv1/Conv", "Conv"), layer_name("2:0", "Add"), layer_name("", "Relu")
    ('layer1_layer1_0_conv1', 'Add_2_0', 'Relu')
    """
    parts = [part for part in re.split(r"[/\\]+", text) if part]
    if len(parts) > 1 and parts[-1] == kind:
        parts.pop()
    return _word("_".join(parts), kind)


def tensor_name(text: str) -> str:
    """The name of a value as a name of a tensor from outside; one in `W` would look like a weight.

    >>> tensor_name("input.1"), tensor_name("Words")
    ('input_1', 'input_Words')
    """
    name = _word(text, "input")
    return f"input_{name}" if name.startswith("W") else name


def unique(name: str, taken: Collection[str]) -> str:
    """The name, or with a number where it is taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _word(text: str, otherwise: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")
    if len(name) > _MAX_LENGTH:
        name = name[-_MAX_LENGTH:].lstrip("_")
    if not name or not (name[0].isalpha() or name[0] == "_"):
        name = f"{otherwise}_{name}".rstrip("_")
    return name
