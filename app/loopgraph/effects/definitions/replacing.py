"""Replacing a definition's file: in one step, with a copy of what it was."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from loopgraph.effects.definitions.backups import Backups
from loopgraph.errors import Conflict, InvalidInput


def read(path: Path) -> str:
    """The text of a file. Raises InvalidInput, naming it, if it cannot be read."""
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(str(path), "is not UTF-8") from error
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be read: {error.strerror}") from error


def folder_of(path: Path) -> str:
    """The folder that a file is really in."""
    return str(path.resolve().parent)


def texts_before(path: Path, backups: Backups) -> list[str]:
    """What a file was before it was replaced, the latest first; copies that cannot be read are left out."""
    found = []
    with suppress(OSError):
        for backup in backups.of(path.resolve()):
            with suppress(InvalidInput):
                found.append(read(backup))
    return found


def replace(path: Path, before: str, text: str, backups: Backups) -> Path:
    """Writes a file anew that had the text ``before``; the copy of what it was. A link stays, and what it leads to changes.

    Raises Conflict if somebody has changed it meanwhile, InvalidInput if it cannot be written or copied; then nothing is changed.
    """
    target = path.resolve()
    try:
        if target.read_bytes() != before.encode():
            raise Conflict("file", str(path), "was changed meanwhile; it was left as it is")
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            shutil.copymode(target, name)
            backup = backups.keep(target)
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be written: {error.strerror}") from error
    return backup
