"""Where a client keeps its transcripts, where that is no more than a folder of the user's and the names of files below it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePath

from loopgraph.effects.transcripts.files import existing, opened


@dataclass(frozen=True)
class Folders:
    """A client's folder: ``folder`` of the user's own, or ``in_variable`` of the one that the environment's ``variable`` names.
    ``files`` are globs of its transcripts, from there."""

    folder: str
    variable: str
    in_variable: str = ""
    files: tuple[str, ...] = ()

    def places(self) -> list[Path]:
        """Where the client's folder can be."""
        named = os.environ.get(self.variable, "").strip()
        home = Path(named, self.in_variable) if named else Path.home() / self.folder
        return [home.expanduser().absolute()]

    def transcripts(self, path: Path) -> list[Path]:
        """The transcripts of the client's folder, of one below it, or a single one. Raises InvalidInput if nothing is there."""
        path = existing(path)
        if path.is_file():
            return [path]
        whole = {found for glob in self.files for found in path.glob(glob)}
        below = {found for found in path.rglob("*") if self.is_transcript(found)}
        found_here = [found for found in whole | below if found.is_file()]
        if not found_here:  # a folder that somebody has put them in
            names = {PurePath(glob).name for glob in self.files}
            found_here = [found for name in names for found in path.rglob(name) if found.is_file()]
        return sorted(set(found_here))

    def is_transcript(self, path: Path) -> bool:
        """Whether a path is that of a transcript, wherever the client's folder is."""
        return any(_ends_like(path, glob) for glob in self.files)

    def watched(self, home: Path) -> Path:
        """The folder to be watched."""
        return home


def _ends_like(path: PurePath, glob: str) -> bool:
    """Whether the end of a path fits a glob, in which ``**`` stands for any folders."""
    first, _, rest = glob.rpartition("**/")
    if not first:
        return path.match(glob)
    head = first.rstrip("/")
    return path.match(rest) and any(parent.match(head) for parent in path.parents)


def text_above(path: Path, name: str) -> str | None:
    """The text of the file of this name in the nearest folder above a path that has one."""
    for parent in path.parents:
        try:
            with opened(parent / name) as file:
                return file.read().decode().strip() or None
        except (OSError, UnicodeDecodeError):
            continue
    return None
