"""The digest of what lies beside a skill's ``SKILL.md``, as the service makes it (``contracts.lineage.resources``): its scripts,
references and other files. Standard library only."""

from __future__ import annotations

import os
from hashlib import sha1, sha256
from pathlib import Path

_SKILL = "SKILL.md"
_LEFT_BEHIND = ("__pycache__", "node_modules", "venv")
_MOST_FILES = 500
_MOST_ENTRIES = 2_000
_MOST_BYTES = 5_000_000


def resources(folder: str) -> str | None:
    """``sha256:<hex>``; None where there is nothing, too much to be read beside an agent's work, or what cannot be read."""
    lines: list[str] = []
    waiting, left, seen = [(folder, "")], _MOST_BYTES, 0
    try:
        while waiting:
            here, inside = waiting.pop()
            with os.scandir(here) as scanned:
                entries = []
                for entry in scanned:
                    seen += 1
                    if seen > _MOST_ENTRIES:
                        return None
                    if not _is_left_out(entry.name):
                        entries.append(entry)
            if inside and any(entry.name == _SKILL for entry in entries):
                continue  # is another skill
            for entry in entries:
                path = inside + os.fsencode(entry.name).decode("utf-8", "backslashreplace")
                if entry.is_symlink():
                    content = os.fsencode(Path(entry.path).readlink())
                elif entry.is_dir():
                    waiting.append((entry.path, f"{path}/"))
                    continue
                elif not entry.is_file() or path == _SKILL:
                    continue
                else:
                    left -= entry.stat().st_size
                    if left < 0 or len(lines) >= _MOST_FILES:
                        return None
                    content = Path(entry.path).read_bytes()
                blob = sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
                lines.append(f"{path}\0{blob.hexdigest()}\n")
    except (OSError, ValueError):
        return None
    return f"sha256:{sha256(''.join(sorted(lines)).encode('utf-8', 'surrogatepass')).hexdigest()}" if lines else None


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name in _LEFT_BEHIND or name.endswith((".pyc", ".bak", "~"))
