"""``loopgraph mcp``: the tools for agents by standard input and output, and how they get into the settings of agent clients."""

from __future__ import annotations

import asyncio
import difflib
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.asking import authorization, why_no_answer
from loopgraph.commands.client_hooks import ClientName
from loopgraph.commands.service_options import (
    InstalledTokenEnv,
    TokenEnv,
    Url,
    address_option,
    health_of,
    one_level,
    token_option,
    variable_option,
)
from loopgraph.commands.terminal import err, out, plainly
from loopgraph.errors import InvalidInput, LoopgraphError, SetupError
from loopgraph.installer import mcp_settings
from loopgraph.installer.mcp_settings import MCP_CLIENTS, McpClient
from loopgraph.installer.settings_file import Json

mcp = typer.Typer(
    invoke_without_command=True, help="Give agents what is known here as tools (MCP): without a command, by stdio."
)

_TIMEOUT_S: Final = 35
_PROGRAM, _GROUP = "loopgraph", "mcp"
_Client = Annotated[ClientName, typer.Argument(help="The agent client whose settings they are.")]
_User = Annotated[bool, typer.Option("--user", help="Your own settings, for all projects; the default.")]
_Project = Annotated[bool, typer.Option("--project", help="The settings that this folder's project shares.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")]


@mcp.callback()
@plainly
def serve(context: typer.Context, url: Url = None, token_env: TokenEnv = None) -> None:
    """Answer an agent client that has started this: the protocol by standard input and output, until it ends.

    What the tools ask for they ask of a running service, by its GraphQL.
    """
    if context.invoked_subcommand is not None:
        if url or token_env:
            raise InvalidInput("--url, --token-env", "stand behind the command")
        return
    from loopgraph.api.mcp.server import check_sdk

    check_sdk()
    address = address_option(url)
    token = token_option(token_env)
    if sys.stdin.isatty():
        err.print("loopgraph mcp is started by agent clients: `loopgraph mcp install` tells them how", markup=False)
    asyncio.run(_serve(address, token))


async def _serve(address: str, token: str | None) -> None:
    import httpx
    from mcp.server.stdio import stdio_server

    from loopgraph.api.mcp.server import build_server
    from loopgraph.api.mcp.tools import Around
    from loopgraph.effects.clock import now

    headers = authorization(token)
    project = str(Path.cwd())
    async with httpx.AsyncClient(headers=headers, timeout=_TIMEOUT_S, trust_env=False) as client:

        async def ask(document: str, variables: Mapping[str, Any]) -> Json:
            return await _asked(client, address, document, variables)

        server = build_server(ask, lambda: Around(now(), project))
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())


async def _asked(client: Any, address: str, document: str, variables: Mapping[str, Any]) -> Json:
    """The data of an operation. Raises SetupError where there is no answer, and Refused where it has errors."""
    import httpx

    from loopgraph.api.mcp.tools import Refused

    try:
        answer = await client.post(f"{address}/graphql", json={"query": document, "variables": dict(variables)})
        found = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SetupError(
            f"the Loopgraph service at {address} does not answer ({why_no_answer(error)}): start it with `loopgraph serve`, or "
            "say by LOOPGRAPH_URL where it is"
        ) from error
    except ValueError as error:
        raise SetupError(f"{address} answers {answer.status_code}, and not as loopgraph does") from error
    errors = found.get("errors") if isinstance(found, dict) else None
    if errors:
        raise Refused(str(errors[0].get("message")))
    data = found.get("data") if isinstance(found, dict) else None
    if not isinstance(data, dict):
        refusal = found.get("error") if isinstance(found, dict) else None
        said = refusal.get("message") if isinstance(refusal, dict) else f"it answers {answer.status_code}"
        raise SetupError(f"the Loopgraph service at {address} does not do it: {said}")
    return data


@mcp.command()
@plainly
def install(
    client: _Client = ClientName.CLAUDE_CODE,
    user: _User = False,
    project: _Project = False,
    url: Url = None,
    token_env: InstalledTokenEnv = None,
    dry_run: _DryRun = False,
) -> None:
    """Add our server to the client's settings. What is there stays; a second time changes nothing."""
    from loopgraph.api.mcp.server import check_sdk

    check_sdk()
    one_level(user, project)
    into = MCP_CLIENTS[client]
    # What a project shares is for other machines, too: each finds the service by its own environment, unless one is named.
    options = {"--url": address_option(url) if url or not project else None, "--token-env": variable_option(token_env)}
    arguments = [_GROUP, *(word for name, value in options.items() if value for word in (name, value))]
    program = _program(shared=project)
    changed = _change(into, project, dry_run, lambda settings: mcp_settings.install(into, settings, program, arguments))
    if changed and not dry_run and into.note and (project or into.name == "codex"):
        out.print(into.note, markup=False)
    if shutil.which(program) is None:
        err.print(
            f"✗ {program} is not on the PATH: put {Path(sys.executable).parent} on it where the agent starts, or use --user",
            markup=False,
            style="red",
        )


@mcp.command()
@plainly
def uninstall(
    client: _Client = ClientName.CLAUDE_CODE, user: _User = False, project: _Project = False, dry_run: _DryRun = False
) -> None:
    """Take our server out of the client's settings, and nothing else. A file that held nothing else goes, and so do our backups
    that held nothing else either."""
    one_level(user, project)
    of = MCP_CLIENTS[client]
    _change(of, project, dry_run, lambda settings: mcp_settings.uninstall(of, settings), tidy=True)


@mcp.command()
@plainly
def status(
    client: Annotated[ClientName | None, typer.Argument(help="Of this client alone; default: of all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say in which settings our server is, and whether the service it asks answers. Ends with exit code 1 if it is in none, or
    something is to be done."""
    addresses, problems, found, services = dict[str, None](), list[str](), list[Json](), dict[str, str]()
    for one in [MCP_CLIENTS[client]] if client else MCP_CLIENTS.values():
        for project in (False, True) if one.project else (False,):
            try:
                file = one.file(project=project)
                words = mcp_settings.installed(one, file.read())
            except InvalidInput as error:
                problems += [str(error)] if client else []
                continue
            if words is None:
                continue
            found.append({"file": str(file.path), "client": one.name, "command": words})
            if not as_json:
                out.print(f"{file.path} ({one.shown}): {shlex.join(words)}", markup=False)
            if shutil.which(words[0]) is None:
                problems.append(f"{file.path}: {words[0]} cannot be run: install it again")
            addresses[words[words.index("--url") + 1] if "--url" in words[:-1] else address_option(None)] = None
    for address in addresses:
        problem = health_of(address)
        services[address] = problem or "answers"
        if not as_json:
            out.print(f"service {address}: {services[address]}", markup=False)
        problems += [f"the service at {address} {problem}"] if problem else []
    if not addresses:
        problems.append("our server is in no settings: `loopgraph mcp install` puts it there")
    try:
        from loopgraph.api.mcp.server import check_sdk

        check_sdk()
    except LoopgraphError as error:
        problems.append(str(error))
    if as_json:
        print_json({"well": not problems, "installed": found, "services": services, "problems": problems})
    for problem in () if as_json else problems:
        err.print(f"✗ {problem}", markup=False, style="red")
    if problems:
        raise typer.Exit(1)


def _program(*, shared: bool) -> str:
    """How our command is started: settings that others share find it on their PATH, one's own name the place it is in."""
    beside = Path(sys.executable).with_name(_PROGRAM)
    if shared:
        return _PROGRAM
    return str(beside) if beside.is_file() else shutil.which(_PROGRAM) or _PROGRAM


def _change(client: McpClient, project: bool, dry_run: bool, change: Any, *, tidy: bool = False) -> bool:
    """Makes a change of the client's settings, and tells of it; whether anything changed, or would."""
    file = client.file(project=project)
    if dry_run:
        before, after = file.preview(change)
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), str(file.path), str(file.path), lineterm=""
        )
        told = list(lines)
        for line in told or [f"{file.path}: nothing to change"]:
            out.print(line, markup=False)
        return bool(told)
    before_all = file.read()
    backup = file.change(change)
    if file.read() == before_all:
        out.print(f"{file.path}: nothing to change", markup=False)
        return False
    if tidy:
        out.print(f"{file.path}: our server is out", markup=False)
        for kept in file.tidy(change):
            out.print(f"backup: {kept}", markup=False)
        return True
    out.print(f"{file.path}: {client.shown} has our tools", markup=False)
    if backup is not None:
        out.print(f"backup: {backup}", markup=False)
    return True
