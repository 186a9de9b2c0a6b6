"""The file of dead letters: what could not be recorded can be read again, whatever it is."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.contracts.traces.observations import Observation
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
    assert await DeadLetters(tmp_path).count() == 7
    assert await DeadLetters(tmp_path / "none").count() == 0
    assert [letter["error"]["message"] for letter in found] == ["one", "one", *["two"] * 5]
    assert Observation.model_validate(found[1]["event"]) == observed
    assert stat.S_IMODE(DeadLetters(tmp_path).path.stat().st_mode) == 0o600


async def test_a_letter_can_be_recorded_again_whatever_it_is(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path)
    odd = {"surrogate": "\ud800", "huge": 2**70}
    events = [
        TraceStarted(correlation_id="t"),
        HookExecuted(correlation_id="t", execution_id="e", hook_type="T", timestamp=at(0), context=odd),
        Observation(event=TraceStarted(correlation_id="t"), source="hook.UserPromptSubmit", place=9),
    ]
    await letters.add(events, ValueError("x"), at(1))
    found, unreadable = await letters.read()
    assert [letter.recordable() for letter in found] == events
    assert unreadable == 0
    assert {letter.at for letter in found} == {at(1)}
    assert len({letter.letter_id for letter in found}) == 3


async def test_ids_stay_when_others_go(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path)
    await letters.add([TraceStarted(correlation_id=f"t{n}") for n in range(5)], ValueError("x"), at(0))
    before, _ = await letters.read()
    assert await letters.remove([before[1].letter_id, before[3].letter_id, "unknown"]) == 2
    after, _ = await letters.read()
    assert [letter.letter_id for letter in after] == [before[n].letter_id for n in (0, 2, 4)]
    assert stat.S_IMODE(letters.path.stat().st_mode) == 0o600
    assert await letters.remove([]) == 0


async def test_what_cannot_be_read_stays_and_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path)
    await letters.add([TraceStarted(correlation_id="a")], ValueError("x"), at(0))
    with letters.path.open("ab") as file:
        file.write(b'{"at": "2026-01-01T00:00:00Z", "err')
    await letters.add([TraceStarted(correlation_id="b")], ValueError("x"), at(0))
    found, unreadable = await letters.read()
    assert [letter.event["correlation_id"] for letter in found] == ["a", "b"]
    assert unreadable == 1
    assert await letters.remove([letter.letter_id for letter in found]) == 2
    assert letters.path.read_bytes() == b'{"at": "2026-01-01T00:00:00Z", "err\n'


async def test_all_of_the_letters_are_there_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk takes a part of what it is given."""
    letters = DeadLetters(tmp_path)
    await letters.add([TraceStarted(correlation_id="a")], ValueError("x"), at(0))
    before = letters.path.read_bytes()

    def full(file: Any, data: bytes) -> None:
        file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("loopgraph.effects.traces.dead_letters._write_all", full)
        with pytest.raises(OSError, match="No space left"):
            await letters.add([TraceStarted(correlation_id=f"b{n}") for n in range(9)], ValueError("x"), at(0))
    assert letters.path.read_bytes() == before
    await letters.add([TraceStarted(correlation_id="c")], ValueError("x"), at(0))
    assert [letter.event["correlation_id"] for letter in (await letters.read())[0]] == ["a", "c"]


APPEND = """
import asyncio, sys
from pathlib import Path
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import now
from loopgraph.effects.traces.dead_letters import DeadLetters
async def main():
    letters = DeadLetters(Path(sys.argv[1]))
    for n in range(200):
        await letters.add([TraceStarted(correlation_id=f"{sys.argv[2]}-{n}")], ValueError("x"), now())
asyncio.run(main())
"""


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_processes_append_while_another_takes_letters_out(tmp_path: Path) -> None:
    """Every letter is either still there or was taken out, and none twice."""
    letters, taken = DeadLetters(tmp_path), list[str]()
    writers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", APPEND, str(tmp_path), name) for name in "abc"
    ]
    ended = asyncio.gather(*(writer.wait() for writer in writers))
    while not ended.done():
        found, unreadable = await letters.read()
        assert unreadable == 0
        some = found[::2]
        assert await letters.remove([letter.letter_id for letter in some]) == len(some)
        taken += [letter.event["correlation_id"] for letter in some]
        await asyncio.sleep(0)
    assert ended.result() == [0, 0, 0]
    left = [letter.event["correlation_id"] for letter in (await letters.read())[0]]
    assert sorted(taken + left) == sorted(f"{name}-{n}" for name in "abc" for n in range(200))
    assert taken
