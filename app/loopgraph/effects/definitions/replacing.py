"""Replacing a definition's file: in one step, with a copy of what it was beside it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from loopgraph.effects.clock import now
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


def replace(path: Path, before: str, text: str) -> Path:
    """Writes a file anew that had the text ``before``; the copy of what it was. A link stays, and what it leads to changes.

    Raises Conflict if somebody has changed it meanwhile, InvalidInput if it cannot be written; then nothing is changed.
    """
    target = path.resolve()
    try:
        if target.read_bytes() != before.encode():
            raise Conflict("file", str(path), "was changed meanwhile; it was left as it is")
        backup = target.with_name(f"{target.name}.{now():%Y%m%dT%H%M%S.%fZ}.bak")
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            shutil.copymode(target, name)
            shutil.copy2(target, backup)
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be written: {error.strerror}") from error
    return backup
