"""``loopgraph hooks …``: the agent client's hooks, put into its settings and taken out again."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

import typer

from loopgraph.clients import limits
from loopgraph.clients.address import service_token
from loopgraph.clients.hook_shim import split_address
from loopgraph.clients.hook_spool import Spool, default_root
from loopgraph.commands import client_hooks
from loopgraph.commands.as_json import AsJson, print_json
from loopgraph.commands.asking import authorization
from loopgraph.commands.client_hooks import ClientName
from loopgraph.commands.hook_spools import MEND, drop_refused, flush, tell_spool
from loopgraph.commands.known_pattern import check_pattern
from loopgraph.commands.service_options import (
    InstalledTokenEnv,
    Url,
    address_option,
    health_of,
    one_level,
    refusal_of,
    variable_option,
)
from loopgraph.commands.terminal import err, out, plainly
from loopgraph.contracts.counted import counted
from loopgraph.errors import InvalidInput, InvalidSetting
from loopgraph.installer import agent_settings, client_settings
from loopgraph.installer.agent_settings import Wanted
from loopgraph.installer.client_settings import CLIENTS
from loopgraph.installer.settings_file import Json, SettingsFile

hooks = typer.Typer(no_args_is_help=True, help="Have an agent client send its hook events here.")

_User = Annotated[bool, typer.Option("--user", help="Your own settings, for all projects; the default.")]
_Project = Annotated[bool, typer.Option("--project", help="The settings that this folder's project shares.")]
_Local = Annotated[bool, typer.Option("--local", help="Your own settings for this folder's project.")]
_Client = Annotated[ClientName, typer.Option("--client", help="The agent client whose settings they are.")]
_SCOPES = ((False, False), (True, False), (False, True))
"""Whether a project's settings, and whether one's own for it."""
_TWICE = (
    "those that differ all run, and each event counts once; `loopgraph hooks uninstall` with its option takes one out"
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a header can be called."""

_AGAIN = "some events count twice, with those of other settings: install the hooks there again"


@hooks.command()
@plainly
def install(
    client: _Client = ClientName.CLAUDE_CODE,
    user: _User = False,
    project: _Project = False,
    local: _Local = False,
    url: Url = None,
    token_env: InstalledTokenEnv = None,
    pattern: Annotated[str | None, typer.Option(help="Id of a pattern that every prompt is to use.")] = None,
    durable: Annotated[
        bool,
        typer.Option(
            help="Use the command shim for every event: a process each, but nothing is lost while the service is away."
        ),
    ] = False,
    otel: Annotated[
        bool, typer.Option("--otel", help="Also set the variables of OpenTelemetry, for exact trees of subagents.")
    ] = False,
) -> None:
    """Add our hooks to the agent's settings. What is there stays; a second time changes nothing."""
    if client is not ClientName.CLAUDE_CODE:
        if pattern or otel:
            raise InvalidInput("--pattern, --otel", f"are for Claude Code, not for {client}")
        one_level(user, project, local)
        other = client_hooks.client_of(client, local=local)
        wanted_there = client_settings.Wanted(
            address_option(url), _shim(shared=project), variable_option(token_env), "project" if project else None
        )
        client_hooks.install(other, wanted_there, project=project)
        return
    file, address = _file(user, project, local), address_option(url)
    level = "project" if project else None
    wanted = Wanted(address, _shim(shared=project), variable_option(token_env), durable, pattern, level)
    if pattern:
        check_pattern(address, pattern, service_token(os.environ, wanted.token_env))

    def change(settings: Json) -> Json:
        result = agent_settings.install(agent_settings.check(settings), wanted)
        return agent_settings.install_telemetry(result, address) if otel else result

    before = file.read()
    backup = file.change(change)
    settings = file.read()
    if settings == before:
        out.print(f"{file.path}: nothing to change", markup=False)
    else:
        out.print(f"{file.path}: hooks for {len(agent_settings.EVENTS)} events go to {address}", markup=False)
    if backup is not None:
        out.print(f"backup: {backup}", markup=False)
    for obstacle in [*_not_found(settings), *agent_settings.obstacles(settings, [address], wanted.token_env)]:
        err.print(f"✗ {obstacle}", markup=False, style="red")
    missing = agent_settings.telemetry(address).items() - settings.get("env", {}).items()
    if missing:
        out.print("For exact trees of subagents, tokens and costs, also set (or use --otel):")
        for name, value in sorted(missing):
            out.print(f"  export {name}={value}", markup=False)
    if token_env and settings != before and (otel or missing):
        out.print("Telemetry shows a token that the agent's environment has, where you export the token:")
        out.print(f"  export {agent_settings.HEADERS}=Authorization=Bearer%20${token_env}", markup=False)


@hooks.command()
@plainly
def uninstall(
    client: _Client = ClientName.CLAUDE_CODE, user: _User = False, project: _Project = False, local: _Local = False
) -> None:
    """Take our hooks out of the agent's settings, and nothing else. A file that held nothing else goes, and so do our backups
    that held nothing else either."""
    if client is not ClientName.CLAUDE_CODE:
        one_level(user, project, local)
        client_hooks.uninstall(client_hooks.client_of(client, local=local), project=project)
        return
    file = _file(user, project, local)

    def change(settings: Json) -> Json:
        return agent_settings.uninstall(agent_settings.check(settings))

    if file.change(change) is None:
        out.print(f"{file.path}: nothing to change", markup=False)
        return
    out.print(f"{file.path}: our hooks are out", markup=False)
    for backup in file.tidy(change):
        out.print(f"backup: {backup}", markup=False)


@hooks.command()
@plainly
def status(
    client: Annotated[
        ClientName | None, typer.Option("--client", help="Of this client alone; default: of all.")
    ] = None,
    user: _User = False,
    project: _Project = False,
    local: _Local = False,
    as_json: AsJson = False,
) -> None:
    """Say whether all is well, in the first line; then what is installed for which event, whether the service answers, and
    what waits in the spool. Ends with exit code 1 if something is to be done.

    Without an option, of all files: those of clients other than Claude Code where hooks are installed.
    """
    one_level(user, project, local)
    files = [_path(project, local)] if user or project or local else [_path(*one) for one in _SCOPES]
    others = _others(client, user, project, local)
    if client not in (None, ClientName.CLAUDE_CODE):
        files = []
    found, obstacles = client_hooks.read_all(files, agent_settings.check, asked=True)
    unread = bool(obstacles) or any(other.unread for other in others)
    targets = {path: agent_settings.installed(settings) for path, settings in found.items()}
    addresses = dict.fromkeys(
        agent_settings.address_of(target) for events in targets.values() for ours in events.values() for target in ours
    )
    addresses |= dict.fromkeys(address for other in others for address in other.addresses)
    obstacles += [
        f"{path}: {obstacle}"
        for path, settings in found.items()
        for obstacle in [*_not_found(settings), *agent_settings.obstacles(settings, addresses)]
    ]
    obstacles += [obstacle for other in others for obstacle in other.obstacles]
    by_client = [targets, *(other.files for other in others)]
    doubled = [f"{path}: {_AGAIN}" for files_of_one in by_client for path in agent_settings.told_twice(files_of_one)]
    health = {address: health_of(address) for address in addresses or [address_option(None)]}
    variables = [one for settings in found.values() for one in agent_settings.variables(settings)]
    variables += [one for other in others for one in other.variables]
    for address, name in sorted(dict.fromkeys(variables), key=lambda one: one[1] is not None):
        health[address] = health.get(address) or _refusal(address, name)
    obstacles += [f"{path}: {obstacle}" for path, settings in found.items() for obstacle in _untold(settings, health)]
    spools = Spool.all(default_root())
    conclusion = _conclusion(bool(addresses) or unread, obstacles, health, spools)
    twice = [path for path, events in targets.items() if events]
    twice = next((paths for paths in [twice, *(other.installed_in for other in others)] if len(paths) > 1), [])
    if doubled and conclusion.startswith("✓"):
        conclusion = f"✗ {doubled[0]}"
    elif len(twice) > 1 and conclusion.startswith("✓"):
        conclusion += f"; they are installed {len(twice)} times, and each event counts once"
    if as_json:
        print_json(
            {
                "well": conclusion.startswith("✓"),
                "conclusion": conclusion[2:],
                "obstacles": [*obstacles, *doubled],
                "services": {address: problem or "answers" for address, problem in health.items()},
                "spools": [
                    {"url": spool.url, "waiting": spool.waiting()[0], "refused": spool.refused()[0]} for spool in spools
                ],
            }
        )
        if conclusion.startswith("✗"):
            raise typer.Exit(1)
        return
    out.print(conclusion, markup=False)
    if len(twice) > 1 and not doubled:
        out.print(f"installed {len(twice)} times, in {', '.join(twice)}: {_TWICE}", markup=False)
    for mistake in limits.mistakes(os.environ):
        err.print(f"✗ {mistake}", markup=False, style="red")
    client_hooks.tell_files(targets, agent_settings.EVENTS)
    for other in others:
        client_hooks.tell_files(other.files, other.client.events, f" of {other.client.shown}")
        if other.commands and other.client.note:
            out.print(f"  {other.client.note}", markup=False)
    # What the first line says is not said again.
    for obstacle in [*obstacles, *doubled]:
        if obstacle not in conclusion:
            err.print(f"✗ {obstacle}", markup=False, style="red")
    for address, problem in health.items():
        if not problem or f"{address} {problem}" not in conclusion:
            out.print(f"service {address}: {problem or 'answers'}", markup=False)
    for spool in spools:
        tell_spool(spool, conclusion)
    if conclusion.startswith("✗"):
        raise typer.Exit(1)


def _others(client: ClientName | None, user: bool, project: bool, local: bool) -> list[client_hooks.Found]:
    """What is installed of other clients than Claude Code: of the one that is asked for, or of those of which something is."""
    if client is ClientName.CLAUDE_CODE or local:
        return []
    levels = [project] if user or project else [False, True]
    found = client_hooks.find([CLIENTS[client]] if client else CLIENTS.values(), levels, asked=client is not None)
    return [one for one in found if client or one.commands or one.unread]


def _conclusion(installed: bool, obstacles: Sequence[str], health: Mapping[str, str], spools: Sequence[Spool]) -> str:
    """What all of it comes to, in one line: the first thing that is to be done, or that all is well."""
    if not installed:
        return "✗ no hooks are installed: `loopgraph hooks install` does it"
    if obstacles:
        return f"✗ the hooks do not all run: {obstacles[0]}"
    waiting = Counter[str]()
    for spool in spools:
        if count := spool.waiting()[0]:
            waiting[split_address(spool.url)[0]] += count
    refused = sum(spool.refused()[0] for spool in spools)
    wait = _waits(waiting, health)
    if refused:
        wait = f"; {counted(refused, 'event was', 'events were')} refused{wait}"
    for address, problem in health.items():
        if problem:
            return f"✗ the service at {address} {problem}{wait}"
    for spool in spools:
        service, _ = split_address(spool.url)
        if service in health and (barred := spool.barred()):
            return f"✗ the service at {service} takes no event from here ({barred}): {MEND}{wait}"
    if refused:
        return (
            f"✗ the hooks are installed and the service answers{wait}: `loopgraph hooks flush --refused` tells why, "
            "`loopgraph hooks drop-refused` drops them"
        )
    if waiting.keys() - health.keys():
        wait += ": `loopgraph hooks flush` sends each to its address, with `--url` all to one"
    elif waiting:
        wait += f": `loopgraph hooks flush` sends {'it' if sum(waiting.values()) == 1 else 'them'} now"
    return f"✓ the hooks are installed and the service answers{wait}"


def _refusal(address: str, name: str | None) -> str:
    """Why a service that answers takes nothing of hooks which show the token of a variable; empty if it does."""
    token = service_token(os.environ, name) if name else None
    try:
        shown = authorization(token)
    except InvalidSetting as error:  # all else is to be said, too
        return f"takes no event from here: {error} ({name})"
    if not (why := refusal_of(address, shown)):
        return ""
    if name is None:
        return f"takes no event from here: {why}; install the hooks with --token-env"
    return f"takes no event from here: {why}" + (f" ({name})" if token else f": {name} is not set")


def _untold(settings: Json, health: Mapping[str, str]) -> list[str]:
    """What keeps the client's telemetry from a service that answers and takes its hooks."""
    address = agent_settings.telemetry_to(settings)
    if address is None or health.get(address):
        return []
    if address not in health:
        return [f"telemetry goes to {address}, to which no hooks go: install them once more, with --otel"]
    headers = settings.get("env", {}).get(agent_settings.HEADERS) or os.environ.get(agent_settings.HEADERS, "")
    pairs = [part.partition("=") for part in str(headers).split(",") if "=" in part]
    shown = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    if not all(_NAME.fullmatch(name) and text.isascii() and text.isprintable() for name, text in shown.items()):
        return [f"{agent_settings.HEADERS} holds what is no header"]
    why = refusal_of(address, shown)
    return [f"the service at {address} takes no telemetry from here: {why} ({agent_settings.HEADERS})"] if why else []


def _waits(waiting: Mapping[str, int], installed: Collection[str]) -> str:
    """How many events wait; and for which address, if that is not the only one of the hooks."""
    named = len(waiting) > 1 or any(url not in installed for url in waiting)
    return "".join(
        f"; {counted(count, 'event waits', 'events wait')}"
        + (f" for {url}" if named else "")
        + ("" if url in installed else ", to which no hooks go")
        for url, count in waiting.items()
    )


def _file(user: bool, project: bool, local: bool) -> SettingsFile:
    """The settings file that the options choose. Raises InvalidInput for more than one of them."""
    one_level(user, project, local)
    return SettingsFile(_path(project, local))


def _path(project: bool, local: bool) -> Path:
    if project or local:
        return Path.cwd() / ".claude" / ("settings.json" if project else "settings.local.json")
    return Path.home() / ".claude" / "settings.json"


def _shim(*, shared: bool) -> list[str]:
    """How the shim is started: settings that others share find it on their PATH, one's own name the place it is in."""
    beside = Path(sys.executable).with_name(agent_settings.SHIM)
    if shared:
        return [agent_settings.SHIM]
    if beside.is_file():
        return [str(beside)]
    if found := shutil.which(agent_settings.SHIM):
        return [found]
    return [sys.executable, "-P", "-m", agent_settings.SHIM_MODULE]  # -P: not from the folder the agent works in


def _not_found(settings: Json) -> list[str]:
    """The programs of our handlers that cannot be run from here, each with what to do."""
    return [
        f"{program} cannot be run: install the hooks again"
        if "/" in program
        else f"{program} is not on the PATH: put {Path(sys.executable).parent} on it where the agent starts, "
        "or use --local instead of --project, which writes the whole path"
        for program in agent_settings.programs(settings)
        if shutil.which(os.path.expandvars(os.path.expanduser(program))) is None  # noqa: PTH111 - does not raise
    ]


for _command in (flush, drop_refused):
    hooks.command()(_command)
