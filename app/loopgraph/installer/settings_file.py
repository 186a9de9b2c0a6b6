"""A JSON settings file that others write, too: read with care, changed as little as possible, never half written."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loopgraph.errors import Conflict, InvalidInput

Json = dict[str, Any]

_BACKUP = re.compile(r"\.\d{8}T\d{6}\.\d{6}Z\.bak")


@dataclass(frozen=True)
class Style:
    """How a file is laid out: ``indent`` as ``json.dumps`` takes it, line ends, and whether the last line ends."""

    indent: str | None = "  "
    separators: tuple[str, str] = (",", ": ")
    newline: str = "\n"
    last_newline: bool = True

    @classmethod
    def of(cls, text: str) -> Style:
        """The style of a JSON text: one line, or that of its first indented line."""
        content = text.strip()
        newline = "\r\n" if "\r\n" in text else "\n"
        last_newline = text.endswith("\n") or not content
        if "\n" not in content and content not in ("", "{}"):
            return cls(None, (", ", ": ") if '": ' in content else (",", ":"), newline, last_newline)
        indented = re.search(r"\n([ \t]+)\S", content)
        return cls(indented[1] if indented else "  ", newline=newline, last_newline=last_newline)

    def write(self, value: Json) -> str:
        """The value as a text in this style."""
        text = json.dumps(value, indent=self.indent, separators=self.separators, ensure_ascii=False)
        return (text + ("\n" if self.last_newline else "")).replace("\n", self.newline)


class SettingsFile:
    """The file at ``path``; a symbolic link is followed, and the file it leads to is the one that changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._target = path.resolve()

    def read(self) -> Json:
        """The settings; empty if there is no file. Raises InvalidInput for one that is not as it should be."""
        return self._parse(self._text())

    def change(self, change: Callable[[Json], Json]) -> Path | None:
        """Writes what ``change`` makes of the settings, in one step, if that differs; answers with the backup, if any.

        The backup is a copy beside the file; there is none for a file that is new. Raises InvalidInput from ``read`` and
        from ``change``, and Conflict if somebody wrote the file meanwhile; then nothing is changed.
        """
        text = self._text()
        before = self._parse(text)
        after = change(before)
        if after == before:
            return None
        self._target.parent.mkdir(parents=True, exist_ok=True)
        backup = None
        if text is not None:
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
            backup = self._target.with_name(f"{self._target.name}.{stamp}.bak")
            shutil.copy2(self._target, backup)
        self._replace(text, Style.of(text or "").write(after))
        return backup

    def tidy(self, change: Callable[[Json], Json]) -> list[Path]:
        """Removes what ``change``, which has been made, makes needless; answers with the backups that stay.

        That is the file, if it holds nothing more, and each backup that would bring back nothing but what was changed. One that
        alone says how it was laid out stays, and so does a file that a symbolic link leads to.
        """
        text = self._text()
        if text is not None and text.strip() == "{}" and not self.path.is_symlink():
            self._target.unlink()
            text = None
        left = []
        for path in sorted(self._target.parent.glob(f"{glob.escape(self._target.name)}.*.bak")):
            if not _BACKUP.fullmatch(path.name[len(self._target.name) :]):
                continue
            if self._is_needless(path, text, change):
                path.unlink()
            else:
                left.append(path)
        return left

    def _is_needless(self, backup: Path, text: str | None, change: Callable[[Json], Json]) -> bool:
        try:
            kept = backup.read_bytes().decode()
            if kept == text:
                return True
            value = self._parse(kept)
            after, style = change(value), Style.of(kept)
        except (OSError, UnicodeDecodeError, InvalidInput):
            return False
        if text is None:
            return after == {}
        return style.write(value) == kept and style.write(after) == text

    def _text(self) -> str | None:
        try:
            return self._target.read_bytes().decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise InvalidInput(str(self.path), "is not UTF-8; it was left as it is") from error
        except OSError as error:
            raise InvalidInput(str(self.path), f"cannot be read: {error.strerror}") from error

    def _parse(self, text: str | None) -> Json:
        if text is None or not text.strip():
            return {}
        try:
            value = json.loads(text, object_pairs_hook=_no_duplicates)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise InvalidInput(str(self.path), f"is not JSON ({where}: {error.msg}); it was left as it is") from error
        except _DuplicateKey as error:
            raise InvalidInput(
                str(self.path), f"has the key {error} twice in one object; it was left as it is"
            ) from error
        if not isinstance(value, dict):
            raise InvalidInput(str(self.path), "must be a JSON object; it was left as it is")
        return value

    def _replace(self, before: str | None, text: str) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f".{self._target.name}.", dir=self._target.parent)
        partial = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            if before is not None:
                shutil.copymode(self._target, partial)
            if self._text() != before:
                raise Conflict("settings file", str(self.path), "was written by somebody else just now; try again")
            partial.replace(self._target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise


class _DuplicateKey(Exception):
    """Parsing would lose a value."""


def _no_duplicates(pairs: list[tuple[str, Any]]) -> Json:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKey(next(repr(name) for name in names if names.count(name) > 1))
    return value
