"""Finding the files that can be definitions below a folder, and reading them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from loopgraph.effects.clock import now

MOST_FOLDERS: Final = 20_000
"""So many folders are looked at below one; a home with everything in it has more, and is not meant."""

_SUFFIXES: Final = (".md", ".mdc", ".toml", ".json")
_MOST_SUBMODULES: Final = 100
_SUBMODULE: Final = re.compile(r"^[ \t]*path[ \t]*=[ \t]*\"?([^\"\n]+?)\"?[ \t]*$", re.MULTILINE)
_SKIPPED: Final = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".nox", ".mypy_cache", ".cache"}
)
_HOLDERS: Final = frozenset(
    {"skills", "commands", "agents", "rules", "prompts", "extensions", "instructions", "skill", "command", "agent"}
)
"""What is in these may be a link, or a repository of its own: that is how people share skills."""
_CLIENTS: Final = frozenset({".claude", ".codex", ".agents", ".gemini", ".copilot", ".cursor", ".opencode"})


@dataclass
class Found:
    """Files below a folder, by their paths in it, each with where it really is; ``links`` are links to files. ``unread`` could
    not be looked into."""

    files: dict[str, Path] = field(default_factory=dict)
    links: dict[str, Path] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    cut: bool = False

    @property
    def whole(self) -> bool:
        """Whether all that is there was looked at: only then is a file gone that is not found."""
        return not self.unread and not self.cut


class Content(NamedTuple):
    """What a file holds. ``modified_at`` is never in the future."""

    text: str
    modified_at: datetime


def find(root: Path, avoid: Collection[Path] = (), most_folders: int = MOST_FOLDERS) -> Found:
    """The files below ``root`` that may be definitions or manifests of them, without those below the real paths ``avoid``.

    Links to folders are followed, and repositories within looked into, only where people put skills and the like so; each folder
    once.
    """
    found, seen = Found(), {os.path.realpath(path) for path in avoid}
    root_path = os.path.realpath(root)
    seen.add(root_path)
    waiting, folders = [(root_path, "")], 0
    while waiting:
        folder, inside = waiting.pop()
        folders += 1
        if folders > most_folders:
            found.cut = True
            break
        try:
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda one: one.name):
                    name = readable(entry.name)
                    path = f"{inside}/{name}" if inside else name
                    if entry.is_dir():
                        real = os.path.realpath(entry.path)
                        if real not in seen and _looked_into(entry, inside):
                            seen.add(real)
                            waiting.append((real, path))
                    elif entry.name.endswith(_SUFFIXES) and entry.is_file():
                        files = found.links if entry.is_symlink() else found.files
                        files[path] = Path(os.path.realpath(entry.path))
        except OSError:
            found.unread.append(inside or root_path)
    return found


def _looked_into(entry: os.DirEntry[str], inside: str) -> bool:
    if entry.name in _SKIPPED:
        return False
    shared = inside.rpartition("/")[2] in _HOLDERS or entry.name in _CLIENTS or entry.name in _HOLDERS
    return shared or not (entry.is_symlink() or os.path.lexists(f"{entry.path}/.git"))


def read(path: Path, max_bytes: int) -> Content | None:
    """What a file holds, as git's ``blob_text`` reads it; None when it is binary, longer than ``max_bytes``, or not readable."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
            modified_at = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None
    if len(content) > max_bytes or b"\0" in content:
        return None
    return Content(content.decode("utf-8", "replace"), min(modified_at, now()))


def read_all(files: Iterable[tuple[str, Path]], max_bytes: int) -> dict[str, Content]:
    """What files hold, by their names here; those that cannot be read as texts are left out."""
    found = ((name, read(path, max_bytes)) for name, path in files)
    return {name: content for name, content in found if content is not None}


def readable(path: str | Path) -> str:
    """A path as text; bytes that are not UTF-8 are written ``\\xNN``, as those of git's paths are."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def submodules(work_tree: Path) -> list[Path]:
    """The submodules of a work tree that are checked out, by its ``.gitmodules``: repositories of their own within it."""
    try:
        listed = (work_tree / ".gitmodules").read_text("utf-8", "replace")
    except OSError:
        return []
    paths = (work_tree / found for found in _SUBMODULE.findall(listed)[:_MOST_SUBMODULES])
    real = (Path(os.path.realpath(path)) for path in paths)
    return [path for path in real if path.is_relative_to(work_tree) and os.path.lexists(path / ".git")]


def work_tree_of(path: Path) -> Path | None:
    """The work tree of git that a path is in, None if it is in none."""
    real = Path(os.path.realpath(path))
    return next((folder for folder in (real, *real.parents) if os.path.lexists(folder / ".git")), None)
