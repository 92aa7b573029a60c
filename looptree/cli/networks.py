"""`looptree networks`: the networks and segments that ship."""

from __future__ import annotations

import click

from looptree.cli.inputs import json_option


@click.command(name="networks")
@json_option
def command(as_json: bool) -> None:
    """The networks and segments that ship, with the parameters that --set replaces."""
    from looptree import resources
    from looptree.cli.console import show, show_json
    from looptree.documents import read_document
    from looptree.report.catalogue import Network, network_dict, network_table
    from looptree.workload.load import workload_of

    networks = {}
    for name in resources.names("workloads"):
        document = read_document(resources.find("workloads", name))
        fields = document.mapping()
        written = fields["parameters"].mapping() if "parameters" in fields else {}
        networks[name] = Network(
            workload_of(document),
            fields["source"].prose() if "source" in fields else "",
            {key: str(node.value) for key, node in written.items()},
        )
    if as_json:
        show_json({name: network_dict(network) for name, network in networks.items()})
        return
    show([network_table(networks)])
