"""``loopgraph pattern adopt`` as a user runs it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loopgraph.clients.render import rendered
from loopgraph.commands.app import app
from loopgraph.effects.clock import new_id
from support.engines import EngineUnderTest
from support.repositories import A, Repo
from support.scanning import skill

SKILL = ".claude/skills/triage/SKILL.md"
NOBODY = "http://127.0.0.1:9"


def run(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.lengthy
def test_an_adopted_skill_has_its_text_before_the_service_has_given_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedded_engine: EngineUnderTest
) -> None:
    variables = {"LOOPGRAPH_URL": NOBODY, "LOOPGRAPH_RENDERED": str(tmp_path / "rendered")}
    for name in ("url", "user", "password", "database"):
        monkeypatch.setenv(f"LOOPGRAPH_GRAPH_{name.upper()}", str(getattr(embedded_engine, name)))
    for name, value in {**variables, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")}.items():
        monkeypatch.setenv(name, value)
    repo = Repo(tmp_path / "proj")
    body = f"{A} {new_id()}"
    repo.write(SKILL, skill("triage", body))
    repo.commit("a skill")
    run("patterns", "scan", "--no-user", str(repo.folder))
    said = " ".join(run("pattern", "adopt", str(repo.folder / SKILL)).split())
    assert "unless its settings allow Skill(triage)" in said
    assert [one.name for one in (repo.folder / SKILL).parent.iterdir()] == ["SKILL.md"]
    line = (repo.folder / SKILL).read_text(encoding="utf-8").rpartition("!`")[2].strip().rstrip("`")
    words = shlex.split(line.replace("${CLAUDE_SESSION_ID}", "s1"))
    assert words[:3] == ["loopgraph", "pattern", "render"]
    again = json.loads(run("pattern", "adopt", str(repo.folder / SKILL), "--json"))
    assert (again["fetches"], again["backup"]) == (True, None)
    assert body in rendered(words[3:], variables)
