"""Files are written anew only when there is a copy of what they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopgraph.effects.definitions.backups import Backups
from loopgraph.effects.definitions.replacing import replace
from loopgraph.errors import InvalidInput


def test_without_room_for_the_copy_nothing_is_changed_and_the_folder_is_named(tmp_path: Path) -> None:
    file, folder = tmp_path / "SKILL.md", tmp_path / "backups"
    file.write_text("before")
    folder.write_text("is a file")
    with pytest.raises(InvalidInput, match=r"backups: cannot hold a copy of SKILL\.md: File exists"):
        replace(file, "before", "after", Backups(folder))
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["SKILL.md", "backups"]
    assert file.read_text() == "before"


def test_what_cannot_be_entered_leaves_no_copy(tmp_path: Path) -> None:
    file, folder = tmp_path / "SKILL.md", tmp_path / "backups"
    file.write_text("before")
    (folder / "manifest.jsonl").mkdir(parents=True)
    with pytest.raises(InvalidInput, match="cannot hold a copy"):
        replace(file, "before", "after", Backups(folder))
    assert [one.name for one in folder.iterdir()] == ["manifest.jsonl"]
    assert file.read_text() == "before"
