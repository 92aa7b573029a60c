"""How long the search takes to a proven optimum, and how it grows: one process per case, so that memory is the case's
own.

Run: python benchmarks/bench_search.py [cases|networks|chains|fans|questions|all] [seconds]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

CHILD = "--child"
NETWORKS = (
    "mobilenet_v2",
    "resnet18",
    "bert_base",
    "resnet50",
    "gpt3_6_7b_prefill",
    "resnet152",
    "inception_v3",
    "densenet121",
)
LENGTHS = (10, 100, 1000)
WIDTHS = (2, 4, 8, 16, 32)
QUESTIONS = (
    ("edp",),
    ("energy", "latency<=1x"),
    ("offchip", "operations<=1.02x"),
    ("energy", "offchip<=1.1x", "operations<=1.05x"),
    ("capacity", "offchip<=1.5x"),
)
"""An objective and limits."""


def chain(layers: int) -> str:
    """Matrix multiplications of 128 x 128 x 128, one after the other."""
    lines = [f"name: chain_of_{layers}", "einsums:"]
    for i in range(1, layers + 1):
        expression = f"T{i}[m,n{i}] = T{i - 1}[m,n{i - 1}] * W{i}[n{i - 1},n{i}]"
        ranks = f"{{m: 128, n{i - 1}: 128, n{i}: 128}}"
        lines.append(f'  - {{name: mm{i}, expression: "{expression}", ranks: {ranks}}}')
    return "\n".join(lines) + "\n"


def fan(branches: int) -> str:
    """A matrix product of 128 x 128 x 128, branches of two more of its result, and the sum of all branches."""
    lines = [f"name: fan_of_{branches}", "einsums:"]
    shape = "m: 128, n: 128, k: 128"
    products = [("T", "X")]
    for i in range(1, branches + 1):
        products += [(f"A{i}", "T"), (f"B{i}", f"A{i}")]
    for output, read in products:
        expression = f"{output}[m,n] = {read}[m,k] * W{output}[k,n]"
        lines.append(f'  - {{name: {output}, expression: "{expression}", ranks: {{{shape}}}}}')
    added = " + ".join(f"B{i}[m,n]" for i in range(1, branches + 1))
    lines.append(f'  - {{name: sum, expression: "Y[m,n] = {added}", ranks: {{m: 128, n: 128}}}}')
    return "\n".join(lines) + "\n"


def pair() -> str:
    """Two 3x3 convolutions, 16 -> 32 -> 16 channels, 36 x 36 input, no padding."""
    return """name: convolution_pair
einsums:
  - name: conv1
    expression: "F2[m,p,q] = F1[c,p+r,q+s] * W1[m,c,r,s]"
    ranks: {m: 32, p: 34, q: 34, c: 16, r: 3, s: 3}
  - name: conv2
    expression: "F3[m,p,q] = F2[c,p+r,q+s] * W2[m,c,r,s]"
    ranks: {m: 16, p: 32, q: 32, c: 32, r: 3, s: 3}
"""


def excerpt() -> str:
    """Pointwise 24 -> 192, depthwise 3x3 and pointwise 192 -> 24 on 28 x 28, twice; the depthwise input is clipped."""
    lines, shapes, tensor = ["name: mobilenet_excerpt", "einsums:"], [], "C0"
    for i in (1, 2):
        for name, expression, ranks in (
            ("expand", f"A{i}[m,p,q] = {tensor}[c,p,q] * U{i}[m,c]", "m: 192, p: 28, q: 28, c: 24"),
            ("depthwise", f"B{i}[m,p,q] = A{i}[m,p+r,q+s] * V{i}[m,r,s]", "m: 192, p: 28, q: 28, r: 3, s: 3"),
            ("project", f"C{i}[m,p,q] = B{i}[c,p,q] * W{i}[m,c]", "m: 24, p: 28, q: 28, c: 192"),
        ):
            lines.append(f'  - {{name: {name}{i}, expression: "{expression}", ranks: {{{ranks}}}}}')
        shapes.append(f"  A{i}: {{shape: [192, 28, 28]}}")
        tensor = f"C{i}"
    return "\n".join([*lines, "tensors:", *shapes]) + "\n"


def child(network: str, architecture: str, buffer: str, objective: str, seconds: str, *limits: str) -> None:
    """Search once and print one row."""
    from looptree.architecture.load import load_architecture
    from looptree.search import search
    from looptree.workload.load import load_workload

    hardware = load_architecture(architecture).with_capacity("GLB", int(buffer))
    workload = load_workload(network)
    found = search(workload, hardware, objective=objective, limits=limits, seconds=float(seconds)).statistics
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) >> 10
    looked = f"{found.searches:>9,} {found.designs_evaluated:>9,} {found.ranges_bounded:>9,}"
    print(
        f"{Path(network).stem:<20} {int(buffer):>8,} {objective:<8} {found.value:>20,.0f} {100 * found.gap:>8.3f} "
        f"{found.seconds:>8.1f} {looked} {peak:>6,} {' '.join(limits)}".rstrip(),
        flush=True,
    )


def run(network: str, architecture: str, buffer: int, objective: str, seconds: float, *limits: str) -> None:
    """One case in a process of its own."""
    asked = [network, architecture, str(buffer), objective, str(seconds), *limits]
    subprocess.run([sys.executable, __file__, CHILD, *asked], check=True)


def cases(folder: Path, seconds: float) -> None:
    """Small cases with a cost table of 100 per off-chip bit, 1 per buffer bit and 1 per operation."""
    for text, buffers in ((pair(), (15_000, 20_000, 100_000)), (excerpt(), (16_384, 65_536))):
        for buffer in buffers:
            for objective in ("offchip", "energy"):
                run(_file(folder, text), "reference_cost", buffer, objective, seconds)
    for layers in (2, 4, 8, 16):
        for buffer in (16_384, 65_536):
            run(_file(folder, chain(layers)), "reference_cost", buffer, "energy", seconds)


def _file(folder: Path, text: str) -> str:
    path = folder / f"{text.split()[1]}.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def main() -> None:
    """Print one table."""
    what = sys.argv[1] if len(sys.argv) > 1 else "cases"
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 120.0
    print(f"python benchmarks/bench_search.py {what} {seconds:g}\n")
    print(
        f"{'network':<20} {'buffer B':>8} {'least':<8} {'value':>20} {'gap %':>8} "
        f"{'s':>8} {'searches':>9} {'designs':>9} {'ranges':>9} {'MB':>6}"
    )
    with tempfile.TemporaryDirectory() as name:
        if what in ("cases", "all"):
            cases(Path(name), seconds)
        if what in ("networks", "all"):
            for network in NETWORKS:
                run(network, "mobile", 524_288, "energy", seconds)
        if what in ("questions", "all"):
            for network in ("mobilenet_v2", "resnet18"):
                for objective, *limits in QUESTIONS:
                    run(network, "mobile", 65_536, objective, seconds, *limits)
        if what in ("chains", "all"):
            for layers in LENGTHS:
                run(_file(Path(name), chain(layers)), "reference_cost", 65_536, "energy", seconds)
        if what in ("fans", "all"):
            for branches in WIDTHS:
                run(_file(Path(name), fan(branches)), "reference_cost", 65_536, "energy", seconds)


if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        child(*sys.argv[2:])
    else:
        main()
