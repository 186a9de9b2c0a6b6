"""A settings file of somebody else: its layout, links and mode stay; what cannot be read is left alone."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest

from loopgraph.errors import Conflict, InvalidInput
from loopgraph.installer.settings_file import SettingsFile

CONTENT = {"zebra": 1, "hooks": {"Stop": [{"hooks": []}]}, "name": "Zoë", "apple": [1, 2]}
LAYOUTS = {
    "two spaces": json.dumps(CONTENT, indent=2, ensure_ascii=False) + "\n",
    "four spaces, open end": json.dumps(CONTENT, indent=4, ensure_ascii=False),
    "tabs": json.dumps(CONTENT, indent="\t", ensure_ascii=False) + "\n",
    "one line": json.dumps(CONTENT, ensure_ascii=False) + "\n",
    "compact": json.dumps(CONTENT, ensure_ascii=False, separators=(",", ":")),
    "from Windows": (json.dumps(CONTENT, indent=2, ensure_ascii=False) + "\n").replace("\n", "\r\n"),
}


def added(settings: dict[str, Any]) -> dict[str, Any]:
    return {**settings, "added": True}


def removed(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "added"}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_the_layout_stays(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(layout.encode())
    path.chmod(0o640)
    file = SettingsFile(path)
    backup = file.change(added)
    assert file.read() == {**CONTENT, "added": True}
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert backup is not None
    assert backup.read_bytes() == layout.encode()
    file.change(removed)
    assert path.read_bytes() == layout.encode()


def test_what_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"odd":   "layout"}')
    assert SettingsFile(path).change(dict) is None
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]
    assert path.read_text() == '{"odd":   "layout"}'


def test_a_missing_folder_is_made_and_a_link_is_followed(tmp_path: Path) -> None:
    link, target = tmp_path / "home" / "settings.json", tmp_path / "dotfiles" / "claude.json"
    link.parent.mkdir()
    link.symlink_to(target)
    assert SettingsFile(link).change(added) is None, "there was nothing to keep a copy of"
    assert link.is_symlink()
    assert json.loads(target.read_text()) == {"added": True}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"a": 1,}', r"is not JSON \(line 1, column 9"),
        (b'{\n// a comment\n"a": 1}', r"is not JSON \(line 2, column 1"),
        (b'{"a": {"b": 1, "b": 2}}', "has the key 'b' twice in one object"),
        (b"[]", "must be a JSON object"),
        (b'"\xff"', "is not UTF-8"),
    ],
)
def test_a_malformed_file_is_refused_and_left_alone(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=problem):
        SettingsFile(path).change(added)
    assert path.read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 1


def forbid_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files cannot be made anywhere: root may write where the modes forbid it, so it is the system's call that refuses."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for module, name in ((tempfile, "mkstemp"), (shutil, "copy2"), (Path, "mkdir"), (Path, "unlink")):
        monkeypatch.setattr(module, name, refuse)


@pytest.mark.parametrize("content", [None, "{}", '{"a": 1}'])
def test_where_nothing_can_be_written_that_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "settings.json"
    if content is not None:
        path.write_text(content)
    forbid_writing(monkeypatch)
    with pytest.raises(InvalidInput, match=r"settings\.json: cannot be written; it was left as it is: Read-only"):
        SettingsFile(path).change(added)
    if content == "{}":
        with pytest.raises(InvalidInput, match=r"settings\.json: cannot be tidied up: Read-only"):
            SettingsFile(path).tidy(added)


def test_a_link_that_leads_back_to_itself_is_said(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.symlink_to(path)
    with pytest.raises(InvalidInput, match=r"settings\.json: cannot be "):
        SettingsFile(path).read()


def test_a_file_that_is_read_only_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")
    path.chmod(0o444)
    with pytest.raises(InvalidInput, match="is read-only"):
        SettingsFile(path).change(added)
    assert [one.name for one in tmp_path.iterdir()] == ["settings.json"]


def test_a_byte_order_mark_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(b'\xef\xbb\xbf{\n  "a": 1\n}\n')
    SettingsFile(path).change(added)
    assert path.read_bytes() == b'\xef\xbb\xbf{\n  "a": 1,\n  "added": true\n}\n'


def test_a_file_that_somebody_else_writes_meanwhile_is_left_to_them(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")

    def slow(settings: dict[str, Any]) -> dict[str, Any]:
        path.write_text('{"theirs": 1}')
        return added(settings)

    with pytest.raises(Conflict, match="written by somebody else just now"):
        SettingsFile(path).change(slow)
    assert path.read_text() == '{"theirs": 1}'
    assert not list(tmp_path.glob(".settings*"))
