"""`looptree architectures`: the architectures that ship."""

from __future__ import annotations

import click

from looptree.cli.inputs import json_option


@click.command(name="architectures")
@json_option
def command(as_json: bool) -> None:
    """The architectures that ship."""
    from looptree import resources
    from looptree.architecture import architecture_from_node
    from looptree.cli.console import show, show_json
    from looptree.documents import read_document
    from looptree.report.catalogue import architecture_dict, architecture_table

    architectures = {}
    for name in resources.names("architectures"):
        document = read_document(resources.find("architectures", name))
        fields = document.mapping()
        texts = [fields[key].prose() if key in fields else "" for key in ("description", "source")]
        architectures[name] = (architecture_from_node(document), texts[0], texts[1])
    if as_json:
        show_json({name: architecture_dict(*about) for name, about in architectures.items()})
        return
    show([architecture_table(architectures)])
