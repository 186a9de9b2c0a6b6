"""How a command starts: with no more than it needs."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = (
    "import sys, loopgraph.commands.app, loopgraph.main; print(*sorted({'graphql', 'strawberry'} & set(sys.modules)))"
)


def test_a_command_that_serves_nothing_does_not_wait_for_graphql() -> None:
    """All its types are half of the time that a service takes to start."""
    assert subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout == "\n"
