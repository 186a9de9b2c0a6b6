"""The demo as it goes on serving, for whoever asks its graph."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.waiting import PATIENCE_S


@contextmanager
def kept_demo(folder: Path, runs_per_arm: int = 12) -> Iterator[str]:
    """The URL of the graph of a demo that keeps serving until the end of the block; ``folder`` is that of its own."""
    command = [sys.executable, "-m", "loopgraph", "demo", "--keep", "--json", "--runs-per-arm", str(runs_per_arm)]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("LOOPGRAPH_GRAPH")}
    told = folder / "told"
    with told.open("w") as errors:  # a pipe that nobody reads would stop it once it is full
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=settings | {"TMPDIR": str(folder)}
        )
    with process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, told.read_text()
            yield json.loads(line)["service"]["graphUrl"]
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE_S)
