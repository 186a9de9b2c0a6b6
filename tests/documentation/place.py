"""Where blocks of pages run: a home with sample sessions of an agent and the project that it worked in, a real service on an
embedded engine, and a broker of Kafka for pages that name one, all in a temporary folder."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import yaml

from documentation.blocks import Block, steps
from documentation.shape import differs
from loopgraph.demo.first_look import SAMPLES, history
from support.broker import Broker, running_broker
from support.engines.processes import free_port
from support.process import wait_until_ready
from support.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
WAITING = re.compile(r"^… waiting for .*\n", re.M)
"""What commands say on a busy machine."""

RUN = ("sh", "console", "settings", "graphql", "python", "json", "yaml", "toml")
"""The languages whose blocks are run, or read by a parser; of others blocks are shown only."""

READ = ("json", "yaml", "toml")
"""Those of them that a parser reads: no service is needed for that."""

SHOWN = ("", "mermaid")
"""Those of what is shown only: what something prints, and pictures."""

_HERE = re.compile(r"(?<=\blocalhost:|127\.0\.0\.1:)(8053|9092)\b")
MAKE = f"make() {{ command make --dry-run --silent --directory '{ROOT}' \"$@\" > /dev/null; }}\n"
"""That there is such a target: what it would install is installed here, and what it would run has tests of its own."""

SERVE = re.compile(r"((?:LOOPGRAPH_\w+=\S+ +)*)loopgraph serve(?: +2>> service\.log)?(?: +#.*)?")


class Place:
    """A home, a graph and a service on it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.port = free_port()
        self._broker: Broker | None = None
        self._until_it_is_left = contextlib.ExitStack()
        self._folder = folder
        self._state = folder / "state.sh"
        self._log = self.home / "service.log"
        self._service: subprocess.Popen[bytes] | None = None
        self._settings: dict[str, str] = {}
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LOOPGRAPH_", "XDG_", "CLAUDE_", "CODEX_", "GIT_")) or "EMBEDDED" in name
        } | {
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LOOPGRAPH_PORT": str(self.port),
            "COLUMNS": "200",
            "LOOPGRAPH_QUERY_TIMEOUT_MS": f"{PATIENCE_S * 1000:.0f}",
            "LOOPGRAPH_OPERATION_TIMEOUT_MS": f"{PATIENCE_S * 1000:.0f}",
        }
        self.home.mkdir(parents=True)
        (self.home / ".venv").symlink_to(sys.prefix)
        shutil.copytree(SAMPLES / "sessions", self.home / ".claude" / "projects")
        (self.home / "src").mkdir()
        for _ in history(self.home / "src" / "shop"):
            pass

    def begin(self) -> None:
        """Before a page: at home, with an environment of its own, and a service without settings."""
        self._state.write_text(f"cd '{self.home}'\n", encoding="utf-8")
        if self._service is None or self._settings:
            self.serve({})

    def serve(self, settings: dict[str, str]) -> None:
        """Starts the service anew with these settings."""
        self.stop()
        command = [sys.executable, "-m", "loopgraph", "serve"]
        with self._log.open("ab") as log:
            self._service = subprocess.Popen(
                command, env=self._environment | settings, cwd=self.home, stdout=log, stderr=log
            )
        self._settings = settings
        try:
            wait_until_ready(self.port, self._service, 4 * PATIENCE_S)
        except AssertionError as problem:
            raise AssertionError(f"{problem}; its log ends: {self._log.read_text(errors='replace')[-2_000:]}") from None

    def stop(self) -> None:
        """Ends the service in order."""
        if self._service is not None:
            self._service.send_signal(signal.SIGTERM)
            self._service.wait(PATIENCE_S)
            self._service = None

    @property
    def broker(self) -> Broker:
        """The broker of pages that name one; the id of its process is in ``broker.pid``, at home. Raises Unavailable."""
        if self._broker is None:
            folder = self._folder / "kafka"
            folder.mkdir()
            self._broker = self._until_it_is_left.enter_context(running_broker(folder))
            (self.home / "broker.pid").write_text(f"{self._broker.pid}\n", encoding="utf-8")
        return self._broker

    def leave(self) -> None:
        """Ends the service and the broker, and lets go of a disk that a page has mounted."""
        self.stop()
        self._until_it_is_left.close()
        if (self.home / "small").is_mount():
            subprocess.run(["umount", "-l", str(self.home / "small")], check=True)

    def run(self, block: Block) -> None:
        """Runs a block. Raises AssertionError with what is wrong."""
        text = self.here(block.text)
        match block.language:
            case "sh" | "console":
                for step in steps(Block(block.line, block.language, text, None)):
                    self._type(step.command, step.shown)
            case "settings":
                said = self.typed(f"env {' '.join(text.split())} loopgraph config show > /dev/null")
                assert not said, said
            case "graphql":
                self._ask(text)
            case "python":
                code, told = self._program([sys.executable, "-c", text])
                assert code == 0, told
            case "json":
                json.loads(text)
            case "yaml":
                list(yaml.safe_load_all(text))
            case "toml":
                tomllib.loads(text)

    def here(self, text: str) -> str:
        """A text of a page with the ports of the service and the broker here. Raises Unavailable where no broker can be had."""
        return _HERE.sub(lambda port: str(self.port if port[0] == "8053" else self.broker.port), text)

    def as_written(self, told: str) -> str:
        """What was told here, as a page has it."""
        told = told.replace(f":{self.port}", ":8053").replace(str(self.home), "/home/ann")
        return told if self._broker is None else told.replace(f":{self._broker.port}", ":9092")

    def _type(self, command: str, shown: str | None) -> None:
        told = self.typed(command)
        if shown is not None and (wrong := differs(shown, told)):
            raise AssertionError(f"{command!r}: {wrong}")

    def typed(self, command: str) -> str:
        """What is seen of a command in a terminal, complaints included. Raises AssertionError if it does not end well."""
        if served := SERVE.fullmatch(command.strip()):
            self.serve(dict(pair.split("=", 1) for pair in served[1].replace("$HOME", str(self.home)).split()))
            return ""
        script = f"{MAKE}. '{self._state}'\nset -e\n{command}\n{{ export -p; echo \"cd '$PWD'\"; }} > '{self._state}'\n"
        code, told = self._program(["bash", "-c", script])
        assert code == 0, f"{command!r} ended with {code}: {told}"
        return told

    def _program(self, command: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            command,
            env=self._environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.returncode, WAITING.sub("", done.stdout)

    def _ask(self, document: str) -> None:
        follows = re.match(r"\s*(?:#.*\s+)*subscription", document) is not None
        headers = {"Accept": "text/event-stream" if follows else "application/json"}
        url = f"http://127.0.0.1:{self.port}/graphql"
        with httpx.stream("POST", url, json={"query": document}, headers=headers, timeout=PATIENCE_S) as answer:
            if follows:  # that it is followed is what can be seen before there is news
                assert answer.headers["content-type"].startswith("text/event-stream"), answer.read()
                return
            told = json.loads(answer.read())
        assert "errors" not in told, told["errors"]
