"""Our hooks in the settings of the agent client: pure functions on the parsed JSON of a settings file.

None of them changes its argument; what is there and is not ours stays as it is, in its order. An HTTP handler is ours by the
marker in its URL's query, a command handler by the program it runs; so both stay ours when somebody edits host or port.
"""

from __future__ import annotations

import copy
import fnmatch
import itertools
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from loopgraph.clients.hook_shim import PATH
from loopgraph.errors import InvalidInput

Json = dict[str, Any]

MARKER = ("via", "loopgraph-hooks")
SHIM, SHIM_MODULE = "loopgraph-hook", "loopgraph.clients.hook_shim"
LEVEL = "--level"
"""The option by which the shim's command of a project differs from that of its user, whatever the shell makes of its program."""
HTTP_TIMEOUT_S, COMMAND_TIMEOUT_S = 2, 5

EVENTS = (
    "Setup", "SessionStart", "SessionEnd", "UserPromptSubmit", "UserPromptExpansion", "PreToolUse", "PostToolUse",
    "PostToolUseFailure", "PostToolBatch", "PermissionRequest", "PermissionDenied", "Stop", "StopFailure", "SubagentStart",
    "SubagentStop", "TaskCreated", "TaskCompleted", "TeammateIdle", "Notification", "PreCompact", "PostCompact",
    "InstructionsLoaded", "PreModelSwitch", "PostModelSwitch", "ConfigChange", "CwdChanged", "Elicitation",
    "ElicitationResult",
)  # fmt: skip
"""The events that are traced. WorktreeCreate and WorktreeRemove are not: a hook there takes the client's own work over.
MessageDisplay comes with every piece of text, and FileChanged wants the names of files."""

COMMAND_ONLY = frozenset({"Setup", "SessionStart"})
"""The events for which the client runs no HTTP handlers."""

HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
"""The variable with what an exporter shows: a token stays out of settings, so whoever has one sets it."""
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

TELEMETRY_KEYS = "LOOPGRAPH_TELEMETRY"
"""The variable that names those that we have set, so that they can be removed and no others."""


@dataclass(frozen=True)
class Wanted:
    """What to install. ``durable``: the shim for all events, which keeps them while the service is away. ``pattern`` is the
    id of a pattern that every prompt uses. ``level``: of the settings, if they are not the user's (``LEVEL``)."""

    url: str
    shim: Sequence[str]
    token_env: str | None = None
    durable: bool = False
    pattern: str | None = None
    level: str | None = None

    def handler(self, event: str) -> Json:
        """The handler of an event."""
        if self.durable or event in COMMAND_ONLY:
            options = {"--url": self.url, "--token-env": self.token_env, "--pattern": self.pattern, LEVEL: self.level}
            words = [*self.shim, *(word for name, value in options.items() if value for word in (name, value))]
            return {"type": "command", "command": shlex.join(words), "timeout": COMMAND_TIMEOUT_S}
        handler: Json = {"type": "http", "url": hook_url(self.url, self.pattern), "timeout": HTTP_TIMEOUT_S}
        if self.token_env:
            handler["headers"] = {"Authorization": f"Bearer ${self.token_env}"}
            handler["allowedEnvVars"] = [self.token_env]
        return handler


def hook_url(address: str, pattern: str | None = None) -> str:
    """The URL of our HTTP handlers for the service at this address."""
    return f"{address}{PATH}?{urlencode([MARKER, *([('pattern', pattern)] if pattern else [])])}"


def is_ours(handler: object) -> bool:
    """Whether a handler was installed by us."""
    match handler:
        case {"type": "http", "url": str(url)}:
            return MARKER in parse_qsl(urlsplit(url).query)
        case {"type": "command", "command": str(command)}:
            return runs_the_shim(command)
        case _:
            return False


def runs_the_shim(command: str) -> bool:
    """Whether a command of a shell runs our shim."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    program = words[0].rpartition("/")[2] if words else ""
    return program == SHIM or (program.startswith("python") and SHIM_MODULE in words)


def check(settings: object) -> Json:
    """The settings, if their hooks and env are as the client wants them. Raises InvalidInput, which names the place."""
    if not isinstance(settings, dict):
        raise InvalidInput("settings", "must be a JSON object")
    hooks = settings.get("hooks", {})
    if not isinstance(hooks, dict):
        raise InvalidInput("hooks", "must be an object with a list for each event")
    for event, groups in hooks.items():
        if not isinstance(groups, list):
            raise InvalidInput(f"hooks.{event}", "must be a list")
        for number, group in enumerate(groups):
            if not isinstance(group, dict) or not isinstance(group.get("hooks", []), list):
                raise InvalidInput(f"hooks.{event}.{number}", "must be an object whose `hooks` is a list")
    if not isinstance(settings.get("env", {}), dict):
        raise InvalidInput("env", "must be an object")
    return settings


def install(settings: Json, wanted: Wanted) -> Json:
    """The settings with our handlers as wanted: those already there are brought up to date in their place."""
    result = copy.deepcopy(settings)
    hooks = result.setdefault("hooks", {})
    for event in EVENTS:
        handler = wanted.handler(event)
        places = [
            (group["hooks"], number)
            for group in hooks.get(event, [])
            for number, there in enumerate(group.get("hooks", []))
            if is_ours(there)
        ]
        if not places:
            hooks.setdefault(event, []).append({"hooks": [handler]})
            continue
        first, *others = places
        first[0][first[1]] = handler
        for handlers, number in reversed(others):  # a second one would record everything twice
            del handlers[number]
    return result


def uninstall(settings: Json) -> Json:
    """The settings without our handlers and variables, and without the lists and objects that this leaves empty."""
    result = copy.deepcopy(settings)
    hooks = result.get("hooks", {})
    for event in list(installed(settings)):
        left = []
        for group in hooks[event]:
            handlers = group.get("hooks", [])
            others = [handler for handler in handlers if not is_ours(handler)]
            if len(others) == len(handlers):
                left.append(group)
            elif others:
                left.append({**group, "hooks": others})
        if left:
            hooks[event] = left
        else:
            del hooks[event]
    if not hooks and settings.get("hooks"):
        del result["hooks"]
    return _without_telemetry(result)


def installed(settings: Json) -> dict[str, list[str]]:
    """Our handlers by event, each as its URL or its command."""
    found: dict[str, list[str]] = {}
    for event, groups in settings.get("hooks", {}).items():
        for group in groups:
            for handler in filter(is_ours, group.get("hooks", [])):
                found.setdefault(event, []).append(handler.get("url") or handler["command"])
    return found


def address_of(target: str) -> str:
    """The service's URL in one of our handlers, given as ``installed`` gives it."""
    if _is_url(target):
        return target.partition(PATH)[0]
    words = shlex.split(target)
    return next((after for word, after in itertools.pairwise(words) if word == "--url"), "")


def variables(settings: Json) -> list[tuple[str, str | None]]:
    """The address that each of our handlers speaks to, and the variable that holds the token which it shows; None where it
    shows none. Each once."""
    found: dict[tuple[str, str | None], None] = {}
    for groups in settings.get("hooks", {}).values():
        for handler in (one for group in groups for one in filter(is_ours, group.get("hooks", []))):
            if handler["type"] == "http":
                names = handler.get("allowedEnvVars")
                shown = str(names[0]) if isinstance(names, list) and names else None
                found[address_of(handler["url"]), shown] = None
            else:
                found[address_of(handler["command"]), variable_of(handler["command"])] = None
    return list(found)


def variable_of(command: str) -> str:
    """The variable that holds the token which a command of our shim shows."""
    words = shlex.split(command)
    return next((after for word, after in itertools.pairwise(words) if word == "--token-env"), "LOOPGRAPH_TOKEN")


def programs(settings: Json) -> list[str]:
    """The programs that our command handlers run, each once: a bare name, or the path of one."""
    targets = (target for ours in installed(settings).values() for target in ours)
    return list(dict.fromkeys(shlex.split(target)[0] for target in targets if not _is_url(target)))


def told_twice(files: Mapping[str, Mapping[str, Sequence[str]]]) -> list[str]:
    """The files of which a command is that of another file in other words, in which the service cannot know the two apart.

    ``files`` are our commands by file and event. Those that are alike a client runs once.
    """
    known: dict[tuple[str, ...], str] = {}
    found = []
    for file, events in files.items():
        for target in dict.fromkeys(target for ours in events.values() for target in ours if not _is_url(target)):
            program, *options = shlex.split(target)
            if known.setdefault((program.rpartition("/")[2], *options), target) != target:
                found.append(file)
    return list(dict.fromkeys(found))


def obstacles(settings: Json, addresses: Iterable[str], token_env: str | None = None) -> list[str]:
    """What in the settings keeps the client from running our hooks."""
    found = []
    if settings.get("disableAllHooks") is True:
        found.append("disableAllHooks is true: the client runs no hooks")
    allowed_urls, allowed_names = settings.get("allowedHttpHookUrls"), settings.get("httpHookAllowedEnvVars")
    for address in addresses:
        if isinstance(allowed_urls, list) and not _matches(hook_url(address), allowed_urls):
            found.append(f"allowedHttpHookUrls has no pattern for {hook_url(address)}")
    if token_env and isinstance(allowed_names, list) and token_env not in allowed_names:
        found.append(f"httpHookAllowedEnvVars does not name {token_env}")
    return found


def _is_url(target: str) -> bool:
    return target.startswith(("http://", "https://"))


def _matches(url: str, patterns: Iterable[object]) -> bool:
    return any(fnmatch.fnmatchcase(url, str(pattern)) for pattern in patterns)


def telemetry(url: str) -> dict[str, str]:
    """The variables with which the client sends its OpenTelemetry data here: exact trees of subagents, tokens, costs."""
    return {
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        _ENDPOINT: url,
    }


def telemetry_to(settings: Json) -> str | None:
    """Where the client's telemetry goes by these settings; None if we have not set that."""
    env = settings.get("env", {})
    return str(env.get(_ENDPOINT)) if _ENDPOINT in str(env.get(TELEMETRY_KEYS, "")).split() else None


def install_telemetry(settings: Json, url: str) -> Json:
    """The settings with ``telemetry(url)`` in their ``env``. Raises InvalidInput for a variable that has another value."""
    result = copy.deepcopy(settings)
    env: Json = result.setdefault("env", {})
    ours = set(str(env.get(TELEMETRY_KEYS, "")).split())
    for name, value in telemetry(url).items():
        if name in env and env[name] != value and name not in ours:
            raise InvalidInput(f"env.{name}", f"is {env[name]!r} already; {value!r} is needed here, so remove it first")
        if name not in env:
            ours.add(name)
        env[name] = value
    if ours:
        env[TELEMETRY_KEYS] = " ".join(sorted(ours))
    return result


def _without_telemetry(settings: Mapping[str, Any]) -> Json:
    result = dict(settings)
    env = dict(result.get("env", {}))
    if TELEMETRY_KEYS in env:
        for name in [*str(env.pop(TELEMETRY_KEYS)).split()]:
            env.pop(name, None)
        result["env"] = env
        if not env:
            del result["env"]
    return result
