"""`looptree graph`: the layer graph of a network, drawn, or as a file for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from looptree.cli.inputs import read_settings, set_option


@click.command(name="graph")
@click.argument("network")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "svg", "dot", "graphml", "json"]),
    default="text",
    show_default=True,
    help="A drawing; a picture; DOT for Graphviz; GraphML or JSON for other tools.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--force", is_flag=True, help="Let --output overwrite a file.")
@set_option("A parameter of the network, such as batch=4. May be repeated.")
@click.option("--plain", is_flag=True, help="ASCII only.")
def command(network: str, form: str, output: Path | None, force: bool, settings: tuple[str, ...], plain: bool) -> None:
    """The layer graph of a network: one line per layer, rails for the tensors between layers.

    \b
      looptree graph resnet18
      looptree graph resnet18 --format graphml -o resnet18.graphml
      looptree graph resnet18 --format svg -o resnet18.svg
    """
    import json

    from looptree.cli.console import drawing, show
    from looptree.cli.files import check_target, write_whole
    from looptree.graph import dot, draw, graphml, layer_graph, plain_graph, svg
    from looptree.importers.load import load_workload

    if output is not None:
        check_target(output, force=force)
    graph = layer_graph(load_workload(network, **read_settings(settings)))
    if form == "text" and output is None:
        show([drawing(draw(graph, plain=plain).rstrip())])
        return
    forms = {
        "text": lambda: draw(graph, plain=plain),
        "svg": lambda: svg(graph),
        "dot": lambda: dot(graph),
        "graphml": lambda: graphml(graph),
        "json": lambda: json.dumps(plain_graph(graph), indent=2) + "\n",
    }
    text = forms[form]()
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text, force=force)
