"""What the first look lays out; what it shows is tested on a real run of the demo."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from loopgraph.demo.first_look import PROJECT, lay_out

SKILL = Path(PROJECT, ".claude/skills/triage/SKILL.md")


def test_the_project_has_its_history_and_the_same_commits_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    lay_out(tmp_path / "look")
    monkeypatch.undo()
    log = subprocess.run(
        ["git", "log", "--format=%h %an %ad %s", "--date=iso-strict", "--abbrev=12"],
        cwd=tmp_path / "look" / PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert log.stdout.splitlines() == [
        "562bd5309b3a dev 2026-11-28T17:00:00+00:00 Triage runs only the tests that matter",
        "4b1fdb0ed40a dev 2026-11-27T16:00:00+00:00 A skill for bug reports, and a command that fixes them",
    ]


def test_without_git_the_project_is_as_it_came_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lay_out(tmp_path / "look")
    assert not (tmp_path / "look" / PROJECT / ".git").exists()
    assert "and no others" in (tmp_path / "look" / SKILL).read_text(encoding="utf-8")


def test_nothing_of_a_machine_is_in_the_samples(tmp_path: Path) -> None:
    lay_out(tmp_path / "look")
    transcripts = list((tmp_path / "look/sessions").rglob("*.jsonl"))
    assert len(transcripts) == 10
    for transcript in transcripts:
        text = transcript.read_text(encoding="utf-8")
        assert [word for word in ("/tmp/", "/root", "/work", "127.0.0.1", "sk-") if word in text] == []
        assert text.count('"cwd":') == text.count('"cwd":"/home/dev/shop"')
