"""The agent clients whose transcripts are read: where they are, and who reads them. Another client is one row more."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from loopgraph.computes.agents import codex, gemini
from loopgraph.computes.transcripts.claude_code.reader import ClaudeCodeReader
from loopgraph.computes.transcripts.gemini import PROJECT_ROOT
from loopgraph.computes.transcripts.places import KEPT, Kept
from loopgraph.computes.transcripts.reading import TranscriptFile, TranscriptReader
from loopgraph.effects.transcripts import claude_code
from loopgraph.effects.transcripts.folders import Folders, text_above
from loopgraph.errors import SetupError


@dataclass(frozen=True)
class TranscriptClient:
    """A client. ``homes`` are the folders that it keeps its transcripts below, as many as are there; ``transcripts`` those at a
    path, which raises InvalidInput if there is nothing; ``opened`` is a reader of one, which is told the ids of its lines that
    stand in another, too. ``watched`` is the folder to be watched of one of the homes, and ``is_transcript`` tells transcripts
    from what else is there. ``is_session``: whether a transcript is a session's own, and not a subagent's; ``beside``
    are the transcripts that can begin with a copy of a session's lines, or it with one of theirs; None if there are no copies.
    """

    name: str
    title: str
    homes: Callable[[], list[Path]]
    transcripts: Callable[[Path], list[Path]]
    opened: Callable[[Path, Container[str]], TranscriptReader]
    watched: Callable[[Path], Path]
    is_transcript: Callable[[Path], bool]
    is_session: Callable[[Path], bool] = lambda path: True
    beside: Callable[[Path], Iterable[Path]] | None = None


def _claude_code(path: Path, repeated: Container[str]) -> TranscriptReader:
    file = TranscriptFile(
        path=str(path),
        about=claude_code.about(path),
        repeated=repeated,
        output=partial(claude_code.output, path),
    )
    return ClaudeCodeReader(file)


def _kept(name: str, kept: Kept) -> TranscriptClient:
    """A client whose transcripts are files of some names below one folder."""
    folders = Folders(kept.folder, kept.variable, kept.in_variable, kept.files)

    def opened(path: Path, repeated: Container[str]) -> TranscriptReader:
        root = text_above(path, kept.project_root) if kept.project_root else None
        return kept.reader(TranscriptFile(str(path), about={PROJECT_ROOT: root} if root else {}, repeated=repeated))

    return TranscriptClient(
        name=name,
        title=kept.title,
        homes=folders.homes,
        transcripts=folders.transcripts,
        opened=opened,
        watched=folders.watched,
        is_transcript=folders.is_transcript,
    )


CLIENTS: Mapping[str, TranscriptClient] = {
    client.name: client
    for client in (
        TranscriptClient(
            name="claude-code",
            title="Claude Code",
            homes=claude_code.homes,
            transcripts=claude_code.transcripts,
            opened=_claude_code,
            watched=claude_code.watched,
            is_transcript=claude_code.is_transcript,
            is_session=claude_code.is_of_session,
            beside=claude_code.beside,
        ),
        _kept("codex", KEPT[codex.CLIENT]),
        _kept("gemini", KEPT[gemini.CLIENT]),
    )
}


def clients_named(names: Iterable[str]) -> list[TranscriptClient]:
    """The clients of these names; ``all`` are all of them. Raises SetupError for one that there is not."""
    chosen = list(names)
    if "all" in chosen:
        return list(CLIENTS.values())
    if unknown := [name for name in chosen if name not in CLIENTS]:
        raise SetupError(f"there are no transcripts of {unknown[0]!r}: name {', '.join(CLIENTS)} or all")
    return [CLIENTS[name] for name in dict.fromkeys(chosen)]
