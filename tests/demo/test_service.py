"""A service that does not get ready, or does not end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from loopgraph.demo import service
from loopgraph.errors import SetupError
from support.waiting import until

STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("it starts", flush=True)
while True:
    time.sleep(1)
"""


@pytest.mark.lengthy
async def test_a_service_that_neither_starts_nor_ends_is_said_plainly_and_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(service, "GRACE_S", 0.2)
    monkeypatch.setattr(service, "READY_WITHIN_S", 1)
    log, children = tmp_path / "log", list[subprocess.Popen[bytes]]()

    async def start() -> None:
        with service._child([sys.executable, "-c", STUBBORN], log) as process:
            children.append(process)
            await until(lambda: bool(log.read_text()))
            await service._ready("http://127.0.0.1:1", process, log)

    message = "not ready within 1 s: it does not listen yet; the service's log ends:\nit starts"
    with pytest.raises(SetupError, match=message):
        await start()
    assert [process.returncode for process in children] == [-9]


@pytest.mark.lengthy
async def test_a_service_that_ended_is_not_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        pytest.raises(SetupError, match="ended with exit code 3; the service's log ends:\nno"),
        service._child([sys.executable, "-c", "print('no'); raise SystemExit(3)"], log) as process,
    ):
        await service._ready("http://127.0.0.1:1", process, log)
