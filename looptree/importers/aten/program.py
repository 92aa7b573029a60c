"""An exported PyTorch program as plain values: calls in order, their arguments by name, the type of every value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from looptree.errors import InputError
from looptree.importers.graph import Array, Type


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor that a call takes as an argument, by its name."""

    name: str


Argument = Value | int | float | str | None | tuple["Argument", ...]
"""An argument of a call; element types are text, such as `float32`."""


@dataclass(frozen=True)
class Call:
    """One call of an ATen operator.

    Attributes:
        target: the operator and its overload, such as `aten.conv2d.default`.
        name: unique.
        module: path of the module that makes the call, such as `layer1.0.conv1`; empty for the outermost one.
        arguments: all of them by name, also those that were left out; empty for an operator without a schema.
        outputs: values that it makes, one per result.
    """

    target: str
    name: str
    module: str
    arguments: Mapping[str, Argument]
    outputs: tuple[str, ...]

    @property
    def operator(self) -> str:
        """The operator without its overload: `conv2d`, and with its namespace where that is not `aten`."""
        name = self.target.rpartition(".")[0] or self.target
        return name.removeprefix("aten.")

    def value(self, name: str) -> str:
        """An argument that is a tensor; empty where it is left out."""
        argument = self.arguments.get(name)
        return argument.name if isinstance(argument, Value) else ""

    def values(self, name: str) -> tuple[str, ...]:
        """An argument that is a list of tensors; empty names are those that are left out."""
        return tuple(item.name if isinstance(item, Value) else "" for item in self._list(name))

    def integer(self, name: str, default: int = 0) -> int:
        """An argument that is a whole number."""
        argument = self.arguments.get(name)
        if argument is None:
            return default
        if not isinstance(argument, int):
            raise self.error(f"expected {name} as a whole number, found {argument!r}")
        return int(argument)

    def integers(self, name: str, length: int = 1) -> tuple[int, ...]:
        """An argument that is a list of whole numbers; one number stands for `length` equal ones."""
        found = self._list(name)
        if not all(isinstance(item, int) for item in found):
            raise self.error(f"expected {name} as whole numbers, found {found!r}")
        numbers = tuple(int(item) for item in found if isinstance(item, int))
        return numbers * length if len(numbers) == 1 else numbers

    def text(self, name: str, default: str = "") -> str:
        """An argument that is text."""
        argument = self.arguments.get(name)
        return argument if isinstance(argument, str) else default

    def has(self, name: str) -> bool:
        """Whether an argument is given."""
        return self.arguments.get(name) is not None

    @property
    def tensors(self) -> tuple[str, ...]:
        """Every tensor among the arguments, in order."""
        return tuple(_tensors(tuple(self.arguments.values())))

    def error(self, problem: str, hint: str = "") -> InputError:
        """An `InputError` that names the call."""
        place = f" in module {self.module!r}" if self.module else ""
        return InputError(problem, where=f"{self.name} ({self.target}){place}", hint=hint)

    def _list(self, name: str) -> tuple[Argument, ...]:
        argument = self.arguments.get(name)
        if argument is None:
            return ()
        return argument if isinstance(argument, tuple) else (argument,)


def _tensors(arguments: tuple[Argument, ...]) -> Iterator[str]:
    for argument in arguments:
        if isinstance(argument, Value):
            yield argument.name
        elif isinstance(argument, tuple):
            yield from _tensors(argument)


@dataclass(frozen=True)
class Constant:
    """A tensor that belongs to the module, under its name there, such as `layer1.0.conv1.weight`.

    Attributes:
        parameter: trained, and counted as such.
        array: the elements, where shapes or positions may depend on them; `None` for weights.
    """

    parameter: bool = False
    array: Array | None = None


@dataclass(frozen=True)
class Program:
    """A module as `torch.export` sees it.

    Attributes:
        name: of the module.
        calls: in order.
        inputs: values that are given from outside.
        constants: parameters, buffers and other tensors of the module.
        outputs: values that leave.
        types: of every value.
    """

    name: str
    calls: tuple[Call, ...]
    inputs: tuple[str, ...]
    constants: Mapping[str, Constant]
    outputs: tuple[str, ...]
    types: Mapping[str, Type] = field(default_factory=dict)
