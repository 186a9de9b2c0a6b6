"""``loopgraph patterns scan`` as a user runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from loopgraph.commands.app import app
from loopgraph.effects.clock import new_id
from support.engines import EngineUnderTest
from support.repositories import A, B, Repo
from support.scanning import skill

SKILL = ".claude/skills/triage/SKILL.md"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded_engine: EngineUnderTest) -> Path:
    """A home of one's own, and the graph of the tests."""
    home = tmp_path / "home"
    (home / ".claude" / "commands").mkdir(parents=True)
    (home / ".claude" / "commands" / "fix.md").write_text(f"Fix {new_id()}", encoding="utf-8")
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOGNAME", new_id())
    monkeypatch.setenv("LOOPGRAPH_GRAPH_URL", embedded_engine.url)
    monkeypatch.setenv("LOOPGRAPH_GRAPH_USER", embedded_engine.user)
    monkeypatch.setenv("LOOPGRAPH_GRAPH_PASSWORD", embedded_engine.password)
    monkeypatch.setenv("LOOPGRAPH_GRAPH_DATABASE", str(embedded_engine.database))
    return home


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "proj")
    repo.write(SKILL, skill("triage", A))
    repo.commit(f"one {new_id()}")
    repo.write(SKILL, skill("triage", A + "more"))
    repo.commit("two")
    return repo


def scan(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["patterns", "scan", *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.mark.lengthy
def test_tells_what_was_found_what_is_new_and_what_has_changed(
    home: Path, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo.folder)
    first = scan()
    assert first.exit_code == 0, first.output
    assert f"user ({home}/.claude)\n  command  fix  " in first.stdout
    assert f"project proj ({repo.folder}, 2 commits)\n  skill    triage  new        2 versions, 2 new\n" in first.stdout
    assert re.search(
        r"^1 skill, 1 command · 3 new versions, 3 in all · patterns: 2 new, 0 changed, 0 gone, 0 unchanged · [\d.]+ s$",
        first.stdout,
        re.M,
    )
    repo.write(SKILL, skill("triage", B))
    again = scan("--no-user")
    assert "  skill    triage  changed    3 versions, 1 new, not committed\n" in again.stdout
    assert "user (" not in again.stdout
    assert "patterns: 0 new, 1 changed, 0 gone, 0 unchanged" in again.stdout
    assert "triage  unchanged  3 versions, not committed\n" in scan("--no-user", repo.folder).stdout
    (repo.folder / SKILL).unlink()
    repo.commit("gone")
    assert "triage  gone       4 versions, 1 new\n" in scan("--no-user").stdout


@pytest.mark.lengthy
def test_the_past_is_counted(home: Path, repo: Repo) -> None:
    (repo.folder / SKILL).unlink()
    repo.commit("gone")
    assert "  1 more is gone, with 3 versions\nnothing found" in scan("--no-user", repo.folder).stdout


@pytest.mark.lengthy
def test_where_nothing_is_it_says_what_was_looked_for(home: Path, tmp_path: Path) -> None:
    (empty := tmp_path / "empty").mkdir()
    result = scan("--no-user", empty)
    assert result.exit_code == 1
    said = " ".join(result.stderr.split())
    assert result.stdout.startswith("nothing found")
    assert f"looked in {empty} for skills (SKILL.md), commands" in said
    assert said.endswith("name the folder of a project that has some: `loopgraph patterns scan PATH`")


@pytest.mark.lengthy
def test_prints_json(home: Path, repo: Repo) -> None:
    (found,) = json.loads(scan("--no-user", "--json", repo.folder).stdout)
    assert (found["title"], found["commits"], found["refused"]) == ("project proj", 2, None)
    (pattern,) = found["patterns"]
    assert (pattern["identity"]["name"], pattern["versions"], pattern["state"]) == ("triage", 2, "new")


@pytest.mark.lengthy
def test_is_quiet_if_asked_to(home: Path, repo: Repo) -> None:
    done = scan("--quiet", repo.folder)
    assert (done.exit_code, done.output) == (0, "")


@pytest.mark.lengthy
def test_a_clone_that_was_cut_off_is_refused_and_the_rest_recorded(home: Path, repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--depth", "1", f"file://{repo.folder}", str(tmp_path / "shallow"))
    done = scan(tmp_path / "shallow")
    assert done.exit_code == 1
    assert "loopgraph: project shallow: its history was cut off (a shallow clone)" in done.stderr
    assert "  command  fix  " in done.stdout


@pytest.mark.lengthy
def test_says_plainly_what_is_wrong(home: Path, tmp_path: Path) -> None:
    done = scan(tmp_path / "missing")
    assert (done.exit_code, done.stdout) == (2, "")
    assert re.search(r"^loopgraph: path: '.*missing' is no folder; give that of a project$", done.stderr.strip())
