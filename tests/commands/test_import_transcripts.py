"""``loopgraph import claude-code`` as a user runs it: what it prints, how it ends, and that no kill loses or doubles anything."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from loopgraph.commands.app import app
from loopgraph.commands.import_transcripts import CLIENTS
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.orchestrators.transcripts.clients import CLIENTS as READERS
from loopgraph.settings import Settings
from support.command import command, settings_of, without_progress
from support.engines import EngineUnderTest
from support.quick import first_quick
from support.traces import statement
from support.transcripts import DATA, RECORDED, Fresh, copied
from support.waiting import until

SUMMARY = re.compile(
    r"(?P<files>[\d,]+) files? read, (?P<unchanged>[\d,]+) unchanged · [\d,.]+ MB\n"
    r"(?:(?P<sessions>[\d,]+) sessions? · (?P<prompts>[\d,]+) prompts? · (?P<subagents>[\d,]+) subagents? · "
    r"(?P<calls>[\d,]+) model calls? · (?P<tools>[\d,]+) tool calls?\n"
    r"events (?P<new>[\d,]+) new, (?P<known>[\d,]+) known · [\d,.]+ s · [\d,.]+ [kM]B/s · [\d,]+ events/s\n)?"
)

# A shell starts background jobs with SIGINT ignored, and children inherit that; a terminal does not.
HEEDING_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from loopgraph.commands.app import main
main()
"""


class Command:
    """``loopgraph import claude-code`` on the embedded engine."""

    def __init__(self, engine: EngineUnderTest, client: str = "claude-code", **more: str) -> None:
        self._client = client
        self._environment = settings_of(engine) | more | {"CLAUDE_CONFIG_DIR": ""}

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", HEEDING_CTRL_C, "import", self._client, *arguments,
            env=os.environ | self._environment, stdout=PIPE, stderr=PIPE, start_new_session=True,
        )  # fmt: skip

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        code, output, complaints = await command("import", self._client, *arguments, **self._environment)
        return code, output, without_progress(complaints)


def numbers(output: str) -> dict[str, int]:
    found = SUMMARY.fullmatch(output)
    assert found, output
    return {name: int(value.replace(",", "")) for name, value in found.groupdict().items() if value}


@pytest.mark.lengthy
async def test_prints_what_was_in_the_client_s_own_folder(tmp_path: Path, embedded_engine: EngineUnderTest) -> None:
    fresh = Fresh()
    home = copied(RECORDED, tmp_path / ".claude", fresh)
    imports = Command(embedded_engine, HOME=str(tmp_path))
    code, output, complaints = await imports.run()
    assert (code, complaints) == (0, "")
    found = numbers(output)
    assert found.pop("new") > 100
    assert found == {
        "files": 13, "unchanged": 0, "known": 0, "sessions": 10, "prompts": 16, "subagents": 3, "calls": 33, "tools": 22
    }  # fmt: skip
    code, output, _ = await imports.run(str(home / "projects"))
    assert (code, numbers(output)) == (0, {"files": 0, "unchanged": 13})
    assert await imports.run("--quiet") == (0, "", "")


def written(folder: Path, sessions: int, prompts: int) -> Path:
    """Transcripts of so many sessions with so many prompts, each with a call of a tool."""
    folder.mkdir(parents=True)
    for _ in range(sessions):
        session = new_id()
        lines: list[dict[str, Any]] = []
        for number in range(prompts):
            common = {"sessionId": session, "version": "2.1.332", "cwd": "/p", "gitBranch": "main"}
            ids = [new_id() for _ in range(4)]
            told: list[dict[str, Any]] = [
                {"type": "user", "promptId": new_id(), "message": {"role": "user", "content": f"prompt {number}"}},
                {"type": "assistant", "requestId": f"req_01{new_id().replace('-', '')}", "message": _message([
                    {"type": "tool_use", "id": f"toolu_01{new_id().replace('-', '')}", "name": "Bash", "input": {"command": "ls"}}
                ], "tool_use")},
                {"type": "user", "message": {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "", "content": "a\nb\nc\n" * 50}
                ]}},
                {"type": "assistant", "requestId": f"req_01{new_id().replace('-', '')}", "message": _message([
                    {"type": "text", "text": "done " * 20}
                ], "end_turn")},
            ]  # fmt: skip
            told[2]["message"]["content"][0]["tool_use_id"] = told[1]["message"]["content"][0]["id"]
            for place, line in enumerate(told):
                parent = ids[place - 1] if place else lines[-1]["uuid"] if lines else None
                seconds = number * 4 + place
                at = f"2026-11-28T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.000Z"
                lines.append({**line, **common, "uuid": ids[place], "parentUuid": parent, "timestamp": at})
        (folder / f"{session}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def _message(content: list[dict[str, Any]], reason: str) -> dict[str, Any]:
    usage = {
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_read_input_tokens": 1000,
        "cache_creation_input_tokens": 100,
    }
    return {
        "id": f"msg_{new_id()}",
        "model": "claude-opus-5-5",
        "content": content,
        "stop_reason": reason,
        "usage": usage,
    }


async def counts(graph: Graph, sessions: list[str]) -> tuple[int, int, int]:
    """Traces, tool calls and calls of models of some sessions."""
    [row] = await statement(
        graph,
        """MATCH (s:Session) WHERE s.session_id IN $ids
        OPTIONAL MATCH (s)-[:HAS_TRACE]->(t:Trace)
        OPTIONAL MATCH (t)-[:RAN]->(h:HookExecution)
        WITH t, count(DISTINCT h) AS hooks
        OPTIONAL MATCH (t)-[:CALLED]->(c:EndpointCall)
        WITH t, hooks, count(DISTINCT c) AS calls
        RETURN count(t) AS traces, sum(hooks) AS hooks, sum(calls) AS calls""",
        ids=sessions,
    )
    return row["traces"], row["hooks"], row["calls"]


@pytest.mark.slow
@pytest.mark.parametrize("how", first_quick([signal.SIGKILL, signal.SIGINT]))
async def test_stopped_in_the_middle_and_repeated_it_loses_nothing_and_doubles_nothing(
    tmp_path: Path, embedded_engine: EngineUnderTest, how: signal.Signals
) -> None:
    folder = written(tmp_path / "-p", 8, 150)
    imports = Command(embedded_engine, LOOPGRAPH_INGEST_BATCH_EVENTS="1000")
    sessions = [path.stem for path in sorted(folder.iterdir())]
    settings = Settings(
        graph_url=embedded_engine.url,
        graph_user=embedded_engine.user,
        graph_password=embedded_engine.password,
        graph_database=embedded_engine.database,
    )
    async with Graph.open(settings) as graph:
        process = await imports.start(str(folder))

        async def is_under_way() -> bool:
            assert process.returncode is None
            return (await counts(graph, sessions))[0] > 0

        await until(is_under_way)
        os.killpg(process.pid, how)
        output, complaints = await process.communicate()
        assert output == b""
        if how is signal.SIGINT:
            assert process.returncode == 130
            assert re.fullmatch(
                r"stopped after [\d,]+ new events?; the same command goes on\n", without_progress(complaints.decode())
            )
        assert (await counts(graph, sessions))[0] < 1_200
        code, printed, complaints_ = await imports.run(str(folder))
        assert (code, complaints_) == (0, "")
        assert numbers(printed)["known"] <= 2_000, "what was noted is not recorded again"
        assert await counts(graph, sessions) == (1_200, 1_200, 2_400)


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere"], 2, "path: there is nothing at"),
        (
            [],
            1,
            "there are no transcripts of Claude Code on this machine: there is no {home}/.claude or {home}/.config/claude. ",
        ),
        (
            [],
            1,
            "where CLAUDE_CONFIG_DIR is set for it, set it here, too, or name its folder: `loopgraph import claude-code PATH`",
        ),
        ([".", "--graph-url", "mailto:me"], 2, "LOOPGRAPH_GRAPH_URL: 'mailto:me' is not a graph URL"),
        ([".", "--graph-url", "bolt://127.0.0.1:1"], 1, "the graph does not answer"),
    ],
)
def test_says_plainly_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "projects" / "shop").mkdir(parents=True)
    (tmp_path / "projects" / "shop" / "session.jsonl").write_text("{}\n", encoding="utf-8")
    environment = {"COLUMNS": "200", "HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": None}
    result = CliRunner().invoke(app, ["import", "claude-code", *arguments], env=environment)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words.replace("{home}", str(tmp_path)) in result.stderr
    assert "Traceback" not in result.stderr


EMPTY = {
    "claude-code": (".claude", "projects/*/*.jsonl"),
    "codex": (".codex", "sessions/**/rollout-*.jsonl"),
    "gemini": (".gemini", "tmp/*/chats/session-*.jsonl"),
    "opencode": (".local/share/opencode", "opencode.db"),
}


@pytest.mark.lengthy
@pytest.mark.parametrize("client", EMPTY)
def test_says_what_was_looked_for_where_there_is_nothing_and_asks_no_graph(tmp_path: Path, client: str) -> None:
    place, files = EMPTY[client]
    (tmp_path / place).mkdir(parents=True)
    unset = dict.fromkeys(("CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME", "XDG_DATA_HOME"))
    nowhere = {"LOOPGRAPH_GRAPH_URL": "bolt://127.0.0.1:1"}
    environment = {"COLUMNS": "500", "HOME": str(tmp_path), **unset, **nowhere}
    result = CliRunner().invoke(app, ["import", client], env=environment)
    said = " ".join(result.stderr.split())
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"there are no transcripts of {CLIENTS[client]} on this machine: looked for {files}" in said
    assert f" in {tmp_path / place}. Has it worked here?" in said
    for told in ("--quiet", "--json"):
        named = CliRunner().invoke(app, ["import", client, str(tmp_path / place), told], env=environment)
        assert named.exit_code == 1
        assert (
            f"there are no transcripts of {CLIENTS[client]} at {tmp_path / place}: looked for {files}" in named.stderr
        )
        assert "those of others are imported by their names (" in named.stderr
        assert named.stdout == "" if told == "--quiet" else json.loads(named.stdout)["files"] == 0


@pytest.mark.lengthy
async def test_says_that_a_file_of_something_else_tells_of_no_session(
    tmp_path: Path, embedded_engine: EngineUnderTest
) -> None:
    other = tmp_path / "export.jsonl"
    other.write_text('{"resourceLogs": []}\n' * 3)
    code, output, complaints = await Command(embedded_engine).run(str(other))
    assert (code, output.startswith("1 file read, ")) == (1, True)
    assert complaints == "loopgraph: what was read tells of no session: are these transcripts of Claude Code?\n"


@pytest.mark.lengthy
async def test_a_line_that_was_not_taken_is_heard_of_by_scripts(
    tmp_path: Path, embedded_engine: EngineUnderTest
) -> None:
    folder = written(tmp_path / "-p", 1, 1)
    [path] = folder.iterdir()
    with path.open("a") as file:
        file.write(json.dumps({"type": "user", "message": {"content": "x" * 400_000}}) + "\n")
    imports = Command(embedded_engine, LOOPGRAPH_MAX_TRANSCRIPT_LINE_BYTES="65536")
    assert await imports.run(str(folder), "--quiet") == (1, "", "")
    code, output, complaints = await imports.run(str(folder))
    assert (code, numbers(output), complaints) == (0, {"files": 0, "unchanged": 1}, ""), (
        "there is something, and it is known"
    )


def test_every_client_whose_transcripts_are_read_has_a_command() -> None:
    assert {client.name: client.title for client in READERS.values()} == CLIENTS


@pytest.mark.lengthy
async def test_codex_is_one_row_more(tmp_path: Path, embedded_engine: EngineUnderTest) -> None:
    fresh = Fresh()
    copied(DATA / "transcripts" / "codex", tmp_path / "recorded", fresh, ["0.171.jsonl", "0.171_subagent.jsonl"])
    folder = tmp_path / ".codex" / "sessions" / "2026" / "11" / "28"
    folder.mkdir(parents=True)
    for path in sorted((tmp_path / "recorded").iterdir()):
        path.rename(folder / f"rollout-{path.name}")
    imports = Command(embedded_engine, client="codex", HOME=str(tmp_path))
    code, output, complaints = await imports.run()
    assert (code, complaints) == (0, "")
    found = numbers(output)
    assert (found["files"], found["unchanged"]) == (2, 0)
    assert found["prompts"] > 1
    assert found["tools"] > 1
    code, output, _ = await imports.run()
    assert (code, numbers(output)) == (0, {"files": 0, "unchanged": 2})


@pytest.mark.lengthy
async def test_a_database_that_is_none_is_no_end_that_is_well(embedded_engine: EngineUnderTest, tmp_path: Path) -> None:
    (tmp_path / "opencode.db").write_bytes(b"this is no database, but as long as the head of one" * 10)
    code, out, _ = await Command(embedded_engine, "opencode").run(str(tmp_path))
    assert (code, out) == (1, "0 files read, 0 unchanged, 1 could not be read · 0.0 MB\n")
