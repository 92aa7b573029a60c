"""`looptree stats`: the statistics that MAESTRO's users know, for its own network and hardware files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from looptree.importers.maestro.comparison import Comparison
    from looptree.importers.maestro.statistics import Statistics


@click.command(name="stats")
@click.argument("network")
@click.argument("hardware")
@click.option("--layer", "layers", metavar="NAME", multiple=True, help="Only this layer. May be repeated.")
@click.option("--against", metavar="FILE", help="Compare with an output file of MAESTRO, and say why they differ.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@click.option("--csv", "as_csv", is_flag=True, help="Print one line per layer, under MAESTRO's names.")
def command(
    network: str, hardware: str, layers: tuple[str, ...], against: str | None, as_json: bool, as_csv: bool
) -> None:
    """The statistics of every layer of a MAESTRO network (.m) by its own dataflow, counted exactly.

    HARDWARE is a file of MAESTRO, with num_pes, l1_size_cstr, l2_size_cstr, noc_bw_cstr and offchip_bw_cstr.

    \b
      looptree stats vgg16.m accelerator.m
      looptree stats vgg16.m accelerator.m --against vgg16.csv
      looptree compare vgg16.m --architecture accelerator.m
    """
    from looptree.errors import InputError
    from looptree.importers.maestro.comparison import compared, read_measured
    from looptree.importers.maestro.hardware import read_hardware
    from looptree.importers.maestro.statistics import statistics_of
    from looptree.importers.maestro.syntax import parse_network
    from looptree.importers.maestro.text import read_text

    if as_json and as_csv:
        raise InputError("expected --json or --csv, found both", where="stats")
    if against and as_csv:
        raise InputError("a comparison is printed as a table or with --json, not as --csv", where="stats")
    parsed = parse_network(read_text(network), network)
    machine = read_hardware(hardware)
    wanted = _chosen([layer.name for layer in parsed.layers], layers)
    found, refused = [], []
    for layer in parsed.layers:
        if layer.name in wanted:
            try:
                found.append(statistics_of(layer, machine))
            except InputError as problem:
                refused.append(problem)
    if not found:
        raise refused[0]
    for refusal in refused:
        click.echo(f"left out: {refusal}", err=True)
    comparison = compared(found, read_measured(against), against) if against else []
    if as_json:
        _print_json(found, comparison)
    elif as_csv:
        _print_csv(found)
    elif comparison:
        _print_comparison(comparison)
    else:
        _print_table(Path(network).name, found)


def _chosen(names: list[str], wanted: tuple[str, ...]) -> set[str]:
    from looptree.errors import InputError, nearest

    for name in wanted:
        if name not in names:
            raise InputError(f"there is no layer {name!r}", where="--layer", hint=nearest(name, names))
    return set(wanted or names)


def _print_json(found: list[Statistics], comparison: list[Comparison]) -> None:
    import dataclasses
    import json

    layers = [{"layer": own.layer, "statistics": own.values, "notes": list(own.notes)} for own in found]
    data: dict[str, object] = {"layers": layers}
    if comparison:
        data["comparison"] = [dataclasses.asdict(line) for line in comparison]
    click.echo(json.dumps(data, indent=2))


def _print_csv(found: list[Statistics]) -> None:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["Layer", *found[0].values])
    for own in found:
        writer.writerow([own.layer, *("" if value is None else value for value in own.values.values())])
    click.echo(text.getvalue(), nl=False)


def _print_table(title: str, found: list[Statistics]) -> None:
    from looptree.cli.console import show
    from looptree.report.table import table

    if len(found) == 1:
        rows = [[name, _number(value)] for name, value in found[0].values.items()]
        parts = [table(f"{title}: {found[0].layer}", ["statistic"], ["value"], rows)]
    else:
        names = ["Num MACs", "Runtime (Cycles)", "Avg number of utilized PEs", "input l2 read", "filter l2 read"]
        names += ["output l2 write", "L2 SRAM Size Req (Bytes)", "L1 SRAM Size Req (Bytes)"]
        heads = ["MACs", "cycles", "PEs", "input reads", "filter reads", "output writes", "L2 bytes", "L1 bytes"]
        parts = [table(title, ["layer"], heads, [[s.layer, *(_number(s.values[n]) for n in names)] for s in found])]
    notes = [f"{own.layer}: {note}." for own in found for note in own.notes]
    show([*parts, *(["\n".join(notes)] if notes else [])])


def _print_comparison(comparison: list[Comparison]) -> None:
    from looptree.cli.console import show
    from looptree.report.table import table

    rows = [[c.layer, c.statistic, _number(c.found), _number(c.theirs)] for c in comparison]
    equal = sum(not line.why for line in comparison)
    lines = [f"{c.layer}, {c.statistic}: {c.why}." for c in comparison if c.why]
    head = f"{equal} of {len(comparison)} statistics are equal."
    built = table("Against MAESTRO", ["layer", "statistic"], ["exact", "MAESTRO"], rows)
    show([built, "\n".join([head, *lines])])


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{int(value):,}" if value == int(value) else f"{value:,.3f}"
