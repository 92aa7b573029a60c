"""Fusion groups: which chains run one after the other, and what belongs to which of them."""

from __future__ import annotations

from collections.abc import Mapping

from looptree.model.movement import Movement
from looptree.model.occupancy import Demand, Key, lifetime
from looptree.taxonomy.design import BoundChain, Design, Place


def groups_of(design: Design, chain: BoundChain) -> list[BoundChain]:
    """Chains that run one after the other, each a fusion group or a layer by itself."""
    if chain.loops or chain.kind != "sequential":
        return [chain]
    return [group for child in chain.children for group in groups_of(design, design.chains[child])]


class Owners:
    """Which group a movement is charged to."""

    def __init__(self, design: Design, groups: list[BoundChain]) -> None:
        self.of_chain: dict[int, int] = {}
        for index, group in enumerate(groups):
            todo = [group]
            while todo:
                chain = todo.pop()
                self.of_chain[chain.id] = index
                todo.extend(design.chains[child] for child in chain.children)
        self.first_user: dict[tuple[int, str], int] = {}
        for index, group in enumerate(groups):
            for name in group.einsums:
                einsum = design.workload.einsum(name)
                for chain in design.path(group)[:-1]:
                    for tensor in (*einsum.reads, einsum.output.tensor):
                        self.first_user.setdefault((chain.id, tensor), index)

    def __call__(self, movement: Movement) -> int:
        found = self.of_chain.get(movement.chain)
        return self.first_user[movement.chain, movement.tensor] if found is None else found


def above(design: Design, sizes: dict[int, Demand], groups: list[BoundChain]) -> dict[int, dict[str, Demand]]:
    """Per group the demand by level of what is stored further out and takes space while it runs."""
    known: dict[int, dict[str, Demand]] = {design.root.id: {}}
    for chain in {part.id: part for group in groups for part in design.path(group)[:-1]}.values():
        places = [design.places[identity] for identity in chain.places]
        passing = [(place, lifetime(design, place)) for place in places if place.while_used]
        through = _with(known[chain.id], sizes, [place for place in places if not place.while_used])
        for position, child in enumerate(chain.children):
            known[child] = _with(through, sizes, [place for place, branches in passing if position in branches])
    return {group.id: known[group.id] for group in groups}


def _with(demand: dict[str, Demand], sizes: dict[int, Demand], places: list[Place]) -> dict[str, Demand]:
    """Demand by level with that of some places on top."""
    found = dict(demand)
    for place in places:
        found[place.level] = found.get(place.level, Demand()) + sizes[place.id]
    return found


def within(design: Design, own: Mapping[Key, Demand], above: dict[str, Demand]) -> dict[str, tuple[int, int]]:
    """Window and live bytes by level while a group runs, by its own demand and what is stored further out."""
    totals = {
        level.name: above.get(level.name, Demand()) + own.get((level.name, None), Demand())
        for level in design.architecture.levels
    }
    return {name: (demand.window, demand.live) for name, demand in totals.items()}
