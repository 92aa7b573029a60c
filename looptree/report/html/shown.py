"""A plan as the report shows it: its design and its groups, whether it was searched or written by hand."""

from __future__ import annotations

from dataclasses import dataclass

from looptree.model.groups import groups_of
from looptree.model.result import Evaluation, GroupResult
from looptree.report.groups import describe_choice, describe_on_chip
from looptree.report.planned import Planned
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import BoundChain, Design
from looptree.taxonomy.tree import Chain


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """One fusion group.

    Attributes:
        chain: where it hangs in the mapping. tree: the same as it is written.
        result: its numbers. choices: what was chosen, in words.
    """

    chain: BoundChain
    tree: Chain
    result: GroupResult
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A mapping of a network.

    Attributes:
        key: names it in the page. title: names it for people.
        design: workload, architecture and mapping. evaluation: its numbers. groups: in the order in which they run.
    """

    key: str
    title: str
    design: Design
    evaluation: Evaluation
    groups: tuple[ShownGroup, ...]


def shown_design(design: Design, evaluation: Evaluation, *, key: str = "mapping", title: str = "mapping") -> ShownPlan:
    """A mapping that was given."""
    chains = groups_of(design, design.root)
    trees = _trees(design)
    groups = tuple(
        ShownGroup(chain, trees[chain.id], result) for chain, result in zip(chains, evaluation.groups, strict=True)
    )
    return ShownPlan(key, title, design, evaluation, groups)


def shown_plan(planned: Planned, *, key: str = "plan", title: str = "plan") -> ShownPlan:
    """A plan that was found: its groups as they were chosen."""
    design = bind(planned.workload, planned.architecture, planned.plan.tree)
    trees = _trees(design)
    single = len(planned.plan.groups) == 1
    chains = [design.root] if single else [design.chains[child] for child in design.root.children]
    groups = tuple(
        ShownGroup(
            chain,
            trees[chain.id],
            result,
            tuple(t for t in (describe_choice(planned.workload, choice), describe_on_chip(between)) if t),
        )
        for chain, result, choice, between in zip(
            chains, planned.results, planned.plan.groups, planned.on_chip, strict=True
        )
    )
    return ShownPlan(key, title, design, planned.plan.evaluation, groups)


def _trees(design: Design) -> dict[int, Chain]:
    """The chains as they are written, by the id of what they are bound to: both are numbered outside in."""
    return dict(enumerate(design.tree.root.walk()))
