"""Where clients keep their transcripts that do so by plain rules: a folder of the user's, and globs below it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from loopgraph.effects.transcripts.files import existing


def homes(folder: str, variable: str, in_variable: str) -> list[Path]:
    """The client's folder if it is there: ``folder`` of the user's, or ``in_variable`` of the one that ``variable`` names."""
    named = os.environ.get(variable, "").strip()
    path = Path(named).expanduser() / in_variable if named else Path.home() / folder
    return [path.absolute()] if path.is_dir() else []


def transcripts(path: Path, globs: Sequence[str]) -> list[Path]:
    """The transcripts at a path: one, those of the client's folder, or those below a folder in it.

    Raises InvalidInput if nothing is there.
    """
    path = existing(path)
    if path.is_file():
        return [path]
    found = {file for glob in globs for file in path.glob(glob)}
    below = (file for file in path.rglob("*") if is_transcript(file, globs))
    return sorted(file for file in (found or below) if file.is_file())


def is_transcript(path: Path, globs: Sequence[str]) -> bool:
    """Whether a path can be that of a transcript: its name is, and a folder of the globs is above it."""
    for glob in globs:
        *folders, name = glob.split("/")
        plain = [folder for folder in folders if "*" not in folder]
        if fnmatchcase(path.name, name) and (not plain or plain[-1] in path.parts):
            return True
    return False


def text_above(path: Path, name: str) -> str | None:
    """The text of the file of this name in the nearest folder above a path that has one."""
    for parent in path.parents:
        try:
            return (parent / name).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            continue
    return None
