"""What bounds are asked of: the tensors of a group, and places of its intermediates in many designs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from looptree.model.axis import Array
from looptree.search.group.goal.prices import Role

UNDECIDED = -1
"""The place of an intermediate that has none yet."""


@dataclass(frozen=True, eq=False, slots=True)
class Within:
    """Tensors that each of the layers that use them may store inside its branch, in designs that are only bounded.

    Attributes:
        added: what they add to each sum there at least, by row. only: whether they may be nowhere else.
    """

    added: Mapping[int, Array]
    only: bool = False


NONE_WITHIN = Within({})


@dataclass(frozen=True, eq=False)
class Tensors:
    """What bounds need to know of the tensors of a group.

    Attributes:
        width: bytes per word. roles: what each is to the group. free: those that do not stay on chip anyway.
        streamed: least share of words that enter where a tensor is stored inside the branch of its layer (infinite if
            it cannot be).
        spill: which intermediates may be spilled. closed: below which numbers of loops a tensor may not be kept, of
            shape (tensors, numbers). drop: which tensors keep nothing of their overlap. apart: which tensors are in a
            partition of their own.
        nested: which tensors may be stored inside a nested branch, if there is one. within: which are only ever stored
            inside the branch of their layer.
        in_branches: see `Within.added`.
        copies: of what is exchanged with the off-chip level, 2 where the buffer is double-buffered.
        words: of each tensor that every design reads from off chip, or writes there.
        makers: row of the layer that makes each tensor. each: operations of a word that it makes, 0 if that differs.
    """

    width: Array
    roles: Sequence[Role]
    free: Array
    streamed: Array
    spill: Array
    closed: Array
    drop: Array
    apart: Array
    words: Array
    makers: Array
    each: Array
    nested: Array
    within: Array
    in_branches: Mapping[int, Array]
    copies: int = 1


@dataclass(frozen=True, eq=False, slots=True)
class Places:
    """Where the intermediates are kept, of shape (intermediates, designs).

    Attributes:
        loops: above the storage node, or `UNDECIDED`; inside a nested branch as `pattern.Nesting` counts them.
        first: whether nothing is computed again because of it.
    """

    loops: Array
    first: Array
