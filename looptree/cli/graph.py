"""`looptree graph`: the layer graph of a network."""

from __future__ import annotations

import click

from looptree.cli.inputs import read_settings, set_option


@click.command(name="graph")
@click.argument("network")
@set_option("A parameter of the network, such as batch=4. May be repeated.")
@click.option("--plain", is_flag=True, help="ASCII only.")
def command(network: str, settings: tuple[str, ...], plain: bool) -> None:
    """The layer graph of a network: one line per layer, rails for the tensors between layers."""
    from looptree.cli.console import drawing, show
    from looptree.graph import draw, layer_graph
    from looptree.importers.load import load_workload

    show([drawing(draw(layer_graph(load_workload(network, **read_settings(settings))), plain=plain).rstrip())])
