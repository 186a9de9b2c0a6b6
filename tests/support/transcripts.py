"""Recorded transcripts of a real client, under ids of their own, so that they can be read many times into one graph."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from loopgraph.computes.transcripts.claude_code.reader import ClaudeCodeReader
from loopgraph.computes.transcripts.reading import TranscriptFile
from loopgraph.contracts.traces.observations import Observation
from loopgraph.effects.clock import new_id
from loopgraph.effects.transcripts import claude_code

DATA = Path(__file__).parent.parent / "data"
RECORDED = DATA / "transcripts" / "claude_code"
SKILLS = DATA / "skills_session"

_IDS = re.compile(
    r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|a[0-9a-f]{16}|(?:req|msg|toolu)_01[0-9a-z]{8,})\b"
)


@dataclass
class Fresh:
    """Ids in place of those of a recording, the same for the same."""

    names: dict[str, str] = field(default_factory=dict)

    def of(self, text: str) -> str:
        """A text with fresh ids."""
        return _IDS.sub(self._renamed, text)

    def plain(self, text: str) -> str:
        """A text in which the ids are those of the recording again."""
        for recorded, fresh in self.names.items():
            text = text.replace(fresh, recorded)
        return text

    def _renamed(self, found: re.Match[str]) -> str:
        old = found[0]
        if old not in self.names:
            new = new_id()
            if "_" in old:
                new = old.partition("_")[0] + "_01" + new.replace("-", "")
            elif "-" not in old:
                new = new.replace("-", "") if len(old) == 32 else f"a{new.replace('-', '')[-16:]}"
            self.names[old] = new
        return self.names[old]


def copied(source: Path, into: Path, fresh: Fresh, names: Iterable[str] = ("",)) -> Path:
    """The recorded files, as many as have a path with one of ``names`` in it, in another folder and under fresh ids."""
    for path in sorted(source.rglob("*")):
        place = str(path.relative_to(source))
        if path.is_file() and any(name in place for name in names):
            target = into / fresh.of(place)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(fresh.of(path.read_text()))
    return into


def read(path: Path, *, repeated: Iterable[str] = (), close: bool = False) -> list[list[Observation]]:
    """What each line of a transcript says."""
    file = TranscriptFile(str(path), claude_code.about(path), frozenset(repeated), partial(claude_code.output, path))
    reader = ClaudeCodeReader(file)
    told = [list(reader.read(line)) for line in path.read_bytes().splitlines()]
    return [*told, list(reader.close())] if close else told


def lines_of(*lines: dict[str, Any], path: str = "/p/s.jsonl", close: bool = False) -> list[Observation]:
    """What some lines say, read one after the other."""
    reader = ClaudeCodeReader(TranscriptFile(path))
    told = [observation for line in lines for observation in reader.read(json.dumps(line).encode())]
    return [*told, *reader.close()] if close else told


def of_kind(told: Iterable[Observation], kind: str, **fields: Any) -> list[Any]:
    """The events of one kind, with these fields."""
    events: list[Any] = [observation.event for observation in told if observation.event.kind == kind]
    return [event for event in events if all(getattr(event, name) == value for name, value in fields.items())]
