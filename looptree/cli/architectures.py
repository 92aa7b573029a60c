"""`looptree architectures`: the architectures that ship."""

from __future__ import annotations

import click


@click.command(name="architectures")
def command() -> None:
    """The architectures that ship."""
    from looptree import resources
    from looptree.architecture import architecture_from_node
    from looptree.cli.console import show
    from looptree.documents import read_document
    from looptree.report.catalogue import architecture_table

    architectures = {}
    for name in resources.names("architectures"):
        document = read_document(resources.find("architectures", name))
        fields = document.mapping()
        texts = [fields[key].prose() if key in fields else "" for key in ("description", "source")]
        architectures[name] = (architecture_from_node(document), texts[0], texts[1])
    show([architecture_table(architectures)])
