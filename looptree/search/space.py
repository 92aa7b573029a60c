"""What a search looks at, as data: a narrower space is asked for by name or by keyword, and says what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass, fields

from looptree.errors import InputError, nearest
from looptree.search.restrictions import NONE, Restrictions


@dataclass(frozen=True, slots=True)
class Space:
    """The designs that are searched.

    Attributes:
        group_layers: most layers in a fusion group.
        loops: most loops above the branch of a fused group; lone_loops: most loops of a layer alone.
        leaf_loops: most loops of a layer of its own, inside its branch.
        joined_loops: most loops above a branch, or of a layer alone, where two of them move the same dimension, as `p`
            and `r` of a convolution do.
        twice: whether two of them may tile one rank, with others in between.
        spill: whether an intermediate of a group may be written out and fetched again.
        recompute: whether overlap that was not retained may be computed again.
        resident: most tensors at a time that stay on chip whole from the group that makes them to those that read them.
        restrictions: of single layers and tensors.
    """

    group_layers: int = 8
    loops: int = 3
    lone_loops: int = 4
    leaf_loops: int = 2
    joined_loops: int = 3
    twice: bool = False
    spill: bool = True
    recompute: bool = True
    resident: int = 16
    restrictions: Restrictions = NONE

    def __post_init__(self) -> None:
        for name, least, most in (
            ("group_layers", 1, 64),
            ("loops", 1, 4),
            ("lone_loops", 0, 5),
            ("joined_loops", 0, 4),
            ("leaf_loops", 0, 2),
            ("resident", 0, 64),
        ):
            found = getattr(self, name)
            if isinstance(found, bool) or not isinstance(found, int) or not least <= found <= most:
                raise InputError(f"expected {name} from {least} to {most}, found {found!r}", where="search space")

    def described(self) -> str:
        """The space in words, without its restrictions."""
        kept = "a storage node of each tensor at every depth"
        if self.recompute:
            kept += ", intermediates kept or recomputed"
        if self.spill:
            kept += " or spilled"
        parts = []
        if self.group_layers > 1:
            parts.append(f"all convex connected groups of up to {self.group_layers} layers")
            parts.append(self._loops(self.loops, "over any ranks of the sink in any order"))
        parts += [self._loops(self.lone_loops, "for a layer alone"), "every useful tile shape", kept]
        if self.leaf_loops and self.group_layers > 1:
            own = f"up to {self.leaf_loops} own loops per layer over ranks that the group leaves whole"
            parts.append(f"{own}, if the array stays as full")
        if self.resident:
            parts.append(f"up to {self.resident} tensors at a time whole on chip between groups")
        return "; ".join(parts)

    def _loops(self, most: int, what: str) -> str:
        """How many loops there may be, in words."""
        again = ", one of them twice" if self.twice and min(most, self.joined_loops) > 2 else ""
        if most <= max(1, self.joined_loops):
            apart = ""
        elif self.joined_loops < 2:
            apart = ", over different dimensions"
        else:
            apart = f", over different dimensions if more than {self.joined_loops}"
        return f"up to {most} loops {what}{again}{apart}"

    def settings(self) -> dict[str, int | bool | str]:
        """All settings as plain data, the restrictions in words."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return found | {"restrictions": "; ".join(self.restrictions.described())}

    def leaves_out(self) -> list[str]:
        """What the default space has and this one has not."""
        default = Space()
        return [
            f"{field.name}: {getattr(self, field.name)} (default {getattr(default, field.name)})"
            for field in fields(self)
            if field.name != "restrictions" and getattr(self, field.name) < getattr(default, field.name)
        ] + self.restrictions.described()


SPACES = {
    "default": Space(),
    "wide": Space(twice=True),
    "quick": Space(group_layers=4, loops=2, lone_loops=3, joined_loops=0, leaf_loops=0, spill=False),
    "layer-by-layer": Space(group_layers=1, leaf_loops=0, spill=False, recompute=False, resident=0),
}


def space_named(name: str) -> Space:
    """A space by its name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in SPACES:
        known = ", ".join(SPACES)
        raise InputError(f"expected a search space ({known}), found {name!r}", hint=nearest(name, SPACES))
    return SPACES[name]
