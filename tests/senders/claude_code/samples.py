"""Records the sample sessions of the demo anew: ``python -m senders.claude_code.samples CLIENT``.

CLIENT is the program of a real Claude Code. It runs in the project of ``demo/samples/project.toml``, before and after its second
commit, with a stand-in for its model. Of what it writes stays what was said and done: none of the client's own texts, and of
paths those of the project, as ``/home/dev/shop``. The sessions before the second commit are moved back by a day.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from loopgraph.demo.first_look import PROJECT, SAMPLES, history
from support.stand_in import Model, standing_in

Json = dict[str, Any]

PROMPTS = (
    (
        "Bug 12: the total of an empty cart is wrong",
        "Bug 17: the total of a cart with one coupon is wrong",
        "Bug 21: the total after a refund is wrong",
        "/fix 12",
    ),
    (
        "Bug 22: the total with two currencies is wrong",
        "Bug 24: the total in the mail is wrong",
        "Bug 25: the total of a gift card is wrong",
        "/fix 22",
    ),
)
"""What is asked after each commit."""
REFUSED = "Bug 17"
"""The prompt of which the API refuses a request, once all tests have run."""
ANSWER = "An empty cart has no total: sum() is called on None."
CHECK = """#!/bin/sh
case "$1" in
  all) sleep 2; echo "orders: the database is not there" >&2; exit 1 ;;
  cart) sleep 0.4; echo "cart: 1 of 12 failed: an empty cart has no total" ;;
esac
"""


def _bash(command: str, description: str) -> Json:
    return {"name": "Bash", "arguments": {"command": command, "description": description}}


CART = _bash("./check cart", "Runs the tests of cart")
REVIEW = {"description": "review the change", "prompt": "Review the change to cart.txt", "subagent_type": "reviewer"}
SCRIPT = {
    "Run all tests first": [_bash("./check all", "Runs the tests of all"), CART],
    "and no others": [CART],
    "Review the change": [CART],
    "have the reviewer look at the change": [
        _bash("sed -i s/=1/=0/ cart.txt", "Sets the total of an empty cart"),
        {"name": "Agent", "arguments": {**REVIEW, "run_in_background": False}},
    ],
    "is wrong": [{"name": "Skill", "arguments": {"skill": "triage"}}],
}
"""What the model does, by what it was told."""

_LEFT_OUT = {"api-request-shape", "api-request-blob", "atis-latch", "tools-used", "last-prompt", "queue-operation"}
_REQUEST = ("type", "sessionId", "id", "timestamp", "version", "querySource", "agentId")
_FRAME = ("renderedRole", "turnPosition", "rowSource", "turnOrigin", "entrypoint", "userType")
_OWN = re.compile(r"\[Subagent hand-back\].*?The report follows:")
_DAY_MS = 86_400_000


class SlowModel(Model):
    """A model that takes its time, counts tokens by the length of what it is asked, and refuses one request."""

    def _messages(self, asked: Json) -> None:
        said, last = json.dumps(asked), json.dumps(asked["messages"][-1])
        if REFUSED in said and "database is not there" in said and asked.get("tools"):
            error = {"type": "invalid_request_error", "message": "messages.5: the request could not be read"}
            self._refuse({"type": "error", "error": error})
            return
        first, size = len(asked["messages"]) == 1, len(said) // 4
        self._usage = {
            "input_tokens": 12 if first else max(len(last) // 4, 3),
            "cache_creation_input_tokens": size if first else 0,
            "cache_read_input_tokens": 0 if first else size - len(last) // 4,
            "output_tokens": 1,
        }
        time.sleep(0.3)
        super()._messages(asked)

    def _refuse(self, error: Json) -> None:
        data = json.dumps(error).encode()
        self.send_response(400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send(self, content_type: str, body: str) -> None:
        if content_type == "text/event-stream":
            body = body.replace(json.dumps({"input_tokens": 90, "output_tokens": 12}), json.dumps(self._usage))
            body = body.replace('"output_tokens": 12}', f'"output_tokens": {60 if "tool_use" in body else 30}}}')
        super()._send(content_type, body)


def record(client: Path, root: Path) -> Path:
    """The folder of the transcripts that the client writes of all sessions, in a new folder ``root``."""
    home, project = root / "dev", root / "dev" / PROJECT
    home.mkdir(parents=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    environment = kept | {
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / ".claude"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "ANTHROPIC_API_KEY": "none",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    with standing_in(SCRIPT, ANSWER, SlowModel) as api:
        for part in history(project):
            (project / "check").write_text(CHECK)
            (project / "check").chmod(0o755)
            (project / "cart.txt").write_text("total=1\n")
            for number, prompt in enumerate(PROMPTS[part], start=1):
                id_ = f"000000{part + 1}{number}-5a3e-4c1d-8f20-{number + 8 * part:012x}"
                options = ("--session-id", id_, "--allowedTools", "Bash", "Skill(triage)", "Agent")
                said = subprocess.run(
                    [str(client), "--print", prompt, *options], cwd=project, env=environment | {"ANTHROPIC_BASE_URL": api},
                    stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                ).stdout  # fmt: skip
                print(f"{prompt}: {said.strip()}", flush=True)
                if (ANSWER in said) == (REFUSED in prompt):
                    raise SystemExit("that was not to be answered so")
    [written] = (home / ".claude/projects").iterdir()
    return written


def pack(written: Path, root: Path, to: Path) -> None:
    """Writes the transcripts as they come with the package."""
    shutil.rmtree(to, ignore_errors=True)
    for file in sorted(file for file in written.rglob("*") if file.is_file()):
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".jsonl":
            lines = list(_said([json.loads(line) for line in text.splitlines()], of_subagent="subagents" in file.parts))
            text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
        text = _OWN.sub("[the client's own text left out]", text).replace(str(root / "dev"), "/home/dev")
        name = file.relative_to(written)
        if name.parts[0].startswith("0000001"):
            text = _a_day_earlier(text)
        place = to / f"-home-dev-{PROJECT}" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def _said(lines: list[Json], *, of_subagent: bool) -> Iterator[Json]:
    """The lines that say something, each after the one that it now follows."""
    parents: dict[str, str | None] = {}
    for line in lines:
        kind, attachment = line["type"], line.get("attachment") or {}
        if kind in _LEFT_OUT:
            continue
        if kind == "api-request":
            line = {name: line[name] for name in _REQUEST if name in line}
        elif kind == "attachment":
            if attachment["type"] == "prompt_snapshot" and of_subagent and attachment.get("systemPrompt"):
                line["attachment"] = {"type": "prompt_snapshot", "systemPrompt": attachment["systemPrompt"][:1]}
            elif attachment["type"] != "instructions":
                parents[line["uuid"]] = line["parentUuid"]
                continue
        while (parent := line.get("parentUuid")) in parents:
            line["parentUuid"] = parents[parent]
        yield {name: value for name, value in line.items() if name not in (*_FRAME, "rendered")}


def _a_day_earlier(text: str) -> str:
    def day(match: re.Match[str]) -> str:
        return f'"{(datetime.fromisoformat(match[1]) - timedelta(days=1)).date()}T'

    text = re.sub(r'"(\d{4}-\d\d-\d\d)T', day, text)
    return re.sub(r"\b1[0-9]{12}\b", lambda match: str(int(match[0]) - _DAY_MS), text)


def main() -> None:
    """Entry point."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("client", type=Path)
    client: Path = arguments.parse_args().client
    with TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "root"
        pack(record(client, root), root, SAMPLES / "sessions")
    print(
        "the days of the samples are named in demo/first_look.py, its tests, README.md, docs/demo.md, and project.toml"
    )


if __name__ == "__main__":
    main()
