"""`looptree diff`: what is different between two plans or results."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from looptree.errors import InputError

if TYPE_CHECKING:
    from looptree.documents import Node

_RESULTS = {None, "a mapping (mapping)"}  # plans have a mapping, and so have some results


@click.command(name="diff")
@click.argument("before", type=click.Path())
@click.argument("after", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--full", is_flag=True, help="Do not shorten long tables.")
def command(before: str, after: str, as_json: bool, full: bool) -> None:
    """What is different between two plans or results.

    BEFORE and AFTER are plan files, mappings, or what a command printed with --json: values with their ratio, fusion
    groups that only one of them has, and what is different in the mapping. Two networks, or two architectures, can be
    compared, too.

    \b
      looptree search resnet18 --buffer 128KiB -o small.yaml
      looptree search resnet18 --buffer 512KiB -o large.yaml
      looptree diff small.yaml large.yaml
    """
    from looptree.documents import kind_of, read_document
    from looptree.report.difference import difference, difference_dict, difference_report

    nodes = read_document(before), read_document(after)
    kinds = [kind_of(node) for node in nodes]
    if kinds[0] != kinds[1] and not {*kinds} <= _RESULTS:
        said = " and ".join(kind or "a result" for kind in kinds)
        raise InputError(f"expected two files of one kind, found {said}", where=f"{before}, {after}")
    found = difference(_plain(nodes[0]), _plain(nodes[1]), (_tree(nodes[0]), _tree(nodes[1])))
    if as_json:
        import json

        click.echo(json.dumps(difference_dict(found), indent=2))
    else:
        from looptree.cli.console import show

        show(difference_report(found, ("before", "after"), full=full))


def _plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: _plain(entry) for key, entry in node.value.items()}
    return [_plain(entry) for entry in node.value] if isinstance(node.value, list) else node.value


def _tree(node: Node) -> str:
    """The mapping of a document, drawn; empty where it has none."""
    if not isinstance(node.value, dict) or "mapping" not in node.value:
        return ""
    from looptree.taxonomy.drawing import draw_tree
    from looptree.taxonomy.reader import mapping_from_node

    return draw_tree(mapping_from_node(replace(node, value={"mapping": node.value["mapping"]})))
