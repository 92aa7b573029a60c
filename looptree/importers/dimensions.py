"""Dynamic dimensions: named by the model (`batch`) or by their place (`x_0`), and given a value by the user.

An input that is one whole number (`sampling_rate`) can be given its value as well, where control flow depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import onnx

from looptree.errors import InputError, nearest

MAX_EXTENT = 2**40


class Dimensions:
    """The dynamic dimensions of the inputs of a model.

    Args:
        given: values by name.
        file: the name of the file, for messages.
    """

    def __init__(self, given: Mapping[str, int], file: str) -> None:
        self.given = given
        self.file = file
        self.names: list[str] = []
        self.numbers: list[str] = []

    def shape(self, value: onnx.ValueInfoProto) -> tuple[int, ...]:
        """The shape of an input; extents without a value are 1 for now, `check` complains about them."""
        tensor = value.type.tensor_type
        if not tensor.HasField("shape"):
            raise InputError(
                f"the shape of input {value.name!r} is missing", where=self.file, hint="export the model with shapes"
            )
        return tuple(self._extent(dim, f"{value.name}_{i}") for i, dim in enumerate(tensor.shape.dim))

    def number(self, value: str) -> int | None:
        """The value that an input of one whole number is given, if any."""
        name = identifier(value)
        if not name or name in self.names:
            return None
        self.numbers.append(name)
        given = self.given.get(name)
        return given if type(given) is int and -(2**31) <= given < 2**31 else None

    def known(self, value: onnx.ValueInfoProto) -> tuple[int | None, ...] | None:
        """What the model says about the shape of another value."""
        tensor = value.type.tensor_type
        if not tensor.HasField("shape"):
            return None
        return tuple(
            dim.dim_value if dim.dim_value > 0 else self.given.get(identifier(dim.dim_param))
            for dim in tensor.shape.dim
        )

    def check(self) -> None:
        """Complain about dimensions without a value, and about values without a dimension.

        Raises:
            InputError: one message that names all of them.
        """
        unset = [name for name in self.names if name not in self.given]
        if unset:
            wanted = " ".join(f"{name}=1" for name in unset[:4]) + (" ..." if len(unset) > 4 else "")
            noun = "dimension" if len(unset) == 1 else "dimensions"
            raise InputError(
                f"dynamic {noun} without a value: {', '.join(unset)}",
                where=self.file,
                hint=f"give each one a value by --dim (looptree import) or --set, as in {wanted}",
            )
        for name, extent in self.given.items():
            if name in self.numbers and name not in self.names:
                if type(extent) is not int or not -(2**31) <= extent < 2**31:
                    raise InputError(f"expected a value of 32 bits for {name!r}, found {extent!r}", where=self.file)
                continue
            if name not in self.names:
                known = [*self.names, *self.numbers]
                hint = nearest(name, known) if known else "all dimensions of this model are fixed"
                raise InputError(f"the model has no dynamic dimension {name!r}", where=self.file, hint=hint)
            if type(extent) is not int or not 1 <= extent <= MAX_EXTENT:
                raise InputError(
                    f"expected an extent from 1 to {MAX_EXTENT} for dimension {name!r}, found {extent!r}",
                    where=self.file,
                )

    def _extent(self, dim: onnx.TensorShapeProto.Dimension, place: str) -> int:
        if dim.dim_value > 0:
            return int(dim.dim_value)
        name = identifier(dim.dim_param) or identifier(place)
        if name not in self.names:
            self.names.append(name)
        given = self.given.get(name, 1)
        return given if type(given) is int and given > 0 else 1


def identifier(text: str) -> str:
    """The text as a name that an option can set; nothing where it is none, such as `?`.

    >>> identifier("batch size"), identifier("unk__3"), identifier("2n"), identifier("?")
    ('batch_size', 'unk__3', '_2n', '')
    """
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text)
    if not name.strip("_"):
        return ""
    return f"_{name}" if name[0].isdigit() else name
