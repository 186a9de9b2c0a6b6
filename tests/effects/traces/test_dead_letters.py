"""The file of dead letters: what could not be recorded can be read again, whatever it is."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

from loopgraph.contracts.observations import Observation
from loopgraph.contracts.traces import HookExecuted, TraceStarted
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.errors import GraphFault
from support.traces import at


def lines(letters: DeadLetters) -> list[dict[str, Any]]:
    return [json.loads(line) for line in letters.path.read_text().splitlines()]


async def test_an_event_comes_back_as_it_was(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path / "a" / "b")
    # None of these values can be stored; that is why they are here.
    odd = {"huge": 2**70, "surrogate": "\ud800", "lines": "a\nb\u2028c", "deep": [{"x": [1.5, None]}]}
    event = HookExecuted(
        correlation_id="t", execution_id="e", hook_type="T", timestamp=at(0), context=odd, success=True
    )
    await letters.add([event], GraphFault("no\nroom"), at(1))
    [letter] = lines(letters)
    assert letter["error"] == {"type": "GraphFault", "message": "no\nroom"}
    assert (letter["type"], letter["at"]) == ("HookExecuted", at(1).isoformat())
    assert HookExecuted.model_validate(letter["event"]) == event


async def test_letters_are_appended_and_private(tmp_path: Path) -> None:
    trace = TraceStarted(correlation_id="t")
    observed = Observation(event=trace, source="hook.UserPromptSubmit", place=9)
    await DeadLetters(tmp_path).add([trace, observed], ValueError("one"), at(0))
    others = [DeadLetters(tmp_path).add([trace], ValueError("two"), at(0)) for _ in range(5)]
    await asyncio.gather(*others)
    found = lines(DeadLetters(tmp_path))
    assert [letter["error"]["message"] for letter in found] == ["one", "one", *["two"] * 5]
    assert Observation.model_validate(found[1]["event"]) == observed
    assert stat.S_IMODE(DeadLetters(tmp_path).path.stat().st_mode) == 0o600
