"""Commands that are tested say nothing of what they wait for: how long that takes says how busy the machine is."""

from __future__ import annotations

import pytest

import support.command  # noqa: F401 - commands are put together once
from loopgraph.commands import terminal


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of what is said then sets a shorter time itself."""
    monkeypatch.setattr(terminal, "SILENCE_S", 3_600.0)
