"""Running the command line inside the test process, and the example that most tests start from."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from looptree.cli.main import main

WORKLOAD = """
name: two_conv
einsums:
  - {name: conv1, expression: "F2[m,p,q] = F1[c,p+r,q+s] * W1[m,c,r,s]",
     ranks: {m: 8, p: 34, q: 34, c: 4, r: 3, s: 3}}
  - {name: conv2, expression: "F3[m,p,q] = F2[c,p+r,q+s] * W2[m,c,r,s]",
     ranks: {m: 8, p: 32, q: 32, c: 8, r: 3, s: 3}}
tensors: {F1: {bits: 8}}            # optional: bits, and a shape where it is not implied; default_bits: 8
"""

ARCHITECTURE = """
name: small
levels:
  - {name: DRAM, bandwidth_bytes_per_cycle: 8, read_pj_per_byte: 100, write_pj_per_byte: 100}
  - {name: GLB, capacity_bytes: 65536, bandwidth_bytes_per_cycle: 64, read_pj_per_byte: 1.2, write_pj_per_byte: 1.2}
compute: {name: MAC, pj_per_operation: 0.5, spatial: {m: 8, c: 4}}
"""

MAPPING = """
mapping:
  - storage: {level: DRAM, tensors: [F1, W1, W2, F3]}
  - storage: {level: GLB, tensors: [W1, W2]}
  - temporal: {rank: p, tile: 4}
  - storage: {level: GLB, tensors: [F1, F2]}
  - temporal: {rank: q, tile: 8}
  - storage: {level: GLB, tensors: [F3]}
  - sequential:
    - [{compute: {einsum: conv1}}]
    - [{compute: {einsum: conv2}}]
"""

FILES = {"workload.yaml": WORKLOAD, "architecture.yaml": ARCHITECTURE, "mapping.yaml": MAPPING}


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def looptree(*arguments: str) -> Outcome:
    """Run `looptree` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as leaving:
        main(arguments)
    code = leaving.value.code
    assert isinstance(code, int)
    return Outcome(code, out.getvalue(), err.getvalue())


def write(folder: Path, **texts: str | bytes) -> tuple[str, str, str]:
    """Write the example into a folder, some of its three files replaced; their paths."""
    paths = []
    for name, example in FILES.items():
        text = texts.get(name.partition(".")[0], example)
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        paths.append(str(path))
    return paths[0], paths[1], paths[2]


def replaced(text: str, before: str, after: str) -> str:
    """The text with the first place of `before` replaced, which has to be there."""
    assert before in text
    return text.replace(before, after, 1)


def complaint(outcome: Outcome) -> str:
    """The one message of a command that was given bad input; a page of the guide may be named below it."""
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    assert outcome.err.startswith("error: ")
    message, *page = outcome.err.splitlines()
    assert outcome.err.endswith("\n")
    assert len(page) <= 1
    assert all(line.startswith("guide: ") for line in page)
    assert "Traceback" not in outcome.err
    return message.removeprefix("error: ")
