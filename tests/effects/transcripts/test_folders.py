"""Clients whose transcripts are files of some names below one folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopgraph.effects.transcripts.folders import Folders
from loopgraph.errors import InvalidInput

CODEX = Folders(".codex", "CODEX_HOME", files=("sessions/**/rollout-*.jsonl", "archived_sessions/**/rollout-*.jsonl"))
GEMINI = Folders(".gemini", "GEMINI_CLI_HOME", ".gemini", ("tmp/*/chats/session-*.jsonl", "tmp/*/chats/*/*.jsonl"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in (
        ".codex/sessions/2026/11/28/rollout-1.jsonl", ".codex/archived_sessions/rollout-2.jsonl", ".codex/history.jsonl",
        ".codex/sessions/2026/notes.jsonl", ".codex/log/rollout-3.jsonl",
        ".gemini/tmp/p/chats/session-1.jsonl", ".gemini/tmp/p/chats/1/a.jsonl", ".gemini/tmp/p/logs.jsonl",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("client", "place", "names"),
    [
        (CODEX, ".codex", ["rollout-2", "rollout-1"]),
        (CODEX, ".codex/sessions", ["rollout-1"]),
        (CODEX, ".codex/sessions/2026/11/28", ["rollout-1"]),
        (CODEX, ".codex/sessions/2026/11/28/rollout-1.jsonl", ["rollout-1"]),
        (GEMINI, ".gemini", ["a", "session-1"]),
        (GEMINI, ".gemini/tmp/p", ["a", "session-1"]),
    ],
)
def test_files_of_the_names_of_transcripts_below_a_path(
    home: Path, client: Folders, place: str, names: list[str]
) -> None:
    found = client.transcripts(home / place)
    assert [path.stem for path in found] == names
    assert all(client.is_transcript(path) for path in found)


def test_nothing_else_is_one(home: Path) -> None:
    for name in ("history.jsonl", "sessions/2026/notes.jsonl", "log/rollout-3.jsonl"):
        assert not CODEX.is_transcript(home / ".codex" / name)
    assert not GEMINI.is_transcript(home / ".gemini/tmp/p/logs.jsonl")
    with pytest.raises(InvalidInput, match="there is nothing at"):
        CODEX.transcripts(home / "nowhere")


def test_the_client_s_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    for name in ("CODEX_HOME", "GEMINI_CLI_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert CODEX.places() == [home / ".codex"]
    monkeypatch.setenv("CODEX_HOME", str(home / "elsewhere"))
    assert CODEX.places() == [home / "elsewhere"]
    monkeypatch.setenv("GEMINI_CLI_HOME", str(home))
    assert GEMINI.places() == [home / ".gemini"]


def test_folders_that_lead_to_themselves_and_names_of_any_signs(home: Path) -> None:
    for client, place, name in (
        (CODEX, ".codex/sessions/2026/11/28", "rollout-a\nb\x1b[2J.jsonl"),
        (GEMINI, ".gemini/tmp/p/chats", "session-a\nb.jsonl"),
    ):
        folder = home / place
        (folder / name).touch()
        (folder / "loop").symlink_to(home)
        (folder / "rollout-self.jsonl").symlink_to(folder / "rollout-self.jsonl")
        (folder / "rollout-nowhere.jsonl").symlink_to(home / "nowhere")
        names = [path.name for path in client.transcripts(home / Path(place).parts[0])]
        assert len(names) == 3
        assert name in names
