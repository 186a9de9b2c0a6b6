"""Signals, told from what followed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopgraph.computes.success.signals import signals_of
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.signals import FileStep, Prompt, SessionPart, Signal, SignalKind, TraceSignals

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
ASKED = "Sort the open bug reports of this week by their cause"


def prompt(id_: str, minute: float, text: str | None = ASKED, status: str = "success", **more: Any) -> Prompt:
    at = NOON + timedelta(minutes=minute)
    ended = None if status == "in_progress" else at + timedelta(minutes=1)
    return Prompt(id_, TraceStatus(status), at, ended, text, **{"rewound": False, "asked_back": False, **more})


def told(first: Prompt, *following: Prompt, steps: tuple[FileStep, ...] = (), **more: Any) -> TraceSignals:
    given = {"ended_at": None, "of_person": True, **more}
    return signals_of(SessionPart(first, following, steps=steps, **given), LATER)


def of(signals: TraceSignals, kind: SignalKind) -> Signal:
    [found] = [one for one in signals.signals if one.kind is kind]
    return found


def holding(signals: TraceSignals) -> set[SignalKind]:
    return {one.kind for one in signals.signals if one.holds}


def test_one_of_each_kind_is_told() -> None:
    signals = told(prompt("a", 0), prompt("b", 5, "Thanks, now write the summary"))
    assert [one.kind for one in signals.signals] == list(SignalKind)
    assert all(one.holds is False for one in signals.signals)
    assert (signals.completed_ms, signals.resolved_ms, signals.rounds) == (60_000, 60_000, 1)


def test_a_prompt_that_is_repeated_later_was_retried() -> None:
    between = prompt("b", 5, "Show me the first ten of them please")
    signals = told(prompt("a", 0), between, prompt("c", 9, ASKED + " please"))
    retried = of(signals, SignalKind.RETRIED)
    assert (retried.holds, retried.rule, retried.correlation_ids) == (True, "inferred: repeated", ("c",))
    assert of(signals, SignalKind.CORRECTED).holds is False


@pytest.mark.parametrize("text", ["go on", "Fix bug 41 in the parser module", "Draw the chart of the sales by month"])
def test_what_differs_or_is_short_is_no_retry(text: str) -> None:
    first = {"go on": "go on", "Fix bug 41 in the parser module": "Fix bug 42 in the parser module"}.get(text, ASKED)
    assert of(told(prompt("a", 0, first), prompt("b", 5, text)), SignalKind.RETRIED).holds is False


def test_corrections_make_rounds() -> None:
    signals = told(
        prompt("a", 0),
        prompt("b", 5, "No, that's wrong, by their age"),
        prompt("c", 9, "still not right: the newest first"),
        prompt("d", 20, "Good. Now print it"),
    )
    corrected = of(signals, SignalKind.CORRECTED)
    assert (corrected.holds, corrected.rule, corrected.correlation_ids) == (True, "inferred: phrase", ("b",))
    assert (signals.rounds, signals.completed_ms, signals.resolved_ms) == (3, 60_000, 600_000)


def test_rounds_that_do_not_end_are_open() -> None:
    signals = told(prompt("a", 0), prompt("b", 5, "that's wrong"), prompt("c", 9, "try again", "in_progress"))
    assert (signals.rounds, signals.resolved_ms) == (3, None)


@pytest.mark.parametrize(
    ("first", "following", "more", "holds", "rule"),
    [
        (prompt("a", 0, rewound=True), (), {}, True, "exact: rewound"),
        (prompt("a", 0, status="interrupted"), (), {}, True, "inferred: left unfinished"),
        (prompt("a", 0, status="error"), (prompt("b", 2),), {}, False, "exact: went on"),
        (prompt("a", 0), (), {}, False, "exact: ended well"),
        (prompt("a", 0, status="in_progress"), (), {}, None, "unknown: in progress"),
        (prompt("a", 23.5 * 60, status="error"), (), {}, None, "unknown: may go on"),
        (prompt("a", 23.5 * 60, status="error"), (), {"ended_at": LATER}, True, "inferred: left unfinished"),
        (prompt("a", 0, status="error"), (), {"of_person": False}, None, "unknown: no prompt of a person"),
    ],
)
def test_what_was_abandoned(
    first: Prompt, following: tuple[Prompt, ...], more: dict[str, Any], holds: bool | None, rule: str
) -> None:
    abandoned = of(told(first, *following, **more), SignalKind.ABANDONED)
    assert (abandoned.holds, abandoned.rule) == (holds, rule)


def test_interrupted_work_is_told_apart() -> None:
    signals = told(prompt("a", 0, status="interrupted"), prompt("b", 5, "Do the other file first"))
    assert holding(signals) == {SignalKind.INTERRUPTED, SignalKind.CORRECTED}
    unknown = of(told(prompt("a", 0, status="in_progress")), SignalKind.INTERRUPTED)
    assert unknown.holds is None


def step(prompt_id: str, id_: str, tool: str, **given: Any) -> FileStep:
    return FileStep(prompt_id, id_, prompt_id, tool, given)


def edit(prompt_id: str, id_: str, old: str, new: str, path: str = "/src/app/main.py") -> FileStep:
    return step(prompt_id, id_, "Edit", file_path=path, old_string=old, new_string=new)


def reverted(*steps: FileStep) -> Signal:
    return of(told(prompt("a", 0), prompt("b", 5, "Now the tests"), steps=steps), SignalKind.EDITS_REVERTED)


def test_an_edit_that_is_put_back_later() -> None:
    found = reverted(edit("a", "1", "x", "y"), edit("b", "2", "other", "thing"), edit("b", "3", "y", "x"))
    assert (found.holds, found.rule, found.evidence) == (True, "exact: put back", "/src/app/main.py")
    assert (found.execution_ids, found.correlation_ids) == (("1", "3"), ("b",))


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (edit("a", "1", "x", "y"),),
        (edit("a", "1", "x", "y"), edit("b", "2", "y", "z")),
        (edit("a", "1", "x", "y"), edit("b", "2", "y", "x", path="/src/app/other.py")),
        (edit("b", "1", "x", "y"), edit("b", "2", "y", "x")),
        (edit("a", "1", "x", "y"), step("b", "2", "Bash", command="git checkout main")),
        (
            edit("a", "1", "x", "y"),
            step("a", "2", "Bash", command="git commit -am done"),
            step("b", "3", "Bash", command="git restore app/main.py"),
        ),
    ],
)
def test_what_was_not_taken_back(steps: tuple[FileStep, ...]) -> None:
    assert reverted(*steps).holds is False


def test_git_takes_files_back() -> None:
    for command in (
        "git restore app/main.py",
        "cd /src && git checkout -- './app/main.py'",
        "git checkout HEAD main.py",
    ):
        found = reverted(edit("a", "1", "x", "y"), step("b", "2", "Bash", command=command))
        assert (found.holds, found.rule, found.execution_ids) == (True, "inferred: taken back by git", ("1", "2"))


def test_files_that_are_written_whole() -> None:
    def write(prompt_id: str, id_: str, content: str) -> FileStep:
        return step(prompt_id, id_, "Write", file_path="notes.md", content=content)

    assert reverted(write("a", "1", "one"), write("a", "2", "two"), write("b", "3", "one")).execution_ids == ("2", "3")
    assert reverted(write("a", "1", "one"), write("b", "2", "two")).holds is False
    several = step("a", "1", "MultiEdit", file_path="m", edits=[{"old_string": "x", "new_string": "y"}, {"bad": 1}])
    assert reverted(several, edit("b", "2", "y", "x", path="m")).holds is True
