"""`looptree schema`: what editors need to complete and check files."""

from __future__ import annotations

import click

KINDS = ("workload", "architecture", "mapping", "point", "study", "restrictions")


@click.command(name="schema")
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--json", is_flag=True, expose_value=False, help="Print JSON, which is what it prints anyway.")
def command(kind: str) -> None:
    """The JSON Schema of a kind of file, for editors.

    \b
      looptree schema mapping > mapping.schema.json

    An editor that knows YAML schemas (most use yaml-language-server) then completes keys in a file that begins with

    \b
      # yaml-language-server: $schema=mapping.schema.json
    """
    import json

    from looptree.report.schema import schema_of
    from looptree.sweep.schema import study_schema

    click.echo(json.dumps(schema_of(kind, {"study": study_schema}), indent=2))
