"""`looptree export`: a mapping, or all metrics of it, as a file for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from looptree.cli.inputs import buffer_option, read_architecture, read_design, read_settings, set_option


@click.command(name="export")
@click.argument("workload")
@click.argument("architecture")
@click.argument("mapping")
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "looptree", "csv", "json"]),
    default="yaml",
    show_default=True,
    help="The mapping as our YAML or as that of the original LoopTree; its metrics as CSV or JSON.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--force", is_flag=True, help="Let --output overwrite a file.")
@buffer_option
@set_option("A parameter of the point, or else of the workload. May be repeated.")
def command(
    workload: str,
    architecture: str,
    mapping: str,
    form: str,
    output: Path | None,
    force: bool,
    buffer: str | None,
    settings: tuple[str, ...],
) -> None:
    """A mapping as a file: its nodes, or everything that the model says about it.

    The three arguments are those of `looptree evaluate`: a mapping may be a plan, a published design, or a file of
    another tool.

    \b
      looptree export conv_conv small fused_layer_cnn --set tile_p=4 -o mapping.yaml
      looptree export workload.yaml architecture.yaml plan.yaml --format csv -o metrics.csv
      looptree export workload.yaml architecture.yaml plan.yaml --format looptree
    """
    from looptree.cli.files import check_target, write_whole
    from looptree.model.inside import with_nests
    from looptree.taxonomy.binding import bind

    if output is not None:
        check_target(output, force=force)
    given = read_settings(settings)
    hardware = read_architecture(architecture, buffer, given)
    network, tree, _ = read_design(workload, hardware, mapping, given, architecture)
    design = with_nests(bind(network, hardware, tree))
    if form == "yaml":
        from looptree.taxonomy.reader import mapping_to_yaml

        text = mapping_to_yaml(design.tree)
    elif form == "looptree":
        from looptree.documents import to_yaml
        from looptree.importers.looptree_yaml import original_mapping

        components = [*(level.name for level in hardware.levels), hardware.compute.name]
        text = to_yaml(original_mapping(design.tree, components))
    else:
        import json

        from looptree.model.evaluate import evaluate_design
        from looptree.report.flat import evaluation_csv

        evaluation = evaluate_design(design)
        text = evaluation_csv(evaluation) if form == "csv" else json.dumps(evaluation.to_dict(), indent=2) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text, force=force)
