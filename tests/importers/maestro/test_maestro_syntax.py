"""MAESTRO's language: what is read, and what is wrong in which line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looptree.errors import InputError
from looptree.importers.load import load_architecture, load_workload
from looptree.importers.maestro.hardware import parse_hardware, read_hardware
from looptree.importers.maestro.nest import nest_of
from looptree.importers.maestro.statistics import statistics_of
from looptree.importers.maestro.syntax import Cluster, Map, parse_network
from looptree.importers.maestro.text import read_text

NETWORK = """// comments and constants
Constant Tile 4;
Network net.work-1 {
  Layer Conv2d-1 {  // colons, commas and semicolons may be left out
    Type CONV
    Stride { X: 2 Y 2 }
    Dimensions { K Tile,C 3,R 3,S: 3 Y:9, X 9 }
    Dataflow {
      SpatialMap(1,1) K;
      TemporalMap(8+Sz(S)-1, 8) X
      Cluster(Sz(R), P);
      TemporalMap (Tile, Tile) C
    }
  }
  Layer {
    Type: GEMM
    Dimensions { M: 8, N: 4, K: 2 }
    Dataflow { SpatialMap(1,1) M; }
  }
  Layer last { Type: DSCONV Dimensions { C: 8, R: 1, S: 1, Y': 4, X': 4, N: 1, N: 1 } }
}
"""


def test_a_network_is_read_as_it_stands() -> None:
    network = parse_network(NETWORK, "n.m")
    first, second, last = network.layers
    assert (network.name, first.name, second.name, last.name) == ("net.work-1", "Conv2d-1", "layer2", "last")
    assert dict(first.dimensions) == {"K": 4, "C": 3, "R": 3, "S": 3, "Y": 9, "X": 9}
    assert dict(first.strides) == {"X": 2, "Y": 2}
    columns, cluster = first.dataflow[1], first.dataflow[2]
    assert isinstance(columns, Map) and (columns.size.of({"S": 3}), columns.offset.of({}), columns.line) == (10, 8, 10)
    assert isinstance(cluster, Cluster) and cluster.size.of(first.dimensions) == 3
    assert last.dataflow == second.dataflow  # that of the layer before


def test_a_dataflow_of_the_layer_before_is_taken() -> None:
    text = NETWORK.replace("Layer last", "Layer next { Type: GEMM Dimensions { M: 3, N: 1, K: 1 } }\n  Layer last")
    assert nest_of(parse_network(text, "n.m").layers[2], 4).levels[0].loops[0].steps(3) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("Type CONV", "Type CONF"), "n.m:5: expected a type out of CONV, DSCONV, NGCONV, TRCONV, GEMM, BMM"),
        (
            ("K Tile", "K Title"),
            "n.m:7: expected Dimensions K as a whole number from 1 on, found 'Title' (did you mean",
        ),
        (("K Tile", "Q 3"), "n.m:7: Dimensions: unknown dimension 'Q'"),
        (("K Tile", "K 3, K 4"), "n.m:7: Dimensions: 'K' stands twice, as 3 and 4"),
        (
            ("SpatialMap(1,1) K", "SpacialMap(1,1) K"),
            "n.m:9: unknown directive 'SpacialMap' (did you mean 'SpatialMap'",
        ),
        (("SpatialMap(1,1) K", "SpatialMap(1,1) Z"), "n.m:9: unknown dimension 'Z'"),
        (("SpatialMap(1,1) K", "SpatialMap(1 K"), "n.m:9: expected a size as a whole number"),
        (("Type CONV", "Kind CONV"), "n.m:5: layer Conv2d-1: unknown item 'Kind'"),
        (("R 3,", ""), "n.m:4: layer Conv2d-1: dimensions without an extent: R"),
        (("Y:9", "Y:2"), "n.m:4: layer Conv2d-1: the kernel is larger than the input: Y of 2 and R of 3"),
        (("Network net", "Networt net"), "n.m:3: expected 'Network' or 'Constant', found 'Networt'"),
        (("Tile 4", "Tile 0"), "n.m:2: expected constant Tile as a whole number from 1 on, found '0'"),
        (("K: 2 }\n", "K: 99999999999999 }\n"), "n.m:17: expected Dimensions K as a whole number from 1 on"),
    ],
)
def test_mistakes_are_named_with_their_line(change: tuple[str, str], expected: str) -> None:
    assert change[0] in NETWORK
    with pytest.raises(InputError) as problem:
        parse_network(NETWORK.replace(*change), "n.m")
    assert str(problem.value).startswith(expected)


@pytest.mark.parametrize("length", range(0, len(NETWORK) - 3, 17))
def test_a_truncated_network_is_an_error(length: int) -> None:
    with pytest.raises(InputError, match=r"^n\.m:\d+: "):
        parse_network(NETWORK[:length], "n.m")


def test_hardware() -> None:
    found = parse_hardware("NumPEs: 256\nL1Size: 256\nL2Size: 4096\nNoC_BW: 64\nNoC_NumHops: 1\n", "hw.m")
    assert (found.pes, found.l1_bytes, found.l2_bytes, found.noc_bandwidth, found.hops) == (256, 256, 4096, 64, 1)
    for text, expected in (
        ("num_pe: 4", "hw.m:1: unknown key 'num_pe' (did you mean 'num_pes'?)"),
        ("num_pes: many", "hw.m:1: expected num_pes as a whole number from 1 on, of at most 12 digits, found 'many'"),
        ("num_pes: 2510838016108380166", "hw.m:1: expected num_pes as a whole number from 1 on, of at most 12 digits"),
        ("num_pes: 0", "hw.m:1: expected num_pes as a whole number from 1 on"),
        ("noc_bw: 4", "hw.m:1: the number of processing elements is missing"),
        ("Network n {", "hw.m:1: unknown key 'Network' (the network comes first, then the hardware)"),
        ("num_pes: 4 num_pes: 5", "hw.m:1: 'num_pes' stands twice"),
    ):
        with pytest.raises(InputError) as problem:
            parse_hardware(text, "hw.m")
        assert str(problem.value).startswith(expected)


def test_hardware_as_an_architecture() -> None:
    architecture = load_architecture(Path(__file__).parent / "published" / "hwA.m")
    assert [(level.name, level.capacity_bytes) for level in architecture.levels] == [
        ("DRAM", None),
        ("L2", 108000),
        ("PEs", 512 * 256),
    ]
    assert dict(architecture.compute.spatial) == {"m": 16, "c": 16}


def test_layers_are_chained_where_shapes_meet(tmp_path: Path) -> None:
    """222 rows come out of 224; the next layer has 224 again, padded with one on each side, then half of it: pooled."""
    path = tmp_path / "net.m"
    path.write_text(
        """Network vgg {
        Layer a { Type: CONV Dimensions { K: 8, C: 3, R: 3, S: 3, Y: 224, X: 224 } }
        Layer b { Type: CONV Dimensions { K: 8, C: 8, R: 3, S: 3, Y: 224, X: 224 } }
        Layer c { Type: DSCONV Stride { X: 2, Y: 2 } Dimensions { K: 1, C: 8, R: 3, S: 3, Y: 112, X: 112 } }
        Layer d { Type: TRCONV Dimensions { K: 4, C: 8, R: 2, S: 2, Y: 55, X: 55 } }
        Layer g { Type: NGCONV Dimensions { G: 2, K: 3, C: 4, R: 1, S: 1, Y: 5, X: 5 } }
        Layer e { Type: GEMM Dimensions { M: 4, N: 8, K: 16 } }
        Layer e { Type: GEMM Dimensions { M: 4, N: 2, K: 8 } }
        }"""
    )
    workload = load_workload(path, bits=16)
    assert [str(einsum.expression) for einsum in workload.einsums] == [
        "a[m,p,q] = a_in[c,p+r,q+s] * W_a[m,c,r,s]",
        "b[m,p,q] = a[c,p+r-1,q+s-1] * W_b[m,c,r,s]",
        "c[c,p,q] = c_in[c,2*p+r,2*q+s] * W_c[c,r,s]",
        "d[m,2*p+r,2*q+s] = c[c,p,q] * W_d[m,c,r,s]",
        "g[g,m,p,q] = g_in[g,c,p,q] * W_g[g,m,c]",
        "e[m,n] = e_in[m,k] * W_e[k,n]",
        "e_2[m,n] = e[m,k] * W_e_2[k,n]",
    ]
    assert {tensor.bits for tensor in workload.tensors.values()} == {16}
    with pytest.raises(InputError, match="a network of MAESTRO has no parameter 'batch'"):
        load_workload(path, batch=4)


def test_noise_is_an_error_within_seconds(tmp_path: Path) -> None:
    for data in (b"\x00\xff" * 5_000_000, b"(" * 10_000_000, b"Network n { Layer a { Type: " + b"x" * 10_000_000):
        path = tmp_path / "noise.m"
        path.write_bytes(data)
        start = time.perf_counter()
        for read in (load_workload, read_hardware):
            with pytest.raises(InputError):
                read(path)
        assert time.perf_counter() - start < 5


_NAMES = "Network Layer Type CONV GEMM Dimensions Stride Dataflow TemporalMap SpatialMap Cluster Constant Sz Y' 12"
_WORDS = st.sampled_from([*"{}()+-,;:KCRSYXMNP138a", *_NAMES.split()])


@given(st.lists(_WORDS, max_size=60))
def test_whatever_is_written_is_read_or_is_an_input_error(words: list[str]) -> None:
    try:
        network = parse_network(" ".join(words), "n.m")
        for layer in network.layers:
            statistics_of(layer, parse_hardware("num_pes: 16", "hw.m"))
    except InputError as problem:
        assert str(problem).startswith("n.m:")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_text(tmp_path / "none.m")
    with pytest.raises(InputError, match="expected a file, found a directory"):
        read_text(tmp_path)
