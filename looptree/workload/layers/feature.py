"""What flows between layers: a tensor of activations and the ranks that elementwise layers give it."""

from __future__ import annotations

import math
from dataclasses import dataclass

IMAGE = ("m", "p", "q")
DEFAULT_RANKS: dict[int, tuple[str, ...]] = {1: ("f",), 2: ("p", "f"), 3: IMAGE}


@dataclass(frozen=True, slots=True)
class Feature:
    """Activations of one sample; a batch adds one dimension in front.

    Attributes:
        tensor: the tensor that holds them.
        shape: extent per dimension, without the batch.
        ranks: what an elementwise layer calls its dimensions: `m, p, q` for images, `p, f` for
            sequences, `h, p, e` for sequences split into heads, `h, p, k` for attention scores.
        flat: the dimensions are to be read as one (a flatten that is folded into its linear layers).

    >>> Feature("conv1", (64, 56, 56), ("m", "p", "q")).is_image
    True
    """

    tensor: str
    shape: tuple[int, ...]
    ranks: tuple[str, ...]
    flat: bool = False

    @property
    def is_image(self) -> bool:
        """Channels, rows and columns."""
        return self.ranks == IMAGE

    @property
    def size(self) -> int:
        """Elements of one sample."""
        return math.prod(self.shape)

    @property
    def extents(self) -> dict[str, int]:
        """Extent of each rank."""
        return dict(zip(self.ranks, self.shape, strict=True))

    def __str__(self) -> str:
        return f"{self.tensor} {list(self.shape)}"


def fresh(name: str, taken: tuple[str, ...] | set[str]) -> str:
    """The name, or another letter where it is taken.

    >>> fresh("p", ("h", "p")), fresh("e", ("h", "p"))
    ('k', 'e')
    """
    candidates: list[str] = [name, *"kfdeuvwxyzijlahgo"]
    return next(letter for letter in candidates if letter not in taken)
