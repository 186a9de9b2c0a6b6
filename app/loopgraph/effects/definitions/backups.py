"""What files were before Loopgraph changed them: copies in a folder of its own, where no agent client looks for definitions.

A line of ``manifest.jsonl`` for each says of which file it is, and of when: ``{"file": …, "backup": …, "at": …}``. Copies that
earlier versions of Loopgraph have left beside a file are brought here as soon as they are met.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from loopgraph.effects.clock import new_id, now
from loopgraph.errors import InvalidInput

_BESIDE = re.compile(r"\.(\d{8}T\d{6}\.\d{6}Z)\.bak", re.ASCII)
"""What follows the file's name in that of a copy beside it."""


class Backups:
    """The copies in ``folder``, which is made with the first of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest = folder / "manifest.jsonl"

    def keep(self, file: Path) -> Path:
        """Copies a file; the copy. Raises InvalidInput if the folder cannot hold it; then there is none."""
        backup: Path | None = None
        try:
            self._bring(file)
            backup = self._place(file)
            shutil.copy2(file, backup)
            self._enter(file, backup, now())
        except OSError as error:
            if backup is not None:
                backup.unlink(missing_ok=True)
            raise InvalidInput(str(self._folder), f"cannot hold a copy of {file.name}: {error.strerror}") from error
        return backup

    def of(self, file: Path) -> list[Path]:
        """The copies of a file, the latest first. Raises OSError."""
        self._bring(file)
        found = [(entry["at"], entry["backup"]) for entry in self._entries() if entry["file"] == str(file)]
        return [backup for _, name in sorted(found, reverse=True) if (backup := self._folder / name).is_file()]

    def _bring(self, file: Path) -> None:
        for beside in sorted(file.parent.glob(f"{file.name}.*.bak")):
            if match := _BESIDE.fullmatch(beside.name.removeprefix(file.name)):
                backup = self._place(file)
                shutil.move(beside, backup)
                self._enter(file, backup, datetime.strptime(f"{match[1]}+0000", "%Y%m%dT%H%M%S.%fZ%z").astimezone(UTC))

    def _place(self, file: Path) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self._folder / f"{new_id()}-{file.name}"

    def _enter(self, file: Path, backup: Path, at: datetime) -> None:
        entry = {"file": str(file), "backup": backup.name, "at": at.isoformat()}
        with os.fdopen(os.open(self._manifest, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as manifest:
            manifest.write(json.dumps(entry).encode() + b"\n")  # one write: several processes may do it at once

    def _entries(self) -> Iterator[dict[str, str]]:
        if not self._manifest.is_file():
            return
        for line in self._manifest.read_bytes().splitlines():
            try:
                entry = json.loads(line)
                yield {name: str(entry[name]) for name in ("file", "backup", "at")}
            except (ValueError, KeyError, TypeError):
                continue  # a line that was broken off
