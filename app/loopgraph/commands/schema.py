"""``loopgraph schema``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from loopgraph.commands.terminal import err, out, plainly
from loopgraph.settings import Settings


@plainly
def schema(
    write: Annotated[
        bool,
        typer.Option(help="Write graphql/schema.graphql, docs/openapi.json and docs/reference.md of this checkout."),
    ] = False,
    check: Annotated[bool, typer.Option(help="Fail if one of them differs.")] = False,
) -> None:
    """Print the GraphQL schema, or write it, its reference and the OpenAPI document, or check the exported ones."""
    from loopgraph.api.graphql.reference import reference
    from loopgraph.api.graphql.schema import build_schema
    from loopgraph.api.openapi import document
    from loopgraph.assets import asset

    text = build_schema(Settings()).as_str().rstrip() + "\n"
    checkout = asset("graphql").parent
    exported = {
        "graphql/schema.graphql": text,
        "docs/openapi.json": document.text(),
        "docs/reference.md": reference(text),
    }
    for name, told in exported.items():
        path = checkout / name
        if write:
            path.write_text(told, encoding="utf-8")
            out.print(f"wrote {name}")
        elif check:
            if not path.is_file() or path.read_text(encoding="utf-8") != told:
                err.print(f"{name} is not what the code says: run `make schema`", style="red")
                raise typer.Exit(1)
            out.print(f"{name} is up to date")
    if not write and not check:
        sys.stdout.write(text)
