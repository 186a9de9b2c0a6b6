"""A project with an adopted skill, in a home of its own, and sessions of the client in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from support.waiting import PATIENCE_S

PROMPT = "Check my work please"
MATTER = "---\nname: checking\ndescription: Checks the work. Use it whenever work is to be checked.\n---\n"
CONTROL = "Check the work in three steps: first the letters, then the words, then the whole.\n"
TREATMENT = "Check the work as a whole, in one step.\n"
CHECK = """#!/bin/sh
sleep 0.3
test "$1" = whole || { echo "$1 alone cannot be checked" >&2; exit 1; }
"""
_FOREIGN = ("LOOPGRAPH_", "XDG_", "CLAUDE", "ANTHROPIC_", "OTEL_", "CI")


class Wrong(Exception):
    """Something is not as it must be."""


class Place:
    """Where all of it is. ``settings`` are variables of the service, which is at ``url``."""

    def __init__(self, root: Path, url: str) -> None:
        self.root, self.url = root, url
        self.project, home = root / "project", root / "home"
        self.skill = self.project / ".claude/skills/checking/SKILL.md"
        self.skill.parent.mkdir(parents=True)
        home.mkdir()
        self.settings = {
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / ".claude"),
            "LOOPGRAPH_GRAPH_URL": f"embedded:{root / 'graph'}",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environment = kept | self.settings | {"PATH": path, "LOOPGRAPH_URL": url, "GIT_CONFIG_GLOBAL": os.devnull}

    def run(self, *command: str, **variables: str) -> str:
        """What a program printed in the project. Raises Wrong if it ends badly."""
        done = subprocess.run(
            command,
            cwd=self.project,
            env=self._environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S * 4,
            check=False,
        )
        if done.returncode:
            raise Wrong(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def settle(self) -> None:
        """Makes the project, scans it, adopts its skill, and scans it again: what was committed last is not put into use."""
        self.skill.write_text(MATTER + CONTROL)
        check = self.project / "check"
        check.write_text(CHECK)
        check.chmod(0o755)
        self.run("git", "init", "--quiet")
        self._commit("A skill")
        self.run("loopgraph", "patterns", "scan", "--no-user")
        print(self.run("loopgraph", "pattern", "adopt", str(self.skill.relative_to(self.project))), end="", flush=True)
        self.run("loopgraph", "hooks", "install", "--project", "--url", self.url)
        self._commit("The skill fetches its text")
        scanned = json.loads(self.run("loopgraph", "patterns", "scan", "--no-user", "--json"))
        if "loopgraph pattern render" not in self.skill.read_text() or '"checking"' not in json.dumps(scanned):
            raise Wrong(f"the skill was not adopted: {self.skill.read_text()} {scanned}")

    def session(self, client: Path, id_: str, api: str, answer: str) -> str:
        """Runs the client for one session; the text of the skill that its model was given, by its transcript. Raises Wrong."""
        said = self.run(
            *(str(client), "--print", PROMPT, "--session-id", id_),
            *("--allowedTools", "Bash(./check:*)", f"Skill({self.skill.parent.name})"),
            ANTHROPIC_BASE_URL=api,
            ANTHROPIC_API_KEY="none",
            DISABLE_AUTOUPDATER="1",
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
        )
        if answer not in said:
            raise Wrong(f"session {id_} answered {said!r}")
        [transcript] = (self.root / "home/.claude/projects").glob(f"*/{id_}.jsonl")
        written = transcript.read_text()
        given = [text for text in (CONTROL, TREATMENT) if json.dumps(text.strip())[1:-1] in written]
        if len(given) != 1:
            raise Wrong(f"session {id_} was given {given or 'no text'}; its transcript: {written[-5_000:]}")
        return given[0]

    def _commit(self, message: str) -> None:
        self.run("git", "add", "--all")
        self.run("git", "-c", "user.name=dev", "-c", "user.email=dev@example.org", "commit", "--quiet", "-m", message)
