"""Binding a mapping: places, depths and sinks; and one clear sentence for each mistake."""

from __future__ import annotations

import pytest

from looptree.errors import InputError
from tests.taxonomy.taxonomy_examples import (
    PROJECTIONS,
    RESIDUAL,
    THREE_LEVELS,
    TWO_CONV,
    TWO_LEVELS,
    design,
    workload,
)

FUSED = """
  - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
  - temporal: {rank: p, tile: 4}
  - storage: {level: GLB, tensors: [F1, F2], overlap: drop}
  - temporal: {rank: conv2.q, tile: 8}
  - sequential:
    - [{temporal: {rank: conv1.c, tile: 1}}, {storage: {level: GLB, tensors: [W1]}}, {compute: {einsum: conv1}}]
    - [{compute: {einsum: conv2}}]
"""


def test_loops_and_places() -> None:
    bound = design(f"mapping:{FUSED}", TWO_CONV)
    leaf = bound.leaf("conv1")
    assert [(loop.depth, loop.ranks, loop.tile) for loop in bound.root.loops] == [
        (1, (("conv2", "p"),), 4),
        (2, (("conv2", "q"),), 8),
    ]
    assert (bound.root.sinks, leaf.sinks, leaf.depth, bound.leaf("conv2").depth) == (("conv2",), ("conv1",), 3, 2)
    places = {(place.tensor, place.level): place for place in bound.places}
    inner, outer = places["F1", "GLB"], places["F1", "DRAM"]
    assert (inner.depth, inner.drop, inner.parent, inner.produced, inner.consumed) == (1, True, outer.id, False, True)
    assert (places["F2", "GLB"].parent, places["F2", "GLB"].produced) == (None, True)
    assert (places["W1", "GLB"].depth, places["W1", "GLB"].chain) == (3, leaf.id)
    assert bound.innermost_place("W1", leaf) == places["W1", "GLB"]
    assert bound.innermost_place("W2", bound.leaf("conv2")) == places["W2", "DRAM"]
    assert bound.outermost_place("F1") == outer
    assert bound.path(leaf) == (bound.root, leaf)


def test_a_loop_without_einsum_tiles_all_sinks() -> None:
    bound = design(
        """
mapping:
  - storage: {level: DRAM, tensors: [X, WQ, WK, WV, Q, K, V]}
  - temporal: {rank: d, tile: 3}
  - sequential: [[{compute: {einsum: query}}], [{compute: {einsum: key}}], [{compute: {einsum: value}}]]
""",
        PROJECTIONS,
    )
    assert bound.root.loops[0].ranks == (("query", "d"), ("key", "d"), ("value", "d"))


def changed(old: str, new: str) -> str:
    assert old in FUSED
    return f"mapping:{FUSED.replace(old, new)}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            changed("p, tile: 4", "p, tile: 33"),
            "loop over p: the tile 33 is larger than rank conv2.p (32) (use a tile from 1 to 32)",
        ),
        (changed("rank: p", "rank: z"), "loop over z: the sink 'conv2' has no rank 'z' (known: m, p, q, c, r, s)"),
        (changed("conv2.q", "conv1.q"), "loop over conv1.q: 'conv1' is not a sink here"),
        (changed("conv2.q", "conv3.q"), "loop over conv3.q: 'conv3' is not a sink here"),
        (changed("conv2.q", "[p, q]"), "loop over p, q: a loop tiles one rank of each sink"),
        (changed("conv1.c, tile: 1", "conv2.c, tile: 1"), "'conv2' is not a sink here"),
        (
            changed("tensors: [F1, F2]", "tensors: [F1]"),
            "tensor 'F2' is stored nowhere (name it in a storage node above its einsums)",
        ),
        (changed("[F1, W1, W2, F3]", "[F1, W1, F3]"), "tensor 'W2' is stored nowhere"),
        (changed("tensors: [F1, F2]", "tensors: [F1, F9]"), "storage at GLB: there is no tensor 'F9'"),
        (changed("tensors: [W1]", "tensors: [W1, F1]"), "tensor 'F1' is stored twice at this level on one path"),
        (
            changed("tensors: [W1]", "tensors: [W1, W2]"),
            "storage at GLB: nothing below uses tensor 'W2' (move or remove it)",
        ),
        (
            changed("level: GLB, tensors: [F1", "level: GLOB, tensors: [F1"),
            "there is no memory level 'GLOB' (did you mean 'GLB'?)",
        ),
        (
            changed("[F1, W1, W2, F3]", "[W1, W2, F3]"),
            "tensor 'F1' is an input of the workload but is not stored at DRAM",
        ),
        (
            changed("[F1, W1, W2, F3]", "[F1, W1, W2]").replace("tensors: [F1, F2]", "tensors: [F1, F2, F3]"),
            "tensor 'F3' is an output of the workload but is not stored at DRAM",
        ),
        (changed("{einsum: conv1}", "{einsum: conv9}"), "there is no einsum 'conv9' (did you mean 'conv"),
        (changed("{einsum: conv1}", "{einsum: conv2}"), "einsum 'conv2' is computed twice"),
        (
            "mapping: [{storage: {level: DRAM, tensors: [F2, W2, F3]}}, {compute: {einsum: conv2}}]",
            "einsum 'conv1' is never computed (every einsum needs one compute node)",
        ),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        design(text, TWO_CONV)
    assert message in str(caught.value)
    assert str(caught.value).startswith("mapping.yaml:")


def test_levels_in_order() -> None:
    inside_out = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
  - storage: {level: LB, tensors: [F2, W1]}
  - sequential:
    - [{storage: {level: GLB, tensors: [W1]}}, {compute: {einsum: conv1}}]
    - [{compute: {einsum: conv2}}]
"""
    with pytest.raises(
        InputError, match=r"'W1' is stored at LB further out: levels out of order \(outside in: DRAM, GLB, LB"
    ):
        design(inside_out, TWO_CONV, THREE_LEVELS)


def test_branches_in_the_order_of_their_data() -> None:
    swapped = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F2, F3]}
  - sequential: [[{compute: {einsum: conv2}}], [{compute: {einsum: conv1}}]]
"""
    with pytest.raises(InputError, match="'conv2' reads 'F2' before 'conv1' has produced it"):
        design(swapped, TWO_CONV)


def test_an_intermediate_is_shared_above_the_branch() -> None:
    apart = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
  - sequential:
    - [{storage: {level: GLB, tensors: [F2]}}, {compute: {einsum: conv1}}]
    - [{storage: {level: GLB, tensors: [F2]}}, {compute: {einsum: conv2}}]
"""
    with pytest.raises(InputError, match="no storage node of tensor 'F2' is shared by all of conv1, conv2"):
        design(apart, TWO_CONV)
    one_sided = apart.replace(
        "[{storage: {level: GLB, tensors: [F2]}}, {compute: {einsum: conv2}}]", "[{compute: {einsum: conv2}}]"
    )
    with pytest.raises(InputError, match="no storage node of tensor 'F2' is shared by all of conv1, conv2"):
        design(one_sided, TWO_CONV)
    assert design(one_sided.replace("W2, F3]", "W2, F2, F3]"), TWO_CONV).outermost_place("F2").level == "DRAM"


def test_a_layer_alone_needs_no_branch() -> None:
    single = workload('einsums: [{name: fc, expression: "C[m] = A[m,k] * B[k]", ranks: {m: 4, k: 2}}]')
    text = "mapping: [{storage: {level: DRAM, tensors: [A, B, C]}}, {compute: {einsum: fc}}]"
    assert design(text, single, TWO_LEVELS).leaf("fc").places == (0, 1, 2)


def test_consumers_outside_a_nested_branch_see_the_outer_place() -> None:
    bound = design(
        """
mapping:
  - storage: {level: DRAM, tensors: [X, W0, W1, S]}
  - storage: {level: GLB, tensors: [Y, Z]}
  - sequential:
    - - temporal: {rank: conv.p, tile: 4}
      - sequential: [[{compute: {einsum: stem}}], [{compute: {einsum: conv}}]]
    - [{compute: {einsum: sum}}]
""",
        RESIDUAL,
    )
    nested = bound.chains[bound.root.children[0]]
    assert (nested.kind, nested.sinks, nested.depth) == ("sequential", ("conv",), 1)
    assert bound.innermost_place("Y", bound.leaf("stem")).depth == 0


RESIDENT = """
mapping:
  - storage: {level: DRAM, tensors: [X, W0, W1, S]}
  - storage: {level: GLB, tensors: [Y, Z], lifetime: uses}
  - storage: {level: GLB, tensors: [X]}
  - sequential:
    - - temporal: {rank: p, tile: 3}
      - compute: {einsum: stem}
    - - sequential:
        - [{compute: {einsum: conv}}]
        - [{compute: {einsum: sum}}]
"""


def test_tensors_that_take_space_while_they_are_used() -> None:
    bound = design(RESIDENT, RESIDUAL)
    assert {p.tensor for p in bound.places if p.while_used} == {"Y", "Z"}
    # Also in a branch of its own, as long as no loop stands further out.
    inner = RESIDENT.replace("    - - sequential:", "    - - storage: {level: GLB, tensors: [W1], lifetime: uses}\n"
                             "      - sequential:")  # fmt: skip
    assert [p.tensor for p in design(inner, RESIDUAL).places if p.while_used] == ["Y", "Z", "W1"]


@pytest.mark.parametrize(
    ("old", "new", "problem", "hint"),
    [
        (
            "  - storage: {level: GLB, tensors: [Y",
            "  - temporal: {rank: p, tile: 4}\n  - storage: {level: GLB, tensors: [Y",
            "it stands below a loop",
            "move the node above all loops",
        ),
        (
            "[X]}\n",
            "[X]}\n  - temporal: {rank: p, tile: 4}\n",
            "a loop stands between it and its branch",
            "move the loop into the branches",
        ),
        (
            "  - sequential:\n    - - temporal",
            "  - pipeline:\n    - - temporal",
            "the branches of a pipeline run at once",
            "let them take turns (sequential)",
        ),
    ],
)
def test_a_lifetime_by_uses_needs_branches_that_take_turns_once(old: str, new: str, problem: str, hint: str) -> None:
    assert old in RESIDENT
    with pytest.raises(InputError) as caught:
        design(RESIDENT.replace(old, new), RESIDUAL)
    line = 5 if new.startswith("  - temporal") else 4
    assert str(caught.value) == (
        f"mapping.yaml:{line}: storage at GLB: Y, Z cannot have lifetime: uses, because {problem} ({hint}, or "
        "leave out the lifetime)"
    )


def test_no_lifetime_by_uses_inside_a_loop_or_a_pipeline_or_without_a_branch() -> None:
    text = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, F2, W2, F3]}
  - LOOP
  - KIND:
    - - storage: {level: GLB, tensors: [F1], lifetime: uses}
      - sequential: [[{compute: {einsum: conv1}}]]
    - - compute: {einsum: conv2}
"""
    plain = text.replace("  - LOOP\n", "")
    bound = design(plain.replace("KIND", "sequential"), TWO_CONV)
    assert [place.tensor for place in bound.places if place.while_used] == ["F1"]
    with pytest.raises(InputError, match="F1 cannot have lifetime: uses, because the branches of a pipeline run at"):
        design(plain.replace("KIND", "pipeline"), TWO_CONV)
    looped = text.replace("LOOP", "temporal: {rank: p, tile: 4}").replace("KIND", "sequential")
    with pytest.raises(InputError, match="because it stands below a loop"):
        design(looped, TWO_CONV)
    alone = plain.replace("KIND", "sequential").replace(
        "sequential: [[{compute: {einsum: conv1}}]]", "compute: {einsum: conv1}"
    )
    with pytest.raises(InputError, match=r"because there is no branch below it \(move it above the branch over the gr"):
        design(alone, TWO_CONV)
