"""Where Claude Code keeps its transcripts, and what stands beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from loopgraph.effects.transcripts.files import ABOUT, existing, jsonl_files, opened

_OUTPUTS: Final = "tool-results"
_SUBAGENTS: Final = "subagents"
_LARGEST_OUTPUT: Final = 1024 * 1024
"""No more of a text is ever kept."""


VARIABLE: Final = "CLAUDE_CONFIG_DIR"
FILES: Final = "projects/*/*.jsonl"


def places() -> list[Path]:
    """Where the client's own folders can be: ``CLAUDE_CONFIG_DIR``, several separated by commas, or the usual places."""
    named = [Path(name.strip()) for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]
    return [
        path.expanduser().absolute() for path in named or [Path.home() / ".claude", Path.home() / ".config" / "claude"]
    ]


def transcripts(path: Path) -> list[Path]:
    """The transcripts of a folder of the client, its ``projects``, one project, or one session with its subagents'.

    Raises InvalidInput if nothing is there.
    """
    path = existing(path)
    if path.is_file():
        return [path, *_of(path.with_suffix(""))]
    return list(_of(path / "projects" if (path / "projects").is_dir() else path))


def watched(home: Path) -> Path:
    """The folder that new transcripts appear in, below one of the client's."""
    return home / "projects" if (home / "projects").is_dir() else home


def is_transcript(path: Path) -> bool:
    """Whether a path below the client's folder is that of a transcript."""
    return path.suffix == ".jsonl" and "projects" in path.parts and _OUTPUTS not in path.parts


def _of(folder: Path) -> Iterator[Path]:
    return (path for path in jsonl_files(folder) if _OUTPUTS not in path.relative_to(folder).parts)


def beside(path: Path) -> set[Path]:
    """The transcripts of sessions that one may have been forked from, or been the origin of: those of all projects, for a
    session can be resumed in another folder."""
    project = path.parent
    if project.parent.name == "projects":
        return set(project.parent.glob("*/*.jsonl"))
    return set(project.glob("*.jsonl"))


def about(path: Path) -> Mapping[str, Any]:
    """What the client says of a subagent in a file beside its transcript; empty if there is none."""
    try:
        with opened(path.with_suffix(ABOUT)) as file:
            said = json.load(file)
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def is_of_session(path: Path) -> bool:
    """Whether a transcript is a session's own, and not a subagent's."""
    return not path.name.startswith("agent-")


def output(transcript: Path, path: str) -> str | None:
    """The text of a large output of a session, which the client has put into a file of its own; None if it is not there.

    Only its name is taken from the transcript: it is looked for where the session keeps such files, and nowhere else.
    """
    name = path.replace("\\", "/").rpartition("/")[2]
    if not name or name in (".", ".."):
        return None
    for folder in _sessions(transcript):
        try:
            with opened(folder / _OUTPUTS / name) as file:
                return file.read(_LARGEST_OUTPUT).decode("utf-8", "replace")
        except (OSError, ValueError):
            continue
    return None


def _sessions(transcript: Path) -> Iterable[Path]:
    """The folders that may be that of a transcript's session."""
    yield transcript.with_suffix("")
    for parent in transcript.parents:
        if parent.name == _SUBAGENTS:
            yield parent.parent
