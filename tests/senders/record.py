"""Records what a sender sends, as the fixture of the tests: ``PYTHONPATH=tests python -m senders.record NAME VERSION COMMAND…``.

The command finds the address of the stand-in in ``STUB``. The first line of a recording says what was run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from senders.expected import check
from senders.stub import stub

RECORDED = Path(__file__).parent.parent / "data/senders"


def run(command: list[str]) -> list[tuple[str, dict[str, object]]]:
    """What a sender sends. Raises CalledProcessError if it fails."""
    with stub() as server:
        subprocess.run(
            command, env={**os.environ, "STUB": server.url}, check=True, capture_output=True, text=True, timeout=300
        )
        return list(server.captured)


def read(name: str) -> list[tuple[str, dict[str, object]]]:
    """What was recorded of a sender."""
    _, *lines = (RECORDED / f"{name}.jsonl").read_text().splitlines()
    return [(line["signal"], line["request"]) for line in map(json.loads, lines)]


def write(name: str, made_by: str, exports: list[tuple[str, dict[str, object]]]) -> None:
    """Keeps it as the fixture."""
    lines = [{"recorded": made_by}, *({"signal": signal, "request": request} for signal, request in exports)]
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    (RECORDED / f"{name}.jsonl").write_text(text)


if __name__ == "__main__":
    _, name, made_by, *command = sys.argv
    exports = run(command)
    check(name, exports)
    write(name, made_by, exports)
    print(f"{name}: {len(exports)} requests")
