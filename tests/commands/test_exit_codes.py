"""Exit codes: those of the documentation are all that there are, and commands end with them."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from loopgraph.__main__ import INTERRUPTED
from loopgraph.commands.exit_codes import ExitCode
from support.command import command
from support.engines.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ROOT / "app" / "loopgraph" / "commands"


def test_the_page_has_every_code_and_no_other() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.M)
    assert {name: int(code) for code, name in rows} == {code.name: code.value for code in ExitCode}
    assert ExitCode.INTERRUPTED == INTERRUPTED


@pytest.mark.lengthy
def test_no_command_ends_with_another_number() -> None:
    written = set()
    for path in COMMANDS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
                "Exit",
                "exit",
            ):
                written |= {one.value for one in node.args if isinstance(one, ast.Constant)}
    assert written
    assert written <= {code.value for code in ExitCode}


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["prices", "show", "gpt-4o"], ExitCode.OK),
        (["prices", "show", "no-such-model"], ExitCode.FAILED),
        (["prices", "show"], ExitCode.USAGE),
        (["prices", "shwo"], ExitCode.USAGE),
    ],
)
async def test_commands_end_so(arguments: list[str], code: int) -> None:
    assert (await command(*arguments))[0] == code


@pytest.mark.lengthy
async def test_where_no_service_answers_scripts_hear_of_it(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    document = tmp_path / "query.graphql"
    document.write_text("{ __typename }")
    for arguments in (
        ["traces", "list"],
        ["traces", "show", "one"],
        ["traces", "tail", "--most", "1"],
        ["sessions"],
        ["query", str(document)],
        ["open"],
    ):
        code, told, problem = await command(*arguments, LOOPGRAPH_URL=url)
        assert (code, told) == (ExitCode.FAILED, ""), arguments
        assert problem.startswith("loopgraph: the service at http://127.0.0.1:"), arguments
        assert problem.count("\n") == 1, problem
        assert "nothing listens there" in problem, "and no words of a library"
        assert "Errno" not in problem
    code, told, _ = await command("hooks", "status", LOOPGRAPH_URL=url, HOME=str(tmp_path))
    assert code == ExitCode.FAILED


@pytest.mark.lengthy
async def test_a_setting_that_cannot_be_is_told_in_one_sentence_with_the_nearest_value() -> None:
    code, _, problem = await command("config", "show", LOOPGRAPH_LOG="jason")
    assert code == ExitCode.USAGE
    assert problem == "loopgraph: LOOPGRAPH_LOG: must be 'text' or 'json', not 'jason'; did you mean json?\n"
    _, _, problem = await command("config", "show", LOOPGRAPH_AUDIT="executions,traversal")
    assert problem.startswith("loopgraph: LOOPGRAPH_AUDIT: ")
    assert problem.endswith("did you mean traversals?\n")
    _, _, problem = await command("config", "show", LOOPGRAPH_PORT="80x")
    assert "not '80x'" in problem


async def test_what_is_wrong_with_an_option_is_told_in_our_words() -> None:
    code, _, problem = await command("hooks", "install", "--client", "vim", COLUMNS="200")
    assert code == ExitCode.USAGE
    assert "'--client': 'vim' is not one of 'claude-code', 'codex'" in problem
    code, _, problem = await command("traces", "list", "--first", "x", COLUMNS="200")
    assert code == ExitCode.USAGE
    assert "'--first': must be a valid integer" in problem


@pytest.mark.lengthy
@pytest.mark.parametrize(
    "name", ["prices show x", "traces list", "hooks status", "export tables", "tokens list", "open"]
)
async def test_a_setting_that_cannot_be_ends_every_command_and_makes_nothing(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    given = {"LOOPGRAPH_GRAPH_URL": f"embedded:{folder}", "LOOPGRAPH_EMBEDDED_HEAP": "5", "HOME": str(tmp_path)}
    code, told, problem = await command(*name.split(), **given)
    assert (code, told) == (ExitCode.USAGE, "")
    assert problem == (
        "loopgraph: LOOPGRAPH_EMBEDDED_HEAP: '5' is none; it is heap of the embedded engine: a number and `k`, `m` or `g`\n"
    )
    assert not folder.exists()


@pytest.mark.lengthy
async def test_an_option_counts_in_the_place_of_its_setting(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    code, _, problem = await command("report", "--graph-url", f"embedded:{folder}", LOOPGRAPH_GRAPH_URL="postgres://h")
    assert (code, "there is no database yet" in problem) == (ExitCode.FAILED, True)


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HOST", "192.0.2.1", "LOOPGRAPH_HOST=192.0.2.1 is reached from other machines"),
        ("WATCH", "claude", "there are no transcripts of 'claude'"),
        ("PRICES_FILE", "/nope.toml", "/nope.toml cannot be read"),
        ("REDACT_PATTERNS", '["("]', "LOOPGRAPH_REDACT_PATTERNS"),
    ],
)
async def test_what_serve_would_refuse_config_show_names(name: str, value: str, told: str) -> None:
    code, shown, problem = await command("config", "show", **{f"LOOPGRAPH_{name}": value})
    assert code == ExitCode.USAGE
    assert f"LOOPGRAPH_{name} " in shown, "it is shown all the same"
    assert problem.startswith("loopgraph: ")
    assert told in problem


@pytest.mark.lengthy
async def test_an_argument_that_is_wrong_and_a_thing_that_is_not_there_are_two_things(tmp_path: Path) -> None:
    url = f"embedded:{tmp_path / 'none'}"
    assert (await command("report", "--since", "soon", LOOPGRAPH_GRAPH_URL=url))[0] == ExitCode.USAGE
    assert (await command("report", LOOPGRAPH_GRAPH_URL=url))[0] == ExitCode.FAILED


@pytest.mark.lengthy
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no folder that nobody can write")
async def test_a_folder_that_cannot_be_written_is_told_in_words() -> None:
    code, told, problem = await command("migrate", LOOPGRAPH_GRAPH_URL="embedded:/proc/loopgraph")
    assert (code, told) == (ExitCode.FAILED, "")
    assert problem.startswith("loopgraph: the embedded engine cannot use /proc/loopgraph: ")
    assert (problem.count("\n"), "Errno" in problem) == (1, False)


class Starting(BaseHTTPRequestHandler):
    """A service that starts."""

    def do_GET(self) -> None:
        body = json.dumps({"status": "starting", "code": "STARTING", "message": "its graph is being opened"}).encode()
        self.send_response(503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_service_that_starts_is_not_said_to_be_well(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Starting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        at = {"HOME": str(tmp_path), "LOOPGRAPH_URL": url}
        assert (await command("hooks", "install", **at))[0] == ExitCode.OK
        code, told, _ = await command("hooks", "status", "--json", **at)
        found = json.loads(told)
        assert (code, found["well"]) == (ExitCode.FAILED, False)
        assert found["services"] == {url: "is starting: its graph is being opened"}
        code, _, problem = await command("open", **at)
        assert (code, problem) == (
            ExitCode.FAILED,
            f"loopgraph: the service at {url}/ is starting: its graph is being opened\n",
        )
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize(
    "command_line", ["config show", "config show --json", "hooks status", "hooks status --json", "schema"]
)
def test_whoever_reads_no_more_ends_a_command_quietly(command_line: str, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "loopgraph", *command_line.split()],
        env={**os.environ, "HOME": str(tmp_path)}, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (ExitCode.BROKEN_PIPE, b"")
