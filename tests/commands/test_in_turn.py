"""Commands one after the other in one process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from loopgraph import __version__


@pytest.mark.slow
def test_each_is_answered_with_what_it_printed_and_how_it_ended() -> None:
    commands = [["--version"], ["report", "--since", "never"], ["schema"]]
    done = subprocess.run(
        [sys.executable, "-m", "loopgraph.commands.in_turn"],
        input="".join(f"{json.dumps(command)}\n" for command in commands),
        capture_output=True,
        text=True,
        check=True,
    )
    version, refused, schema = (json.loads(line) for line in done.stdout.splitlines())
    assert version == {"code": 0, "printed": f"loopgraph {__version__}\n"}
    assert refused == {"code": 2, "printed": ""}
    assert "--since" in done.stderr
    assert schema["code"] == 0
    assert "type Query" in schema["printed"]
