"""Records a session of a real agent client with all that it tells at once: hooks, OpenTelemetry, and its own transcript.

``PYTHONPATH=tests python -m senders.agents.record codex|gemini``, after ``make agents``, writes ``<client>_all.jsonl`` of
``tests/data/agent_clients``: what was sent, in the order of arrival, and last the files that the client keeps. The client's own
long texts are left out.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from senders.stub import request_json
from support.agent_clients import ANSWER, CHILD, CODEX, GEMINI, AgentClient, environment
from support.stand_in import Script, standing_in

Json = dict[str, Any]

MODULES = Path(__file__).parent / "node_modules"
RECORDED = Path(__file__).parent.parent.parent / "data/agent_clients"
_LONGEST = 1_500

FIRST, AGAIN, LAST = "Look-around please", "Once-more", "And-that"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sent: list[Json] = []

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        body = self._body()
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        signal = self.path.rpartition("/")[2]
        told: Any = None
        if signal in ("logs", "traces"):
            told = json.loads(body) if "json" in self.headers.get("content-type", "") else request_json(signal, body)
        elif self.path.startswith("/api/hooks/"):
            told = json.loads(body)
        if told is not None:
            at = self.headers.get("x-event-timestamp") or datetime.now(UTC).isoformat()
            self.sent.append({"at": at, "path": self.path, "body": told})
        self._answer()

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


@contextmanager
def _service() -> Iterator[tuple[str, list[Json]]]:
    class Handler(_Handler):
        sent: list[Json] = []

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", Handler.sent
    finally:
        server.shutdown()
        server.server_close()


def _codex() -> list[list[str]]:
    program = str(MODULES / CODEX.binary)
    flags = ["--skip-git-repo-check", "--dangerously-bypass-hook-trust"]
    return [
        [program, "-c", "bypass_hook_trust=true", "app-server"],
        [program, "exec", "resume", *flags, "--last", LAST],
    ]


def _gemini() -> list[list[str]]:
    base = GEMINI.command(MODULES)[:-1]
    return [[*base, FIRST], [*base[:-1], "--resume", "latest", "--prompt", AGAIN]]


def _call(name: str, /, **arguments: Any) -> Json:
    return {"name": name, "arguments": arguments}


def _shell(command: str) -> Json:
    return _call("run_shell_command", command=command, description="a command")


SCRIPTS: dict[str, Script] = {
    "codex": {
        CHILD: [_call("exec_command", cmd="echo deep")],
        FIRST: CODEX.script["Look-around please"],
        AGAIN: [_call("exec_command", cmd="echo again")],
        LAST: [_call("exec_command", cmd="echo last")],
    },
    "gemini": {
        FIRST: GEMINI.script["Look-around please"],
        AGAIN: [_shell("echo again"), _call("read_file", file_path="/not/there")],
    },
}
FILES = {"codex": ".codex/sessions/**/*.jsonl", "gemini": ".gemini/tmp/*/chats/*.jsonl"}


def _converse(program: list[str], variables: dict[str, str], project: Path, prompts: list[str]) -> None:
    """A conversation with the server of Codex: several turns of one thread, in one process."""
    with subprocess.Popen(
        program, env=variables, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        lines = process.stdout

        def say(message: Json) -> None:
            assert process.stdin
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()

        def until(key: str, value: Any, thread: str | None = None) -> Json:
            for line in lines:
                told: Json = json.loads(line)
                of = (told.get("params") or {}).get("threadId")
                if told.get(key) == value and (thread is None or of == thread):
                    return told
            raise AssertionError(f"nothing of {value}")

        say({"id": 0, "method": "initialize", "params": {"clientInfo": {"name": "recorder", "version": "1"}}})
        until("id", 0)
        say({"method": "initialized"})
        begin = {
            "cwd": str(project), "approvalPolicy": "never", "sandbox": "danger-full-access",
            "config": {"bypass_hook_trust": True},
        }  # fmt: skip
        say({"id": 1, "method": "thread/start", "params": begin})
        thread = until("id", 1)["result"]["thread"]["id"]
        for number, prompt in enumerate(prompts, start=2):
            say(
                {
                    "id": number,
                    "method": "turn/start",
                    "params": {"threadId": thread, "input": [{"type": "text", "text": prompt}]},
                }
            )
            until("method", "turn/completed", thread)
        process.stdin.close()
        process.wait(60)


def record(client: AgentClient, commands: list[list[str]]) -> list[Json]:
    """What a client sends, and keeps."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _service() as (url, sent),
        standing_in(SCRIPTS[client.name], ANSWER) as api,
    ):
        home, project = Path(folder), Path(folder) / "project"
        project.mkdir()
        variables = environment(client, home, api)
        install = [sys.executable, "-m", "loopgraph", "hooks", "install", "--client", client.name, "--url", url]
        subprocess.run(install, env=variables, cwd=project, check=True, capture_output=True)
        client.settle(home, api)
        assert client.telemetry
        client.telemetry(home, url)
        for command in commands:
            if command[-1] == "app-server":
                _converse(command, variables, project, [FIRST, AGAIN, AGAIN])
            else:
                subprocess.run(command, env=variables, cwd=project, check=True, stdin=subprocess.DEVNULL, timeout=300)
        kept = [
            {"file": str(path.relative_to(home)), "lines": [json.loads(line) for line in path.read_text().splitlines()]}
            for path in sorted(home.glob(FILES[client.name]))
        ]
        here = str(Path(__file__).resolve().parent)
        text = json.dumps([*sent, *kept]).replace(here, "/home/dev").replace(folder, "/home/dev")
        text = text.replace(os.uname().nodename, "vm")
        return [_shortened(one) for one in map(_kept, json.loads(text)) if one]


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[:40] + "…"
    if isinstance(value, dict):
        return {name: _shortened(inner) for name, inner in value.items()}
    return [_shortened(inner) for inner in value] if isinstance(value, list) else value


def _kept(sent: Json) -> Json | None:
    """What is sent without what says nothing of its own: spans of the insides of Codex, progress of its streams."""
    body = sent.get("body", {})
    for kind, scopes, items, is_worth in (
        ("resourceSpans", "scopeSpans", "spans", _is_worth_span),
        ("resourceLogs", "scopeLogs", "logRecords", _is_worth_log),
    ):
        for resource in body.get(kind, ()):
            for scope in resource[scopes]:
                scope[items] = [one for one in scope[items] if is_worth(_attributes(one))]
            resource[scopes] = [scope for scope in resource[scopes] if scope[items]]
        if kind in body:
            body[kind] = [resource for resource in body[kind] if resource[scopes]]
            return sent if body[kind] else None
    return sent


def _attributes(one: Json) -> Json:
    found = {each["key"]: next(iter(each["value"].values()), None) for each in one.get("attributes", ())}
    one["attributes"] = [each for each in one.get("attributes", ()) if not _INSIDE.match(each["key"])]
    return found


_INSIDE = re.compile(r"code\.|thread\.|busy_ns|idle_ns|target|auth\.")
_OF_TURN = {"turn.id", "turn_id", "gen_ai.usage.input_tokens", "gen_ai.conversation.id"}


def _is_worth_span(told: Json) -> bool:
    return not told.keys().isdisjoint(_OF_TURN)


def _is_worth_log(told: Json) -> bool:
    name = str(told.get("event.name"))
    if name == "codex.sse_event":
        return "input_token_count" in told
    return name.startswith(("codex.user_prompt", "codex.tool_", "codex.api_", "gemini_cli.", "codex.turn_"))


if __name__ == "__main__":
    told = record(*{"codex": (CODEX, _codex()), "gemini": (GEMINI, _gemini())}[sys.argv[1]])
    path = RECORDED / f"{sys.argv[1]}_all.jsonl"
    path.write_text("".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in told))
    print(f"{path}: {len(told)}")
