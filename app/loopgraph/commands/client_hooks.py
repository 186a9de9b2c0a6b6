"""``loopgraph hooks … --client``: the hooks of agent clients other than Claude Code."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import NamedTuple

from loopgraph.commands.terminal import err, out
from loopgraph.contracts.counted import counted
from loopgraph.errors import InvalidInput
from loopgraph.installer import agent_settings, client_settings
from loopgraph.installer.client_settings import CLIENTS, Client, Wanted
from loopgraph.installer.settings_file import Json, SettingsFile

_NAMED = 3
"""So many events of one target are named; more are counted."""


class ClientName(StrEnum):
    """The agent clients whose hooks can be installed."""

    CLAUDE_CODE = "claude-code"
    CODEX = "codex"
    GEMINI = "gemini"
    CURSOR = "cursor"
    COPILOT = "copilot"


def client_of(name: ClientName, *, local: bool) -> Client:
    """The client. Raises InvalidInput if it has no settings of that level."""
    if local:
        raise InvalidInput("--local", f"{name} has no such settings; use --user or --project")
    return CLIENTS[name]


def install(client: Client, wanted: Wanted, *, project: bool) -> None:
    """Adds our hooks to the client's settings, and says what a user has to do beside."""
    file = SettingsFile(client.file(project=project))

    def change(settings: Json) -> Json:
        return client_settings.install(client, client_settings.check(client, settings), wanted)

    before = file.read()
    backup = file.change(change)
    settings = file.read()
    for problem in _problems(client, [str(file.path)], [settings]):
        err.print(f"✗ {problem}", markup=False, style="red")
    if settings == before:
        out.print(f"{file.path}: nothing to change", markup=False)
        return
    out.print(
        f"{file.path}: hooks for {counted(len(client.events), 'event')} of {client.shown} go to {wanted.url}",
        markup=False,
    )
    if backup is not None:
        out.print(f"backup: {backup}", markup=False)
    if client.note:
        out.print(client.note, markup=False)


def uninstall(client: Client, *, project: bool) -> None:
    """Takes our hooks out of the client's settings, and nothing else."""
    file = SettingsFile(client.file(project=project))

    def change(settings: Json) -> Json:
        return client_settings.uninstall(client, client_settings.check(client, settings))

    if file.change(change) is None:
        out.print(f"{file.path}: nothing to change", markup=False)
        return
    out.print(f"{file.path}: our hooks are out", markup=False)
    for backup in file.tidy(change):
        out.print(f"backup: {backup}", markup=False)


class Found(NamedTuple):
    """What of our hooks is in a client's settings files: for each file, our commands by event; and what keeps them from
    running. ``unread``: some files could not be read, though there may be something of ours in them."""

    client: Client
    files: dict[str, dict[str, list[str]]]
    obstacles: list[str]
    unread: bool = False

    @property
    def commands(self) -> list[str]:
        """Our commands, each once."""
        return list(
            dict.fromkeys(command for events in self.files.values() for ours in events.values() for command in ours)
        )

    @property
    def addresses(self) -> list[str]:
        """The addresses that they send to."""
        return list(dict.fromkeys(client_settings.option(command, "--url") for command in self.commands))

    @property
    def variables(self) -> list[tuple[str, str | None]]:
        """The address that each of them speaks to, and the variable that holds the token which it shows."""
        return [
            (client_settings.option(command, "--url"), agent_settings.variable_of(command)) for command in self.commands
        ]

    @property
    def installed_in(self) -> list[str]:
        """The files that have some of our hooks."""
        return [path for path, events in self.files.items() if events]


def find(clients: Iterable[Client], levels: Sequence[bool] = (False, True), *, asked: bool = False) -> list[Found]:
    """What is installed of each client; ``levels``: whether a project's settings; ``asked``: somebody asks for these clients, and
    wants to know what is wrong with their settings though nothing of ours is in them."""
    found = []
    for client in clients:
        paths = [client.file(project=project) for project in levels]
        read, problems = read_all(paths, partial(client_settings.check, client), asked=asked)
        files = {path: client_settings.installed(settings) for path, settings in read.items()}
        found.append(Found(client, files, [*problems, *_problems(client, read, read.values())], bool(problems)))
    return found


def read_all(paths: Iterable[Path], check: Callable[[Json], Json], *, asked: bool) -> tuple[dict[str, Json], list[str]]:
    """The settings in some files, each file once, by whatever path; and what keeps others from being read. Of that only what
    matters, unless somebody has ``asked``: in a file without our name is nothing of ours."""
    read, problems, known = dict[str, Json](), list[str](), set[Path]()
    for path in paths:
        try:
            file = SettingsFile(path)
            if file.target not in known:
                known.add(file.target)
                read[str(path)] = file.changed(file.read(), check)
        except InvalidInput as error:
            if asked or _has_our_name(path):
                problems.append(str(error))
    return read, problems


def _has_our_name(path: Path) -> bool:
    try:
        return b"loopgraph" in path.read_bytes()
    except OSError:
        return False


def _problems(client: Client, paths: Iterable[str], read: Iterable[Json]) -> list[str]:
    """What keeps our hooks in these settings from running, each with what to do."""
    found = []
    for path, settings in zip(paths, read, strict=True):
        commands = [command for ours in client_settings.installed(settings).values() for command in ours]
        found += [
            f"{path}: {reason}: {client.shown} runs no hooks" for reason in client_settings.switched_off(settings)
        ]
        for program in dict.fromkeys(client_settings.program(command) for command in commands):
            if shutil.which(program) is None:
                found.append(
                    f"{path}: {program} cannot be run: put it on the PATH where {client.shown} starts, or use --user"
                )
    return found


def tell_files(files: Mapping[str, Mapping[str, Sequence[str]]], known: Sequence[str], of: str = "") -> None:
    """Says which settings files have hooks, for which of the events that are ``known``, and where those go."""
    for path, events in files.items():
        if not events:
            continue
        out.print(f"{path}: hooks for {len(events)} of {counted(len(known), 'event')}{of}", markup=False)
        by_target: dict[str, list[str]] = {}
        for event, targets in events.items():
            for target in targets:
                by_target.setdefault(target, []).append(event)
        for target, names in by_target.items():
            shown = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} events"
            out.print(f"  {shown}: {target}", markup=False)
        if missing := [event for event in known if event not in events]:
            out.print(f"  none for {', '.join(missing)}", markup=False)
    if none := [path for path, events in files.items() if not events]:
        out.print(f"no hooks{of} in {', '.join(none)}", markup=False)
