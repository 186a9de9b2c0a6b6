"""``loopgraph import git`` as a user runs it: what it prints, how it ends, and that Ctrl-C loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loopgraph.commands import progress
from loopgraph.commands.app import app
from loopgraph.computes.lineage.git_history import CommitLineage
from loopgraph.effects.clock import new_id
from loopgraph.effects.git.repository import GitRepository
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.settings import Settings
from support.command import command, settings_of, without_progress
from support.engines import EngineUnderTest
from support.quick import first_quick
from support.repositories import A, B, Repo, random_history

pytestmark = pytest.mark.slow

SUMMARY = re.compile(
    r"commits (?P<commits>[\d,]+) · versions (?P<new>[\d,]+) new, (?P<known>[\d,]+) known · edges (?P<edges>[\d,]+) new · "
    r"patterns (?P<patterns>[\d,]+) new · [\d.]+ s · [\d,]+ versions/s\npatterns? git:[0-9a-f]{32}(:…)?\n"
)


# A shell starts background jobs with SIGINT ignored, and children inherit that; a terminal does not.
HEEDING_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from loopgraph.commands.app import main
main()
"""


class Command:
    """``loopgraph import git`` on one repository and the embedded engine."""

    def __init__(self, repo: Repo, engine: EngineUnderTest | Path) -> None:
        self._arguments = ("import", "git", str(repo.folder))
        shared = isinstance(engine, EngineUnderTest)
        self._environment = settings_of(engine) if shared else {"LOOPGRAPH_GRAPH_URL": f"embedded:{engine}"}

    async def start(self, *options: str, stderr: int = PIPE) -> asyncio.subprocess.Process:
        """The command in a process of its own."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", HEEDING_CTRL_C, *self._arguments, *options),
            env=os.environ | self._environment,
            stdout=PIPE,
            stderr=stderr,
            start_new_session=True,
        )

    async def run(self, *options: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        return await command(*self._arguments, *options, **self._environment)

    async def run_alone(self) -> tuple[int | None, str, str]:
        """What ``run`` tells, of a process of its own."""
        process = await self.start()
        output, complaints = await process.communicate()
        return process.returncode, output.decode(), without_progress(complaints.decode())


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.commit(f"root {new_id()}", a_md=A)
    return repo


def numbers(output: str) -> dict[str, int]:
    """The numbers of the summary, which is all that was printed."""
    found = SUMMARY.fullmatch(output)
    assert found, output
    return {name: int(value.replace(",", "")) for name, value in found.groupdict().items()}


async def test_prints_what_was_new(repo: Repo, embedded_engine: EngineUnderTest) -> None:
    repo.commit(b_md=B)
    imports = Command(repo, embedded_engine)
    code, output, complaints = await imports.run()
    assert (code, complaints) == (0, "")
    assert numbers(output) == {"commits": 2, "new": 2, "known": 0, "edges": 1, "patterns": 1}
    code, output, _ = await imports.run("--ref", "main~1")
    assert numbers(output) == {"commits": 1, "new": 0, "known": 1, "edges": 0, "patterns": 0}
    assert await imports.run("--glob", "*.md", "--quiet") == (0, "", "")
    code, output, _ = await imports.run("--as", "files", "--glob", "*.md")
    assert numbers(output) == {"commits": 2, "new": 0, "known": 2, "edges": 0, "patterns": 0}


async def test_shows_a_bar_on_a_terminal(repo: Repo, embedded_engine: EngineUnderTest) -> None:
    terminal, theirs = pty.openpty()
    process = await Command(repo, embedded_engine).start(stderr=theirs)
    os.close(theirs)
    (output, _), seen = await asyncio.gather(process.communicate(), asyncio.to_thread(read_all, terminal))
    os.close(terminal)
    assert numbers(output.decode())["new"] == 1
    assert re.search(r"1 of 1 commit .*100%", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", seen))


def read_all(terminal: int) -> str:
    """What a terminal shows until the program at its other end is gone, which is an error to Linux."""
    shown = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 1 << 16):
            shown += chunk
    return shown.decode()


COMMITS = 4_000
"""So many that an import of them lasts, on any machine, long enough to be interrupted."""


@pytest.mark.exhaustive
async def test_ctrl_c_loses_nothing(tmp_path: Path, embedded_engine: EngineUnderTest) -> None:
    """A terminal sends the signal to the whole process group, so git gets it too."""
    repo, author = Repo(tmp_path / "repo"), new_id()
    repo.fast_import(line.replace("committer A ", f"committer {author} ") for line in random_history(1, COMMITS))
    imports = Command(repo, embedded_engine)
    async with GitRepository(repo.folder) as repository:
        pattern_id = CommitLineage(await repository.identity("main"), "").pattern_id
    settings = Settings(
        graph_url=embedded_engine.url,
        graph_user=embedded_engine.user,
        graph_password=embedded_engine.password,
        graph_database=embedded_engine.database,
    )
    async with Graph.open(settings) as graph:
        process = await imports.start()
        while pattern_id not in await LineageReads(graph).patterns([pattern_id]):
            assert process.returncode is None
            await asyncio.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        output, complaints = await process.communicate()
        assert (process.returncode, output) == (130, b"")
        stopped = re.fullmatch(
            r"stopped after ([\d,]+) new versions?; the same command goes on\n", without_progress(complaints.decode())
        )
        assert stopped, complaints
        so_far = int(stopped[1].replace(",", ""))
        assert 0 <= so_far < COMMITS
        before = (await LineageReads(graph).patterns([pattern_id]))[pattern_id]
        assert before.latest_version >= so_far  # a batch may have been committed and not yet counted
        assert before.current_node_id is None
        code, output, complaints = await imports.run()
        assert (code, complaints) == (0, "")
        found = numbers(output)
        assert (found["commits"], found["new"], found["known"]) == (
            COMMITS, COMMITS - before.latest_version, before.latest_version
        )  # fmt: skip
        assert (await LineageReads(graph).patterns([pattern_id]))[pattern_id].latest_version == COMMITS


@pytest.mark.exhaustive
@pytest.mark.parametrize("same", first_quick([True, False]), ids=["the same history", "two histories"])
async def test_two_at_once_on_one_new_folder_end_well(tmp_path: Path, same: bool) -> None:
    """One of them starts the engine and the other joins it; when the one ends first, the other starts it again."""
    repos = []
    for seed, count in ((1, 400), (1, 400)) if same else ((2, 200), (3, 1_500)):
        repo, author = Repo(tmp_path / f"repo-{len(repos)}"), f"{'same' if same else seed}"
        repo.fast_import(line.replace("committer A ", f"committer {author} ") for line in random_history(seed, count))
        repos.append(repo)
    folder = tmp_path / "graph"
    ended = await asyncio.gather(*(Command(repo, folder).run_alone() for repo in repos))
    for code, output, complaints in ended:
        assert (code, complaints) == (0, ""), (output, complaints)
    found = [numbers(output) for _, output, _ in ended]
    assert sum(each["new"] + each["known"] for each in found) == sum(each["commits"] for each in found)
    async with Graph.open(Settings(graph_url=f"embedded:{folder}")) as graph:
        for repo, each in zip(repos, found, strict=True):
            async with GitRepository(repo.folder) as repository:
                pattern_id = CommitLineage(await repository.identity("main"), "").pattern_id
            pattern = (await LineageReads(graph).patterns([pattern_id]))[pattern_id]
            assert pattern.latest_version == each["commits"], "every commit once"
    if same:
        assert sum(each["new"] for each in found) == found[0]["commits"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["missing"], 2, "path: git cannot read a repository at"),
        (["repo", "--ref", "nope"], 2, "ref: 'nope' names no commit of this repository"),
        (["repo", "--as", "commits", "--glob", "*.md"], 2, "--glob: chooses files; use it with --as files"),
        (["repo", "--as", "tags"], 2, "'tags' is not one of 'commits'"),
        (["repo", "--graph-url", "mailto:me"], 2, "LOOPGRAPH_GRAPH_URL: 'mailto:me' is not a graph URL"),
        (["repo", "--graph-url", "bolt://127.0.0.1:1"], 1, "the graph does not answer"),
        ([], 2, "Missing argument"),
    ],
)
def test_says_plainly_what_is_wrong(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: str
) -> None:
    monkeypatch.chdir(repo.folder.parent)
    result = CliRunner().invoke(app, ["import", "git", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


async def test_tells_now_and_then_how_far_it_is_where_nobody_watches(
    repo: Repo, embedded_engine: EngineUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    code, output, told = await command("import", "git", str(repo.folder), **settings_of(embedded_engine))
    assert (code, numbers(output)["new"]) == (0, 1)
    assert re.search(r"^100 % · 1 of 1 commit · \d+ s$", told, re.MULTILINE)
    assert without_progress(told) == ""
