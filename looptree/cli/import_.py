"""`looptree import`: an ONNX model, or a network of another tool, as a YAML file of Einsums."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from looptree.cli.inputs import read_settings

if TYPE_CHECKING:
    from looptree.importers.imported import Imported
    from looptree.workload.workload import Workload


@click.command(name="import")
@click.argument("model")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the network to this YAML file.")
@click.option("--dim", "dimensions", metavar="NAME=VALUE", multiple=True, help="A dynamic dimension. May be repeated.")
@click.option("--bits", type=int, metavar="N", help="Word width of floating-point tensors. [default: of their type]")
@click.option("--no-fold", is_flag=True, help="Batch normalisation, biases and activations are layers of their own.")
@click.option("--strict", is_flag=True, help="An operator that is not known is an error, not an opaque layer.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--force", is_flag=True, help="Let --output overwrite a file.")
def command(
    model: str,
    output: Path | None,
    dimensions: tuple[str, ...],
    bits: int | None,
    no_fold: bool,
    strict: bool,
    as_json: bool,
    force: bool,
) -> None:
    """A model or network of another tool as a YAML file of Einsums; of an ONNX model, what became of its operators.

    Without --output the YAML is printed, and the report goes to the error stream. Weights are not needed: only shapes
    and element types are read.

    \b
      looptree import model.onnx -o network.yaml --dim batch=1 --bits 8
      looptree compare network.yaml
      looptree compare model.onnx --set batch=1 --set bits=8
      looptree import maestro.m -o network.yaml
      looptree import accelforge.yaml --dim BATCH_SIZE=4 -o network.yaml
    """
    from looptree.cli.console import show_json
    from looptree.cli.files import check_target, write_whole
    from looptree.importers.load import import_onnx, is_network_file, load_workload

    if output is not None:
        check_target(output, force=force)
    given = read_settings(dimensions, option="--dim")
    if is_network_file(model):
        if no_fold or strict:
            problem = "--no-fold and --strict are about the operators of an ONNX model"
            raise click.UsageError(problem, click.get_current_context())
        workload = load_workload(model, **given, **({} if bits is None else {"bits": bits}))
        if output is not None:
            write_whole(output, _document(model, workload), force=force)
        if as_json:
            show_json(_counts(workload))
        elif output is None:
            click.echo(_document(model, workload), nl=False)
        return
    imported = import_onnx(model, dimensions=given, bits=bits, fold=not no_fold, strict=strict)
    if output is not None:
        write_whole(output, _document(model, imported.workload), force=force)
    if as_json:
        show_json(imported.to_dict())
        return
    _report(imported)
    if output is None:
        click.echo(_document(model, imported.workload), nl=False)


def _counts(workload: Workload) -> dict[str, Any]:
    from looptree.report.catalogue import weights

    counts = {"layers": len(workload.einsums), "operations": workload.operations, "parameters": weights(workload)}
    return {"name": workload.name, **counts}


def _document(model: str, workload: Workload) -> str:
    from looptree.report.text import printable
    from looptree.workload.reader import workload_to_yaml

    return f"# From {printable(Path(model).name)} by looptree import.\n{workload_to_yaml(workload)}"


def _report(imported: Imported) -> None:
    """The report on the error stream, so that the YAML can be redirected."""
    from looptree.cli.console import show
    from looptree.report.table import table
    from looptree.units import format_count

    workload = imported.workload
    rows = [
        [o.operator, f"{o.nodes:,}", f"{o.layers:,}", format_count(o.operations)]
        for o in imported.operators
        if o.layers
    ]
    total = ["all", "", f"{len(workload.einsums):,}", format_count(workload.operations)]
    heads = ["nodes", "layers", "operations"]
    sentences = [
        f"{format_count(imported.parameters)} parameters.",
        *_listed("Folded into other layers, or only laid out", [f"{n} {k}" for k, n in imported.folded.items()]),
        *_listed("Layers that only move data", imported.moved),
        *_listed(
            "Opaque, not fused with anything",
            [f"{node} ({operator})" for node, operator in imported.opaque],
        ),
    ]
    show([table(workload.name, ["operator"], heads, rows, total=total), "\n".join(sentences)], errors=True)


def _listed(what: str, names: list[str] | tuple[str, ...]) -> list[str]:
    shown = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if len(names) > 12 else "")
    return [f"{what}: {shown}."] if names else []
