"""What lies beside a skill on this machine."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from loopgraph.contracts.lineage.resources import MOST_FILES, SKILL_FILE, blob_id, is_left_out, resources_digest
from loopgraph.effects.clock import now
from loopgraph.effects.definitions.files import readable

_MOST_BYTES = 20_000_000


class Resources(NamedTuple):
    """``digest`` is of the files as they are, ``in_lines`` with the ends of lines that git keeps, where it changes them on the
    way; both None where there are none. ``modified_at`` is when the last of them was changed, None where there are none."""

    digest: str | None
    in_lines: str | None
    modified_at: datetime | None


def read_resources(folder: Path, algorithm: str = "sha1") -> Resources | None:
    """What lies in the folder of a skill, beside its ``SKILL.md``; None if it cannot be read, or is too much. Links are not
    followed: what they lead to is not the skill's own."""
    exact: list[tuple[str, str]] = []
    plain: list[tuple[str, str]] = []
    latest, left = 0.0, _MOST_BYTES
    waiting = [(os.fspath(folder), "")]
    try:
        while waiting:
            here, inside = waiting.pop()
            with os.scandir(here) as scanned:
                entries = [entry for entry in scanned if not is_left_out(entry.name)]
            if inside and any(entry.name == SKILL_FILE for entry in entries):
                continue  # is another skill
            for entry in entries:
                path = f"{inside}{readable(entry.name)}"
                if entry.is_symlink():
                    content = os.fsencode(Path(entry.path).readlink())
                elif entry.is_dir():
                    waiting.append((entry.path, f"{path}/"))
                    continue
                elif not entry.is_file() or path == SKILL_FILE:
                    continue
                else:
                    left -= entry.stat().st_size
                    if left < 0 or len(exact) >= MOST_FILES:
                        return None
                    content = Path(entry.path).read_bytes()
                latest = max(latest, entry.stat(follow_symlinks=False).st_mtime)
                exact.append((path, blob_id(content, algorithm)))
                lines = content if b"\0" in content else content.replace(b"\r\n", b"\n")
                plain.append((path, exact[-1][1] if lines == content else blob_id(lines, algorithm)))
        at = min(datetime.fromtimestamp(latest, UTC), now()) if exact else None
    except (OSError, OverflowError, ValueError):
        return None
    return Resources(resources_digest(exact), resources_digest(plain), at)
