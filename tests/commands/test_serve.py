"""``loopgraph serve`` with settings that it cannot serve with."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104
def test_listening_beyond_loopback_ends_with_a_plain_sentence(host: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOOPGRAPH_")}
    command = [sys.executable, "-m", "loopgraph", "serve", "--host", host, "--graph-url", "bolt://127.0.0.1:1"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"loopgraph: LOOPGRAPH_HOST={host} is reached from other machines")
    assert "LOOPGRAPH_ALLOW_UNAUTHENTICATED=true" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_log_level_ends_with_a_plain_sentence() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOOPGRAPH_")}
    environment["LOOPGRAPH_LOG_LEVEL"] = "loud"
    command = [sys.executable, "-m", "loopgraph", "serve", "--graph-url", "bolt://127.0.0.1:1"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr == "loopgraph: LOOPGRAPH_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'\n"
