"""`looptree networks`: the networks and segments that ship."""

from __future__ import annotations

import click


@click.command(name="networks")
def command() -> None:
    """The networks and segments that ship, with the parameters that --set replaces."""
    from looptree import resources
    from looptree.cli.console import show
    from looptree.documents import read_document
    from looptree.report.catalogue import Network, network_table
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
    show([network_table(networks)])
