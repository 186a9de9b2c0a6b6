"""``loopgraph pattern …``: the text of one pattern, for whoever is to run it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated, Final

import typer

from loopgraph.clients import render as client
from loopgraph.clients.address import service_url
from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.graph_option import graph_settings
from loopgraph.commands.service_options import TokenEnv, Url, token_option
from loopgraph.commands.terminal import configure_logging, out, plainly, shown
from loopgraph.errors import Conflict, NotFound
from loopgraph.settings import default_data_folder

_PLAN: Final = "query ($id: ID!) { replayPlan(patternId: $id) { version text skill { name text } } }"

pattern = typer.Typer(
    no_args_is_help=True, help="Deliver the text of a pattern's version, and let a skill fetch its own."
)


@pattern.command()
@plainly
def render(
    name: Annotated[str, typer.Argument(help="Name or id of a pattern.")],
    unit: Annotated[str, typer.Option(help="What should see one version only: a session, a user, a task.")],
    arguments: Annotated[str | None, typer.Option(help="Put in where the text has a place for them.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="skill, command, subagent, memory or prompt, where a name is not enough.")
    ] = None,
    as_json: AsJson = False,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """Print the text of the version that a unit is to run, without front matter.

    The service decides: while an experiment is open, by the unit, for each unit always the same. When it is away, the last known
    text is printed. As JSON with its version and the experiment, and whether it is the last known.
    """
    options = {"--arguments": arguments, "--kind": kind, "--url": url, "--token-env": token_env}
    given = [word for option, value in options.items() if value for word in (option, value)]
    words = [name, "--unit", unit, *given, *(["--json"] if as_json else [])]
    client.run(words)


@pattern.command()
@plainly
def adopt(
    skill: Annotated[Path, typer.Argument(metavar="FILE", help="The SKILL.md of a skill.")],
    back: Annotated[
        bool, typer.Option("--back", help="Give the skill a text of its own again: that of the version in use.")
    ] = False,
    pattern_id: Annotated[
        str | None, typer.Option("--pattern", metavar="ID", help="The pattern, where several have this text.")
    ] = None,
    as_json: AsJson = False,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
) -> None:
    """Let a skill fetch the text that its session is to have, so that experiments reach it; a copy of the file is kept.

    The text must be known: `loopgraph patterns scan` records it.
    """
    from loopgraph.contracts.lineage.bodies import body_of
    from loopgraph.contracts.lineage.definitions import DefinitionKind
    from loopgraph.effects.definitions import replacing
    from loopgraph.effects.definitions.backups import Backups

    if back and pattern_id is not None:
        raise typer.BadParameter(
            "the file says which pattern it fetches; leave it out with --back", param_hint="--pattern"
        )
    settings = graph_settings(graph_url)
    configure_logging("error")

    text = "" if back else replacing.read(skill)

    async def work() -> tuple[str, Path | None]:
        from loopgraph.effects.lineage.definitions import DefinitionReads
        from loopgraph.main import open_services
        from loopgraph.orchestrators.lineage.adoption import Adoption

        async with open_services(settings, create=False) as services:
            backups = Backups(default_data_folder() / "backups")
            adoption = Adoption(services.lineage_reads, DefinitionReads(services.graph), backups)
            return await (adoption.give_back(skill) if back else adoption.adopt(skill, pattern_id))

    adopted_id, backup = asyncio.run(work())
    if backup is not None and not back:
        client.remember(adopted_id, body_of(DefinitionKind.SKILL, text), os.environ)
    if as_json:
        print_json({"file": skill, "pattern_id": adopted_id, "fetches": not back, "backup": backup})
        return
    if backup is None:
        out.print(f"{skill} {'has its own text' if back else f'fetches {adopted_id}'} already", markup=False)
        return
    if back:
        out.print(f"{skill} has a text of its own again: that of {adopted_id}", markup=False)
    else:
        out.print(
            f"{skill} fetches the text of {adopted_id} for each session; the service at {service_url(os.environ)} gives it",
            markup=False,
        )
        rule = f"Skill({skill.resolve().parent.name})"
        out.print(
            f"Claude Code asks before it uses a skill that runs a command, unless its settings allow {rule}",
            markup=False,
        )
        out.print(f"`loopgraph pattern adopt --back {skill}` gives it a text of its own again", markup=False)
    out.print(f"as it was: {backup}", markup=False)


@pattern.command()
@plainly
def export(
    pattern_id: Annotated[str, typer.Argument(metavar="PATTERN", help="Id of a learned pattern.")],
    skill: Annotated[
        bool, typer.Option("--skill", help="Write its plan out as a skill: FOLDER/<name>/SKILL.md.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="The folder of skills.")] = Path(".claude/skills"),
    as_json: AsJson = False,
    url: Url = None,
    token_env: TokenEnv = None,
) -> None:
    """Print the plan of a learned pattern, or write it out as a skill, which `loopgraph patterns scan` then records.

    A file that says something else stays as it is.
    """
    from loopgraph.commands.asking import ask

    address = (url or service_url(os.environ)).rstrip("/")
    token = token_option(token_env)
    plan = ask(address, token, _PLAN, {"id": pattern_id})["replayPlan"]
    if plan is None:
        raise NotFound("LearnedPattern", pattern_id)
    if not skill:
        if as_json:
            print_json({"patternId": pattern_id, **plan})
        else:
            out.print(plan["text"], markup=False)
        return
    file = folder / plan["skill"]["name"] / "SKILL.md"
    if file.exists() and file.read_text(encoding="utf-8") != plan["skill"]["text"]:
        raise Conflict("file", str(file), "says something else already; remove it, or choose another --folder")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(plan["skill"]["text"], encoding="utf-8")
    if as_json:
        print_json({"patternId": pattern_id, "version": plan["version"], "file": file})
        return
    out.print(f"{shown(str(file))}: the plan of {shown(pattern_id)}, version {plan['version']}", markup=False)
