"""A user's folders, and what is installed in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loopgraph.effects.definitions.user_folders import Installed, UserFolders, extensions, installed_plugins


def test_variables_of_the_clients_move_their_folders(tmp_path: Path) -> None:
    assert UserFolders.of({}, tmp_path).claude == tmp_path / ".claude"
    variables = {"CLAUDE_CONFIG_DIR": "/c", "CODEX_HOME": "/x", "COPILOT_HOME": "/p", "XDG_CONFIG_HOME": "/o"}
    moved = UserFolders.of(variables, tmp_path)
    own = (tmp_path / folder for folder in (".agents", ".gemini"))
    assert moved == UserFolders(Path("/c"), Path("/x"), *own, Path("/p"), tmp_path / ".cursor", Path("/o/opencode"))


def listed(claude: Path, plugins: object) -> list[Installed]:
    (claude / "plugins").mkdir(exist_ok=True)
    (claude / "plugins" / "installed_plugins.json").write_text(json.dumps({"plugins": plugins}), encoding="utf-8")
    return installed_plugins(claude)


def test_plugins_are_those_whose_folders_are_there(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    both = [{"installPath": str(old)}, {"installPath": str(new)}]
    gone = [{"installPath": str(tmp_path / "gone")}]
    assert listed(tmp_path, {"p@m": both, "q@m": gone}) == [Installed("p", new, (old,))]
    dated = [
        {"installPath": str(new), "lastUpdated": "2026-02-01"},
        {"installPath": str(old), "installedAt": "2026-01-01"},
    ]
    assert listed(tmp_path, {"p@m": dated}) == [Installed("p", new, (old,))]
    assert listed(tmp_path, {"p@m": {"installPath": str(old)}}) == [Installed("p", old)]  # as older clients wrote it


@pytest.mark.parametrize("plugins", [None, [], {"p@m": None}, {"p@m": [1]}, {"p@m": [{"installPath": 1}]}])
def test_what_is_not_understood_is_none(tmp_path: Path, plugins: object) -> None:
    assert listed(tmp_path, plugins) == []


def test_without_any_there_are_none(tmp_path: Path) -> None:
    assert installed_plugins(tmp_path) == []
    assert extensions(tmp_path) == []


def test_extensions_say_their_names(tmp_path: Path) -> None:
    for name, manifest in (("a", '{"name": "first"}'), ("b", "{"), ("c", '{"name": 1}')):
        (tmp_path / "extensions" / name).mkdir(parents=True)
        (tmp_path / "extensions" / name / "gemini-extension.json").write_text(manifest, encoding="utf-8")
    assert [found.name for found in extensions(tmp_path)] == ["first", "b", "c"]
