"""Energy of single layers: with what layers share it is the energy of their group."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from looptree.errors import UnsupportedError
from looptree.model.evaluate import evaluate_design
from looptree.model.layers import layer_energies
from looptree.taxonomy.binding import bind
from tests.random_designs import Generator


@pytest.mark.parametrize("seed", range(40))
def test_what_layers_share_is_never_less_than_nothing(seed: int) -> None:
    generator = Generator(random.Random(f"layers {seed}").randrange)
    workload = generator.workload()
    design = bind(workload, generator.architecture(), generator.mapping(workload))
    try:
        evaluation = evaluate_design(design, stepwise=False)
    except UnsupportedError:
        return
    own = layer_energies(design)
    assert list(own) == [einsum.name for einsum in workload.einsums]
    for group in evaluation.groups:
        shared = group.energy
        for name in group.einsums:
            shared = shared.less(own[name])
        assert all(pj >= 0 for actions in shared.per_component.values() for pj in actions.values())
        # compute is never shared
        assert shared.per_component["MAC"]["operation"] == Fraction(0)
