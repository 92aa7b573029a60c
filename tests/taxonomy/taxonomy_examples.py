"""Small workloads, architectures and mappings for the tests of the taxonomy."""

from __future__ import annotations

from looptree import resources
from looptree.architecture import Architecture, Level
from looptree.documents import parse_document
from looptree.taxonomy.binding import bind
from looptree.taxonomy.design import Design
from looptree.taxonomy.reader import mapping_from_node
from looptree.taxonomy.tree import LoopTree, RankRef, Temporal
from looptree.workload import Workload
from looptree.workload.reader import workload_from_node

TWO_LEVELS = Architecture("two", (Level("DRAM"), Level("GLB", 65536)))
THREE_LEVELS = Architecture("three", (Level("DRAM"), Level("GLB", 65536), Level("LB", 1024)))


def workload(text: str) -> Workload:
    """A workload from YAML text."""
    return workload_from_node(parse_document(text, "workload.yaml"))


def mapping(text: str) -> LoopTree:
    """A mapping from YAML text."""
    return mapping_from_node(parse_document(text, "mapping.yaml"))


def design(text: str, where: Workload, architecture: Architecture = TWO_LEVELS) -> Design:
    """A design from the YAML text of its mapping."""
    return bind(where, architecture, mapping(text))


def loop(rank: str, tile: int) -> Temporal:
    """A loop over one rank, written `p` or `conv1.c`."""
    return Temporal((RankRef.parse(rank),), tile)


def pages() -> dict[str, str]:
    """The pages of the taxonomy folder: file name -> text."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(resources.root("taxonomy").glob("*.md"))}


TWO_CONV = workload("""
name: two_conv
einsums:
  - {name: conv1, expression: "F2[m,p,q] = F1[c,p+r,q+s] * W1[m,c,r,s]",
     ranks: {m: 8, p: 34, q: 34, c: 4, r: 3, s: 3}}
  - {name: conv2, expression: "F3[m,p,q] = F2[c,p+r,q+s] * W2[m,c,r,s]",
     ranks: {m: 8, p: 32, q: 32, c: 8, r: 3, s: 3}}
""")

# One input feeds three sinks that share no tensor of their own.
PROJECTIONS = workload("""
name: projections
einsums:
  - {name: query, expression: "Q[p,e] = X[p,d] * WQ[e,d]", ranks: {p: 8, e: 4, d: 6}}
  - {name: key, expression: "K[p,e] = X[p,d] * WK[e,d]", ranks: {p: 8, e: 4, d: 6}}
  - {name: value, expression: "V[k,f] = X[k,d] * WV[f,d]", ranks: {k: 8, f: 4, d: 6}}
""")

# A block with a shortcut: Y is read by conv and, two rows of it further on, by the sum.
RESIDUAL = workload("""
name: residual
einsums:
  - {name: stem, expression: "Y[p] = X[p+r] * W0[r]", ranks: {p: 18, r: 3}}
  - {name: conv, expression: "Z[p] = Y[p+r] * W1[r]", ranks: {p: 16, r: 3}}
  - {name: sum, expression: "S[p] = Z[p] + Y[p+1]", ranks: {p: 16}}
""")
