"""`looptree points`: the published designs of the taxonomy."""

from __future__ import annotations

import click

from looptree.cli.inputs import json_option


@click.command(name="points")
@json_option
def command(as_json: bool) -> None:
    """The published designs of the taxonomy, with the parameters that --set replaces."""
    from looptree.cli.console import show, show_json
    from looptree.report.catalogue import point_dict, point_table
    from looptree.taxonomy.points import load_point, point_names

    points = [load_point(name) for name in point_names()]
    if as_json:
        show_json({point.name: point_dict(point) for point in points})
        return
    show([point_table(points)])
