"""`looptree points`: the published designs of the taxonomy."""

from __future__ import annotations

import click


@click.command(name="points")
def command() -> None:
    """The published designs of the taxonomy, with the parameters that --set replaces."""
    from looptree.cli.console import show
    from looptree.report.catalogue import point_table
    from looptree.taxonomy.points import load_point, point_names

    show([point_table([load_point(name) for name in point_names()])])
