"""``loopgraph schema``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from loopgraph.commands.terminal import err, out, plainly
from loopgraph.settings import Settings


@plainly
def schema(
    write: Annotated[bool, typer.Option(help="Write graphql/schema.graphql of this checkout.")] = False,
    check: Annotated[bool, typer.Option(help="Fail if graphql/schema.graphql differs.")] = False,
) -> None:
    """Print the GraphQL schema, or write it, or check the exported one."""
    from loopgraph.api.graphql.schema import build_schema
    from loopgraph.assets import asset

    text = build_schema(Settings()).as_str().rstrip() + "\n"
    exported = asset("graphql", "schema.graphql")
    if write:
        exported.write_text(text, encoding="utf-8")
        out.print(f"wrote {exported.name}")
    elif check:
        if not exported.is_file() or exported.read_text(encoding="utf-8") != text:
            err.print("graphql/schema.graphql is not what the code says: run `make schema`", style="red")
            raise typer.Exit(1)
        out.print("graphql/schema.graphql is up to date")
    else:
        sys.stdout.write(text)
