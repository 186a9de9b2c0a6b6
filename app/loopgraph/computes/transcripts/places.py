"""Where agent clients other than Claude Code keep what the readers here read: facts, for whoever looks for the files.

As the clients did when they were recorded, and by their published sources: codex-rs/utils/home-dir (``CODEX_HOME``),
packages/core/src/utils/paths.ts (``GEMINI_CLI_HOME``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from loopgraph.computes.agents import codex as codex_hooks
from loopgraph.computes.agents import gemini as gemini_hooks
from loopgraph.computes.transcripts.codex.reader import CodexReader
from loopgraph.computes.transcripts.gemini import GeminiReader
from loopgraph.computes.transcripts.reading import TranscriptFile, TranscriptReader


@dataclass(frozen=True)
class Kept:
    """How a client keeps its transcripts: in ``folder`` of the user's own, or in ``in_variable`` of the folder that the
    environment's ``variable`` names.

    All others are globs from there. ``files`` have one JSON object a line. ``wholes``, of older versions, are one JSON object
    each, to be read as one line. ``joins_hooks``: hooks have the same ids for prompts and calls, so that both may tell of a
    session. ``project_root`` is the file above a transcript whose text is the folder that its session worked in.
    """

    client: str
    title: str
    reader: Callable[[TranscriptFile], TranscriptReader]
    folder: str
    variable: str
    in_variable: str = ""
    files: tuple[str, ...] = ()
    wholes: tuple[str, ...] = ()
    joins_hooks: bool = False
    project_root: str = ""


KEPT: Final[Mapping[str, Kept]] = {
    kept.client: kept
    for kept in (
        Kept(
            client=codex_hooks.CLIENT,
            title="Codex",
            reader=CodexReader,
            folder=".codex",
            variable="CODEX_HOME",
            # One that is archived is moved: it says the same in either place. One that is compressed goes on with another name.
            files=(
                *("sessions/**/rollout-*.jsonl", "archived_sessions/**/rollout-*.jsonl"),
                *("sessions/**/rollout-*.jsonl.zst", "archived_sessions/**/rollout-*.jsonl.zst"),
            ),
            joins_hooks=True,
        ),
        Kept(
            client=gemini_hooks.CLIENT,
            title="Gemini CLI",
            reader=GeminiReader,
            folder=".gemini",
            variable="GEMINI_CLI_HOME",
            in_variable=".gemini",
            # Those of subagents in a folder of their session.
            project_root=".project_root",
            files=("tmp/*/chats/session-*.jsonl", "tmp/*/chats/*/*.jsonl"),
            wholes=("tmp/*/chats/session-*.json",),
        ),
    )
}
"""By the client's name."""
