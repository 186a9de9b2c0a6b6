"""How a command starts: with no more than it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = (
    "import sys, loopgraph.commands.app, loopgraph.main; print(*sorted({'graphql', 'strawberry'} & set(sys.modules)))"
)
SERVICE = "import sys, loopgraph.main, loopgraph.api.doors; print('scipy' in sys.modules)"


@pytest.mark.lengthy
def test_a_command_that_serves_nothing_does_not_wait_for_graphql() -> None:
    """All its types are half of the time that a service takes to start."""
    assert subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout == "\n"


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_service_that_compares_nothing_does_without_scipy() -> None:
    """It is a seventh of what the service holds at rest, and of the time that it takes to start."""
    assert (
        subprocess.run([sys.executable, "-c", SERVICE], capture_output=True, text=True, check=True).stdout == "False\n"
    )
