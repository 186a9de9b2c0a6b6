"""A JSON settings file that others write, too: read with care, changed as little as possible, never half written."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loopgraph.errors import Conflict, InvalidInput

Json = dict[str, Any]

_BOM = "\ufeff"
_BACKUP = re.compile(r"\.\d{8}T\d{6}\.\d{6}Z\.bak")

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class Style:
    """How a file is laid out: ``indent`` as ``json.dumps`` takes it, line ends, whether the last line ends, and the
    byte-order mark before all, if any."""

    indent: str | None = "  "
    separators: tuple[str, str] = (",", ": ")
    newline: str = "\n"
    last_newline: bool = True
    mark: str = ""

    @classmethod
    def of(cls, text: str) -> Style:
        """The style of a JSON text: one line, or that of its first indented line."""
        mark = _BOM if text.startswith(_BOM) else ""
        text = text.removeprefix(_BOM)
        content = text.strip()
        newline = "\r\n" if "\r\n" in text else "\n"
        last_newline = text.endswith("\n") or not content
        if "\n" not in content and content not in ("", "{}"):
            return cls(None, (", ", ": ") if '": ' in content else (",", ":"), newline, last_newline, mark)
        indented = re.search(r"\n([ \t]+)\S", content)
        return cls(indented[1] if indented else "  ", newline=newline, last_newline=last_newline, mark=mark)

    def write(self, value: Json) -> str:
        """The value as a text in this style."""
        text = json.dumps(value, indent=self.indent, separators=self.separators, ensure_ascii=False)
        return self.mark + (text + ("\n" if self.last_newline else "")).replace("\n", self.newline)


class SettingsFile:
    """The file at ``path``; a symbolic link is followed, and the file it leads to is the one that changes."""

    def __init__(self, path: Path) -> None:
        """Raises InvalidInput for a link that leads nowhere but back to itself."""
        self.path = path
        with self._telling("cannot be found"):
            self.target = path.resolve()

    @contextmanager
    def _telling(self, what: str) -> Iterator[None]:
        """Raises InvalidInput, which says why, for what the system does not let be done with the file."""
        try:
            yield
        except OSError as error:
            raise InvalidInput(str(self.path), f"{what}: {error.strerror or error}") from error
        except RuntimeError as error:  # as ``resolve`` says it
            raise InvalidInput(str(self.path), f"{what}: its symbolic links lead back to themselves") from error

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
        after = self.changed(before, change)
        if after == before:
            return None
        written = self._written(text or "", after)
        with self._telling("cannot be written; it was left as it is"):
            if text is not None and not stat.S_IMODE(self.target.stat().st_mode) & _WRITABLE:
                raise InvalidInput(
                    str(self.path), "is read-only; it was left as it is: make it writable, and try again"
                )
            self.target.parent.mkdir(parents=True, exist_ok=True)
            backup = None
            if text is not None:
                stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
                backup = self.target.with_name(f"{self.target.name}.{stamp}.bak")
                shutil.copy2(self.target, backup)
            try:
                self._replace(text, written)
            except BaseException:
                if backup is not None:
                    backup.unlink(missing_ok=True)
                raise
        return backup

    def preview(self, change: Callable[[Json], Json]) -> tuple[str, str]:
        """The text that is there, and what ``change`` would make of it. Raises InvalidInput as ``change`` does."""
        text = self._text() or ""
        before = self._parse(text)
        after = self.changed(before, change)
        return text, text if after == before else self._written(text, after)

    def changed(self, settings: Json, change: Callable[[Json], Json]) -> Json:
        """What ``change`` makes of settings of this file; its InvalidInput names the file, too."""
        try:
            return change(settings)
        except InvalidInput as error:
            raise InvalidInput(f"{self.path}: {error.field}", error.problem) from error

    def tidy(self, change: Callable[[Json], Json]) -> list[Path]:
        """Removes what ``change``, which has been made, makes needless; answers with the backups that stay.

        That is the file, if it holds nothing more, and each backup that would bring back nothing but what was changed. One that
        alone says how it was laid out stays, and so does a file that a symbolic link leads to.
        """
        with self._telling("cannot be tidied up"):
            return self._tidied(change)

    def _tidied(self, change: Callable[[Json], Json]) -> list[Path]:
        text = self._text()
        if text is not None and self._is_empty(text) and not self.path.is_symlink():
            self.target.unlink()
            text = None
        left = []
        for path in sorted(self.target.parent.glob(f"{glob.escape(self.target.name)}.*.bak")):
            if not _BACKUP.fullmatch(path.name[len(self.target.name) :]):
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
            after = change(value)
            if text is None:
                return after == {}
            return self._written(kept, value) == kept and self._written(kept, after) == text
        except (OSError, UnicodeDecodeError, InvalidInput):
            return False

    def _written(self, text: str, after: Json) -> str:
        """The settings as a text, in the style of the one that is there."""
        return Style.of(text).write(after)

    def _is_empty(self, text: str) -> bool:
        return text.strip() == "{}"

    def _text(self) -> str | None:
        try:
            return self.target.read_bytes().decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise InvalidInput(str(self.path), "is not UTF-8; it was left as it is") from error
        except OSError as error:
            raise InvalidInput(str(self.path), f"cannot be read: {error.strerror}") from error

    def _parse(self, text: str | None) -> Json:
        text = (text or "").removeprefix(_BOM)
        if not text.strip():
            return {}
        try:
            value = json.loads(text, object_pairs_hook=_no_duplicates)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise InvalidInput(
                str(self.path),
                f"is not JSON ({where}: {error.msg}); it was left as it is: take out what JSON does not have, such as comments "
                "and commas at an end, and try again",
            ) from error
        except _DuplicateKey as error:
            raise InvalidInput(
                str(self.path), f"has the key {error} twice in one object; it was left as it is"
            ) from error
        if not isinstance(value, dict):
            raise InvalidInput(str(self.path), "must be a JSON object; it was left as it is")
        return value

    def _replace(self, before: str | None, text: str) -> None:
        descriptor, name = tempfile.mkstemp(prefix=f".{self.target.name}.", dir=self.target.parent)
        partial = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            if before is not None:
                shutil.copymode(self.target, partial)
            if self._text() != before:
                raise Conflict("settings file", str(self.path), "was written by somebody else just now; try again")
            partial.replace(self.target)
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
