"""Drawings, against texts written by hand."""

from __future__ import annotations

import pytest

from looptree.architecture import architecture_from_node
from looptree.documents import parse_document
from looptree.taxonomy.drawing import draw_loop_nest, draw_loop_nests, draw_tree
from tests.taxonomy.taxonomy_examples import PROJECTIONS, RESIDUAL, TWO_CONV, design, workload

LEAF_LOOPS = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
  - temporal: {rank: p, tile: 4}
  - temporal: {rank: q, tile: 8}
  - storage: {level: GLB, tensors: [F1, F2], overlap: drop}
  - temporal: {rank: m, tile: 2}
  - storage: {level: GLB, tensors: [F3]}
  - pipeline:
    - [{temporal: {rank: conv1.c, tile: 1}}, {storage: {level: GLB, tensors: [W1]}}, {compute: {einsum: conv1}}]
    - [{storage: {level: GLB, tensors: [W2]}}, {compute: {einsum: conv2, unit: MAC}}]
"""


def test_tree() -> None:
    assert draw_tree(design(LEAF_LOOPS, TWO_CONV).tree).splitlines() == [
        "[DRAM] F1, W1, W2, F3",
        "└─ for p in tiles of 4",
        "   └─ for q in tiles of 8",
        "      [GLB] F1, F2 (overlap dropped)",
        "      └─ for m in tiles of 2",
        "         [GLB] F3",
        "         └─ pipeline",
        "            ├─ for conv1.c in tiles of 1",
        "            │  [GLB] W1",
        "            │  └─ compute conv1",
        "            └─ [GLB] W2",
        "               └─ compute conv2 on MAC",
    ]


def test_loop_nest() -> None:
    assert draw_loop_nest(design(LEAF_LOOPS, TWO_CONV)).splitlines() == [
        "# ranges of a tile in the middle: first tiles also take what lies before, last ones end at the edge",
        "# DRAM holds F1[4, 36, 36], W1[8, 4, 3, 3], W2[8, 8, 3, 3], F3[8, 32, 32]",
        "for p0 in range(0, 32, 4):",
        "    for q0 in range(0, 32, 8):",
        "        # GLB keeps without overlap F1[:, p0:p0+8, q0:q0+12], F2[:, p0:p0+6, q0:q0+10]",
        "        for m0 in range(0, 8, 2):",
        "            # GLB keeps F3[m0:m0+2, p0:p0+4, q0:q0+8]",
        "            pipeline:  # stages at once, on consecutive tiles",
        "                for c0 in range(0, 4, 1):",
        "                    # GLB keeps W1[:, c0:c0+1, :, :]",
        "                    conv1 for p in p0:p0+6, q in q0:q0+10, c in c0:c0+1:  # in the first step of m0 only",
        "                        F2[m,p,q] += F1[c,p+r,q+s] * W1[m,c,r,s]",
        "                # GLB keeps W2[m0:m0+2, :, :, :]",
        "                conv2 for m in m0:m0+2, p in p0:p0+4, q in q0:q0+8:",
        "                    F3[m,p,q] += F2[c,p+r,q+s] * W2[m,c,r,s]",
    ]


def test_loops_of_a_nested_branch_tile_what_was_inferred() -> None:
    nest = draw_loop_nest(
        design(
            """
mapping:
  - storage: {level: DRAM, tensors: [X, W0, W1, S]}
  - temporal: {rank: p, tile: 8}
  - storage: {level: GLB, tensors: [Y, Z]}
  - sequential:
    - - temporal: {rank: conv.p, tile: 2}
      - sequential:
        - [{compute: {einsum: stem}}]
        - [{compute: {einsum: conv}}]
    - [{compute: {einsum: sum}}]
""",
            RESIDUAL,
        )
    )
    assert nest.splitlines()[2:] == [
        "for p0 in range(0, 16, 8):",
        "    # GLB keeps Y[p0:p0+10], Z[p0:p0+8]",
        "    sequential:",
        "        for p1 in range(p0, p0+8, 2):",
        "            sequential:",
        "                stem for p in p1+2:p1+4:",
        "                    Y[p] += X[p+r] * W0[r]",
        "                conv for p in p1:p1+2:",
        "                    Z[p] += Y[p+r] * W1[r]",
        "        sum for p in p0:p0+8:",
        "            S[p] = Z[p] + Y[p+1]",
    ]


def test_tensors_that_stay_from_first_to_last_use() -> None:
    resident = design(
        """
mapping:
  - storage: {level: DRAM, tensors: [X, W0, W1, S]}
  - storage: {level: GLB, tensors: [W0]}
  - storage: {level: GLB, tensors: [Y], overlap: drop, lifetime: uses}
  - storage: {level: GLB, tensors: [Z], lifetime: uses}
  - sequential:
    - [{compute: {einsum: stem}}]
    - - temporal: {rank: p, tile: 4}
      - compute: {einsum: conv}
    - [{compute: {einsum: sum}}]
""",
        RESIDUAL,
    )
    assert draw_tree(resident.tree).splitlines()[:5] == [
        "[DRAM] X, W0, W1, S",
        "[GLB] W0",
        "[GLB] Y (overlap dropped, from first to last use)",
        "[GLB] Z (from first to last use)",
        "└─ sequential",
    ]
    assert draw_loop_nest(resident).splitlines()[1:] == [
        "# DRAM holds X[20], W0[3], W1[3], S[16]",
        "# GLB keeps W0",
        "# GLB keeps without overlap from first to last use Y",
        "# GLB keeps from first to last use Z",
        "sequential:",
        "    stem:",
        "        Y[p] += X[p+r] * W0[r]",
        "    for p0 in range(0, 16, 4):",
        "        conv for p in p0:p0+4:",
        "            Z[p] += Y[p+r] * W1[r]",
        "    sum:",
        "        S[p] = Z[p] + Y[p+1]",
    ]


def test_several_sinks() -> None:
    nest = draw_loop_nest(
        design(
            """
mapping:
  - storage: {level: DRAM, tensors: [X, WQ, WK, WV, Q, K, V]}
  - temporal: {rank: [query.p, key.p, value.k], tile: 2}
  - temporal: {rank: query.e, tile: 1}
  - storage: {level: GLB, tensors: [X]}
  - sequential:
    - [{compute: {einsum: query}}]
    - [{compute: {einsum: key}}]
    - [{compute: {einsum: value}}]
""",
            PROJECTIONS,
        )
    )
    assert nest.splitlines()[2:] == [
        "for p0 in range(0, 8, 2):  # query.p, key.p, value.k",
        "    for e0 in range(0, 4, 1):",
        "        # GLB keeps X[p0:p0+2, :]",
        "        sequential:",
        "            query for p in p0:p0+2, e in e0:e0+1:",
        "                Q[p,e] += X[p,d] * WQ[e,d]",
        "            key for p in p0:p0+2:  # in the first step of e0 only",
        "                K[p,e] += X[p,d] * WK[e,d]",
        "            value for k in p0:p0+2:  # in the first step of e0 only",
        "                V[k,f] += X[k,d] * WV[f,d]",
    ]


def test_long_storage_lines_are_broken_between_tensors() -> None:
    names = [f"{kind}_of_the_very_first_layer" for kind in ("output", "input", "weights", "bias")]
    out, activation, weights, bias = names
    layer = workload(f"""
einsums:
  - {{name: fc, expression: "{out}[m,n] = {activation}[m,k] * {weights}[k,n] * {bias}[n]", ranks: {{m: 4, n: 3, k: 2}}}}
""")
    nest = draw_loop_nest(
        design(
            f"mapping: [{{storage: {{level: DRAM, tensors: [{', '.join(names)}]}}}}, {{compute: {{einsum: fc}}}}]",
            layer,
        )
    )
    assert nest.splitlines() == [
        "# DRAM holds output_of_the_very_first_layer[4, 3], input_of_the_very_first_layer[4, 2],",
        "#     weights_of_the_very_first_layer[2, 3], bias_of_the_very_first_layer[3]",
        "fc:",
        f"    {layer.einsum('fc').expression}".replace(" = ", " += "),
    ]


def test_statements() -> None:
    steps = workload("""
einsums:
  - {name: pool, expression: "B[p] = max(A[2*p+r])", ranks: {p: 4, r: 2}}
  - {name: move, expression: "C[p] = B[p]", ranks: {p: 4}}
  - {name: scale, expression: "D[p] = C[p] * G[p]", ranks: {p: 4}}
  - {name: relu, expression: "E[p] = relu(D[p])", ranks: {p: 4}}
""")
    nest = draw_loop_nest(
        design(
            """
mapping:
  - storage: {level: DRAM, tensors: [A, G, E]}
  - storage: {level: GLB, tensors: [B, C, D]}
  - sequential:
    - [{compute: {einsum: pool}}]
    - [{compute: {einsum: move}}]
    - [{compute: {einsum: scale}}]
    - [{compute: {einsum: relu}}]
""",
            steps,
        )
    )
    assert [line.strip() for line in nest.splitlines() if " = " in line] == [
        "B[p] = max(B[p], A[2*p+r])",
        "C[p] = B[p]",
        "D[p] = C[p] * G[p]",
        "E[p] = relu(D[p])",
    ]


def test_a_range_that_is_not_affine_is_left_open() -> None:
    upsample = workload("""
einsums:
  - {name: conv, expression: "B[2*p+u] = A[p] * W[u]", ranks: {p: 8, u: 2}}
  - {name: relu, expression: "C[p] = relu(B[p])", ranks: {p: 16}}
""")
    nest = draw_loop_nest(
        design(
            """
mapping:
  - storage: {level: DRAM, tensors: [A, W, C]}
  - temporal: {rank: p, tile: 4}
  - storage: {level: GLB, tensors: [A, B]}
  - sequential: [[{compute: {einsum: conv}}], [{compute: {einsum: relu}}]]
""",
            upsample,
        )
    )
    assert "    # GLB keeps A[...], B[p0:p0+4]" in nest.splitlines()
    assert "        conv for p in ..., u in ...:" in nest.splitlines()


APART = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, F2, W2, F3]}
  - sequential:
    - [temporal: {rank: p, tile: 4}, storage: {level: GLB, tensors: [F1]}, compute: {einsum: conv1}]
    - [storage: {level: GLB, tensors: [F2]}, compute: {einsum: conv2}]
"""


def test_single_chains_are_drawn_as_in_the_whole() -> None:
    bound = design(APART, TWO_CONV)
    first, second = draw_loop_nests(bound, [bound.chains[child] for child in bound.root.children])
    inside = [line[4:] for line in draw_loop_nest(bound).splitlines()[3:]]
    note, *looped = first.splitlines()
    assert note.startswith("# ranges of a tile in the middle")
    assert looped + second.splitlines() == inside


def test_a_deep_network_is_no_deep_recursion() -> None:
    layers = [f"  - {{name: e{i}, expression: 'T{i + 1}[m] = T{i}[m]', ranks: {{m: 4}}}}" for i in range(400)]
    branches = [f"    - [{{compute: {{einsum: e{i}}}}}]" for i in range(400)]
    tensors = ", ".join(f"T{i}" for i in range(401))
    tree = "\n".join(["mapping:", f"  - storage: {{level: DRAM, tensors: [{tensors}]}}", "  - sequential:", *branches])
    nest = draw_loop_nest(design(tree, workload("\n".join(["name: deep", "einsums:", *layers]))))
    assert nest.count("T1[m]") == 2


def test_what_comes_again_at_each_turn_is_said() -> None:
    reloaded = LEAF_LOOPS.replace("tensors: [W2]}", "tensors: [W2], overlap: reload}")
    bound = design(reloaded, TWO_CONV)
    assert "            └─ [GLB] W2 (reloaded)" in draw_tree(bound.tree).splitlines()
    assert any(line.strip().startswith("# GLB reloads W2[") for line in draw_loop_nest(bound).splitlines())


CORES = """
levels: [{name: DRAM, network: {forward: %s}}, {name: L1}]
cores: {core: 4, below: DRAM}
"""

OVER_CORES = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
  - temporal: {rank: p, tile: 8}
  - spatial: {rank: p, tile: 2, axis: core}
  - storage: {level: L1, tensors: [F1, F2, F3]}
  - sequential: [[compute: {einsum: conv1}], [compute: {einsum: conv2}]]
"""


@pytest.mark.parametrize(
    ("forward", "needs", "rows"), [("false", "p1:p1+6", "p1:p1+4"), ("true", "p1+2:p1+6", "p1+2:p1+4")]
)
def test_a_core_computes_the_halo_of_its_neighbour_unless_it_gets_it(forward: str, needs: str, rows: str) -> None:
    four = architecture_from_node(parse_document(CORES % forward))
    drawn = design(OVER_CORES, TWO_CONV, four)
    assert draw_loop_nest(drawn).splitlines()[2:7] == [
        "for p0 in range(0, 32, 8):",
        "    at once along core for p1 in range(p0, p0+8, 2):",
        f"        # L1 keeps F1[:, {needs}, :], F2[:, p1:p1+4, :], F3[:, p1:p1+2, :]",
        "        sequential:",
        f"            conv1 for p in {rows}:",
    ]
