"""``loopgraph doctor``."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.terminal import configure_logging, err, out, plainly
from loopgraph.settings import Settings


@plainly
def doctor(
    create: Annotated[bool, typer.Option("--create", help="Make the database where there is none yet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say how the graph is: engine, version, schema, latency, counts, and what is wrong in plain words.

    Changes nothing; only --create makes a database.
    """
    from loopgraph.configured import success_criteria
    from loopgraph.effects.schema.diagnosis import diagnose
    from loopgraph.orchestrators.analytics.sampling import Sampling

    settings = Settings()
    configure_logging("warning")
    checks = [Sampling(success_criteria(settings), settings.usage_attributes).problems]
    diagnosis = asyncio.run(diagnose(settings, create=create, checks=checks))
    if as_json:
        print_json({"healthy": not diagnosis.problems, **diagnosis.model_dump(mode="json")})
        if diagnosis.problems:
            raise typer.Exit(1)
        return
    lines = list(diagnosis.lines())
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        out.print(f"{name:<{width}}  {value}", markup=False)
    for problem in diagnosis.problems:
        err.print(f"✗ {problem}", markup=False, style="red")
    if diagnosis.problems:
        raise typer.Exit(1)
    out.print("✓ healthy", style="green")
