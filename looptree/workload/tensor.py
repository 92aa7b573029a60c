"""A tensor: a name, a shape and a word width."""

from __future__ import annotations

import math
from dataclasses import dataclass

from looptree.errors import InputError

MAX_ELEMENTS = 2**100

TENSOR_KINDS = ("input", "weight", "output", "intermediate")
"""What a tensor can be to its workload; see `Workload.kind`."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A dense tensor.

    Attributes:
        name: unique in its workload.
        shape: extent per dimension, in elements; `()` is a scalar.
        bits: bits per word (element).

    >>> Tensor("F1", (4, 36, 36)).size_bytes
    5184
    """

    name: str
    shape: tuple[int, ...]
    bits: int = 8

    def __post_init__(self) -> None:
        if self.size > MAX_ELEMENTS:
            raise InputError(f"tensor {self.name!r}: expected at most 2^100 elements, found more")

    @property
    def size(self) -> int:
        """Words (elements) in the whole tensor."""
        return math.prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Bytes of the whole tensor."""
        return self.bytes(self.size)

    def bytes(self, words: int) -> int:
        """Bytes that `words` words take, rounded up to a whole byte."""
        return -(-words * self.bits // 8)
