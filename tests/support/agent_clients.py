"""Real agent clients, run offline: each in a home of its own, against a stand-in for its model's API."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.stand_in import Script

Json = dict[str, Any]

PROMPT, CHILD = "Look-around please", "Look-deeper"
ANSWER = "All is done."


@dataclass(frozen=True)
class AgentClient:
    """How a client is run. ``binary`` is in ``node_modules``; ``settle`` writes what it needs into its home beside our hooks, and
    ``telemetry`` what has it send OpenTelemetry to an address."""

    name: str
    binary: str
    arguments: Sequence[str]
    environment: Callable[[str], Mapping[str, str]]
    script: Script
    settle: Callable[[Path, str], None] = lambda home, api: None
    telemetry: Callable[[Path, str], None] | None = None

    def command(self, modules: Path) -> list[str]:
        """What starts it, with the prompt."""
        program = str(modules / self.binary)
        return [*(["node"] if program.endswith(".js") else []), program, *self.arguments]


def environment(client: AgentClient, home: Path, api: str) -> dict[str, str]:
    """The variables that it runs with."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOOPGRAPH_", "XDG_", "CI"))}
    spool = {"LOOPGRAPH_HOOK_SPOOL": str(home / "spool"), "LOOPGRAPH_HOOK_TIMEOUT": "20"}
    return {**kept, "HOME": str(home), **spool, **client.environment(api)}


def _codex(home: Path, api: str) -> None:
    lines = [
        'model = "gpt-5-codex"', 'model_provider = "stub"', 'approval_policy = "never"', 'sandbox_mode = "danger-full-access"',
        "[model_providers.stub]", 'name = "stub"', f'base_url = "{api}/v1"', 'wire_api = "responses"', 'env_key = "STUB_KEY"',
    ]  # fmt: skip
    (home / ".codex").mkdir(exist_ok=True)
    (home / ".codex" / "config.toml").write_text("\n".join(lines) + "\n")


def _gemini(home: Path, api: str) -> None:
    path = home / ".gemini" / "settings.json"
    settings: Json = json.loads(path.read_text()) if path.exists() else {}
    settings |= {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
    }
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(settings))


def _codex_telemetry(home: Path, url: str) -> None:
    lines = ["[otel]", 'environment = "test"', "log_user_prompt = true"]
    for name, signal in (("exporter", "logs"), ("trace_exporter", "traces")):
        lines.append(f'{name} = {{ otlp-http = {{ endpoint = "{url}/v1/{signal}", protocol = "binary" }} }}')
    with (home / ".codex" / "config.toml").open("a") as config:
        config.write("\n".join(lines) + "\n")


def _gemini_telemetry(home: Path, url: str) -> None:
    path = home / ".gemini" / "settings.json"
    to = {"enabled": True, "target": "local", "otlpEndpoint": url, "otlpProtocol": "http"}
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "telemetry": {**to, "logPrompts": True, "traces": True}})
    )


def _call(name: str, /, **arguments: Any) -> Json:
    return {"name": name, "arguments": arguments}


def _agents(name: str, /, **arguments: Any) -> Json:
    return {**_call(name, **arguments), "namespace": "multi_agent_v1"}


def _shell(command: str) -> Json:
    return {"command": command, "description": "a command"}


CODEX = AgentClient(
    "codex",
    "@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
    ("exec", "--skip-git-repo-check", "--dangerously-bypass-hook-trust", PROMPT),
    lambda api: {"STUB_KEY": "x"},
    {
        CHILD: [_call("exec_command", cmd="echo deep")],
        PROMPT: [
            _call("exec_command", cmd="echo one"),
            _call("exec_command", cmd="echo two; exit 3"),
            _call("view_image", path="/not/there.png"),
            _agents("spawn_agent", message=CHILD, agent_type="default"),
            _agents("wait_agent", targets=["AGENT_ID"], timeout_ms=20_000),
            _call("exec_command", cmd="cat .agents/skills/look-agents/SKILL.md"),
        ],
    },
    _codex,
    _codex_telemetry,
)

GEMINI = AgentClient(
    "gemini",
    "@google/gemini-cli/bundle/gemini.js",
    ("--yolo", "--skip-trust", "--model", "gemini-2.5-flash", "--prompt", PROMPT),
    lambda api: {"GEMINI_API_KEY": "x", "GOOGLE_GEMINI_BASE_URL": api},
    {
        PROMPT: [
            _call("run_shell_command", **_shell("echo one")),
            _call("run_shell_command", **_shell("exit 3")),
            _call("run_shell_command", **_shell("echo one")),
            _call("list_directory", dir_path="."),
            _call("activate_skill", name="look-gemini"),
        ]
    },
    _gemini,
    _gemini_telemetry,
)

COPILOT = AgentClient(
    "copilot",
    "@github/copilot-linux-x64/copilot",
    ("--prompt", PROMPT, "--allow-all-tools"),
    lambda api: {
        "COPILOT_OFFLINE": "true", "COPILOT_PROVIDER_BASE_URL": f"{api}/v1", "COPILOT_MODEL": "gpt-4.1",
        "COPILOT_AUTO_UPDATE": "false",
    },
    {
        CHILD: [_call("bash", **_shell("echo deep"))],
        PROMPT: [
            _call("bash", **_shell("echo one")),
            _call("bash", **_shell("exit 3")),
            _call("view", path="/not/there"),
            _call("bash", **_shell("echo one")),
            _call("no_such_tool"),
            _call("task", agent_type="explore", name="look", description="look", prompt=CHILD),
            _call("skill", skill="look-github"),
        ],
    },
)  # fmt: skip

CLIENTS = {client.name: client for client in (CODEX, GEMINI, COPILOT)}
"""Cursor's client is in no package registry."""
