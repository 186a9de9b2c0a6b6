"""What the demo shows while it runs and at its end; the figures themselves are tested on a real run."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from loopgraph.demo.command import require_both_outcomes
from loopgraph.demo.report import Display
from loopgraph.demo.story import Case
from loopgraph.demo.workloads import COUNT_WORDS, PARSE_LOG
from loopgraph.errors import ServiceError


def cases() -> list[Case]:
    return [Case(workload, f"test-{workload.name}", runs_per_arm=10) for workload in (PARSE_LOG, COUNT_WORDS)]


def test_plain_progress_counts_only_what_the_experiments_need() -> None:
    shown = io.StringIO()
    display, (one, other) = Display(Console(file=shown, width=80)), cases()
    with display.watch([one, other]):
        one.reported.update(CONTROL=14, TREATMENT=6)
        display.moved()
        other.run = {"status": "WAITING"}
        display.moved()
        other.reported.update(CONTROL=1, TREATMENT=2)
        display.moved()
    lines = shown.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["16", "19"]
    assert all("of the 40 units" in line for line in lines)


def test_a_terminal_shows_both_arms_and_then_the_outcome() -> None:
    shown = io.StringIO()
    display, (one, other) = Display(Console(file=shown, width=100, force_terminal=True)), cases()
    with display.watch([one, other]):
        one.reported.update(CONTROL=7, TREATMENT=9)
        other.run = {"status": "COMPLETED", "improvementsApplied": 0}
        display.moved()
    assert "control 7, treatment 9" in shown.getvalue()
    assert "not applied" in shown.getvalue()


@pytest.mark.parametrize(("outcome", "other"), [("APPLIED", "rejected"), ("REJECTED", "applied")])
def test_a_demo_that_shows_only_one_side_fails(outcome: str, other: str) -> None:
    both = cases()
    for case in both:
        case.result = {"improvement": {"status": outcome}}
    with pytest.raises(ServiceError, match=f"none of 2 candidates was {other}"):
        require_both_outcomes(both)
    both[0].result = {"improvement": {"status": other.upper()}}
    require_both_outcomes(both)
