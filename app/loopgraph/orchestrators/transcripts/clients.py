"""The agent clients whose transcripts are read: where they are, and who reads them. Another client is one row more."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from loopgraph.computes.agents import codex, gemini
from loopgraph.computes.transcripts.claude_code.reader import ClaudeCodeReader
from loopgraph.computes.transcripts.codex.rollouts import TAKEN_BACK
from loopgraph.computes.transcripts.gemini import PROJECT_ROOT
from loopgraph.computes.transcripts.opencode import OpenCodeReader
from loopgraph.computes.transcripts.places import KEPT, Kept
from loopgraph.computes.transcripts.reading import TranscriptFile, TranscriptReader
from loopgraph.effects.transcripts import claude_code, opencode
from loopgraph.effects.transcripts.files import FoundFile, Lines, found
from loopgraph.effects.transcripts.folders import Folders, text_above
from loopgraph.effects.transcripts.forms import lines_of
from loopgraph.errors import InvalidSetting
from loopgraph.orchestrators.transcripts.rollouts import taken_back


@dataclass(frozen=True)
class TranscriptClient:
    """A client. ``places`` are the folders that it can keep its transcripts below, which ``variable`` of the environment moves,
    and ``files`` says for people what they are called there; ``transcripts`` are those at a
    path, which raises InvalidInput if there is nothing; ``opened`` is a reader of one, which is told the ids of its lines that
    stand in another, too. ``watched`` is the folder to be watched of one of the homes, and ``is_transcript`` tells transcripts
    from what else is there. ``is_session``: whether a transcript is a session's own, and not a subagent's; ``beside``
    are the transcripts that can begin with a copy of a session's lines, or it with one of theirs; None if there are no copies.
    ``parts`` are the transcripts in a file, where one holds many; ``lines`` those of one, none longer than so many bytes;
    ``watches_below``: whether transcripts are written in folders below the watched one, too.
    """

    name: str
    title: str
    places: Callable[[], list[Path]]
    variable: str
    files: str
    transcripts: Callable[[Path], list[Path]]
    opened: Callable[[Path, Container[str]], TranscriptReader]
    watched: Callable[[Path], Path]
    is_transcript: Callable[[Path], bool]
    is_session: Callable[[Path], bool] = lambda path: True
    beside: Callable[[Path], Iterable[Path]] | None = None
    parts: Callable[[Path], Iterable[FoundFile]] | None = None
    lines: Callable[[FoundFile, int], Lines] = lines_of
    watches_below: bool = True

    def homes(self) -> list[Path]:
        """The folders that it keeps its transcripts below, as many as are there."""
        return [path for path in self.places() if path.is_dir()]

    def found(self, path: Path) -> list[FoundFile]:
        """The transcripts in the file at a path; none if it has gone. Raises OSError."""
        if self.parts is not None:
            return list(self.parts(path))
        file = found(self.name, path)
        return [file] if file else []


def _claude_code(path: Path, repeated: Container[str]) -> TranscriptReader:
    file = TranscriptFile(
        path=str(path),
        about=claude_code.about(path),
        repeated=repeated,
        output=partial(claude_code.output, path),
    )
    return ClaudeCodeReader(file)


def _kept(name: str, kept: Kept, about: Callable[[Path], Mapping[str, Any]]) -> TranscriptClient:
    """A client whose transcripts are files of some names below one folder. ``about`` is what stands about one elsewhere."""
    folders = Folders(kept.folder, kept.variable, kept.in_variable, (*kept.files, *kept.wholes))
    return TranscriptClient(
        name=name,
        title=kept.title,
        places=folders.places,
        variable=folders.variable,
        files=", ".join(folders.files),
        transcripts=folders.transcripts,
        opened=lambda path, repeated: kept.reader(TranscriptFile(str(path), about=about(path), repeated=repeated)),
        watched=folders.watched,
        is_transcript=folders.is_transcript,
    )


def _project_root(path: Path) -> dict[str, str]:
    root = text_above(path, KEPT[gemini.CLIENT].project_root)
    return {PROJECT_ROOT: root} if root else {}


CLIENTS: Mapping[str, TranscriptClient] = {
    client.name: client
    for client in (
        TranscriptClient(
            name="claude-code",
            title="Claude Code",
            places=claude_code.places,
            variable=claude_code.VARIABLE,
            files=claude_code.FILES,
            transcripts=claude_code.transcripts,
            opened=_claude_code,
            watched=claude_code.watched,
            is_transcript=claude_code.is_transcript,
            is_session=claude_code.is_of_session,
            beside=claude_code.beside,
        ),
        _kept("codex", KEPT[codex.CLIENT], lambda path: {TAKEN_BACK: taken_back(path)}),
        _kept("gemini", KEPT[gemini.CLIENT], _project_root),
        TranscriptClient(
            name=opencode.CLIENT,
            title="OpenCode",
            places=opencode.places,
            variable=opencode.VARIABLE,
            files=opencode.FILES,
            transcripts=opencode.transcripts,
            opened=lambda path, repeated: OpenCodeReader(TranscriptFile(str(path), repeated=repeated)),
            watched=lambda home: home,
            is_transcript=opencode.is_transcript,
            parts=opencode.found_in,
            lines=opencode.lines,
            watches_below=False,
        ),
    )
}


def clients_named(names: Iterable[str]) -> list[TranscriptClient]:
    """The clients of these names; ``all`` are all of them. Raises InvalidSetting for one that there is not."""
    chosen = list(names)
    if "all" in chosen:
        return list(CLIENTS.values())
    if unknown := [name for name in chosen if name not in CLIENTS]:
        raise InvalidSetting(f"there are no transcripts of {unknown[0]!r}: name {', '.join(CLIENTS)} or all")
    return [CLIENTS[name] for name in dict.fromkeys(chosen)]
