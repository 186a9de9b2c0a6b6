"""What the demo shows while it runs and at its end; the figures themselves are tested on a real run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from loopgraph.demo.command import require_all_outcomes
from loopgraph.demo.report import Display, show_results
from loopgraph.demo.story import Case
from loopgraph.demo.workloads import COUNT_WORDS, PARSE_LOG, READ_ARGUMENTS
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
        require_all_outcomes(both)
    three = [*both, *cases()[:1]]
    three[0].result = {"improvement": {"status": other.upper()}}
    three[2].result = {"improvement": {"status": outcome}}
    with pytest.raises(ServiceError, match="none of 3 candidates was rolled back"):
        require_all_outcomes(three)
    three[2].result = {"improvement": {"status": "ROLLED_BACK"}}
    require_all_outcomes(three)


def rolled_back() -> Case:
    """The last job of the sample in docs/demo.md."""
    case = Case(READ_ARGUMENTS, "test-read-arguments", runs_per_arm=30)
    figures = [(1, "ACTIVE", 44, 6.54), (2, "DEPRECATED", 44, 2.56), (3, "ACTIVE", 12, 5.77)]
    versions = [
        {"version": {"nodeId": f"v{n}", "version": n, "status": status, "usageCount": runs, "avgExecutionTimeMs": mean}}
        for n, status, runs, mean in figures
    ]
    edges = [("v1", "v2", "DERIVED_FROM"), ("v1", "v2", "IMPROVED_VERSION")]
    edges += [("v2", "v3", "DEPRECATED_BY"), ("v2", "v3", "DERIVED_FROM")]
    result = {
        "control": {"mean": 7.29, "n": 34},
        "treatment": {"mean": 0.287, "n": 32},
        "effect": -7.0,
        "effectInterval": {"low": -8.35, "high": -5.65},
        "pValue": 4e-12,
        "probabilityBetter": 1.0,
    }
    case.result = {
        "pattern": {
            "name": "read-arguments",
            "currentVersion": {"nodeId": "v3"},
            "lineage": {
                "nodes": versions,
                "edges": [
                    {"sourceNodeId": source, "targetNodeId": target, "relationshipType": type_}
                    for source, target, type_ in edges
                ],
            },
        },
        "improvement": {
            "status": "ROLLED_BACK",
            "reason": "SIGNIFICANT_IMPROVEMENT",
            "decisions": {"edges": [{"node": {"result": result}}]},
        },
    }
    case.watch = {
        "version": {"nodeId": "v2", "version": 2},
        "restored": {"nodeId": "v3", "version": 3},
        "restores": {"nodeId": "v1", "version": 1},
        "metricGuard": {
            "mean": 8.64, "units": 12, "proofMean": 0.287, "proofUnits": 32, "lossInterval": {"low": 16.0, "high": 60.0}
        },
    }  # fmt: skip
    return case


def test_a_rollback_is_shown_as_the_gain_that_it_is_and_as_on_its_page() -> None:
    shown = io.StringIO()
    show_results(Console(file=shown, width=104, highlight=False), [rolled_back()])
    lines = [line.strip() for line in shown.getvalue().splitlines()]
    [place] = [place for place, line in enumerate(lines) if "v3, in use: 12 runs, mean 5.77 ms" in line]
    assert lines[place + 1] == "└── on the changed tasks: v2 8.64 ms, v3 5.77 ms"
    page = {
        line.strip() for line in Path(__file__).parents[2].joinpath("docs", "demo.md").read_text("utf-8").splitlines()
    }
    told = [line for line in lines if "ms" in line and "mean ms" not in line and " (30)" not in line]
    assert len(told) >= 4
    tails = [line.removeprefix("└── read-arguments ") for line in told]
    assert [tail for tail in tails if not any(line.endswith(tail) for line in page)] == []
