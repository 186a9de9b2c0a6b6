"""Figures and tables as people and their spreadsheets get them: the console's own modules, run by node."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from loopgraph.console import FOLDER
from loopgraph.contracts.learning.proposals import ProposalStatus
from loopgraph.contracts.lineage.patterns import PatternStatus
from loopgraph.contracts.loop.design import ExperimentDesign
from loopgraph.contracts.loop.feedback import ImprovementStatus, RunStatus, StageStatus
from loopgraph.contracts.loop.watching import WatchStatus
from loopgraph.contracts.statistics.decisions import GuardrailStatus
from loopgraph.contracts.traces.events import TraceStatus

NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no node that runs the console's modules")


def run(module: str, expression: str, given: object, folder: Path) -> Any:
    """What an expression makes of ``given``, with what a module of the console exports as ``it``."""
    assert NODE is not None
    shutil.copytree(FOLDER / "lib", folder / "lib")
    (folder / "package.json").write_text('{"type": "module"}')
    script = folder / "script.js"
    script.write_text(
        f"const it = await import('./{module}');\n"
        f"const given = {json.dumps(given)};\nconsole.log(JSON.stringify({expression}));\n"
    )
    done = subprocess.run([NODE, script], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


COUNTS = {
    0: "0", 10: "10", 9_999: "9,999", 10_000: "10 k", 12_345: "12.3 k", 100_000: "100 k", 150_000: "150 k", 200_499: "200 k",
    999_499: "999 k", 999_999: "1 M", 1_000_000: "1 M", 1_500_000: "1.5 M", 120_000_000: "120 M", 999_999_999: "1 G",
    3_000_000_000: "3 G", 1_234_000_000_000: "1,230 G", -150_000: "-150 k",
}  # fmt: skip


@pytest.mark.lengthy
def test_a_count_keeps_its_zeros(tmp_path: Path) -> None:
    assert run("lib/format.js", "given.map(it.count)", list(COUNTS), tmp_path) == list(COUNTS.values())


TEXTS = {
    "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": '"\'\rx"', "'=1": "''=1", "＝1": "'＝1",
    'say "so"': '"say ""so"""', "a,b": '"a,b"', "a\rb": '"a\rb"', "a\nb": '"a\nb"', "a=b": "a=b",
    '=HYPERLINK("http://x","y")': '"\'=HYPERLINK(""http://x"",""y"")"',
}  # fmt: skip


@pytest.mark.lengthy
def test_a_text_in_a_table_is_no_formula_of_a_spreadsheet_and_a_number_stays_one(tmp_path: Path) -> None:
    rows = [[text, -1.5, ""] for text in TEXTS]
    expected = "\r\n".join(f"{text},-1.5," for text in TEXTS.values())
    assert run("lib/csv.js", "it.records(given)", rows, tmp_path) == expected


HOURS = {
    "2026-03-01T14:00:00Z": "this hour", "2026-03-01T13:00:00Z": "the hour before this", "2026-03-01T12:00:00Z": "2 h ago",
    "2026-02-26T12:00:00Z": "3 d ago",
}  # fmt: skip


@pytest.mark.lengthy
def test_what_is_counted_by_the_hour_is_not_told_by_the_minute(tmp_path: Path) -> None:
    now = "Date.parse('2026-03-01T14:05:00Z')"
    told = run("lib/format.js", f"given.map((begin) => it.hourAgo(begin, {now}))", list(HOURS), tmp_path)
    assert told == list(HOURS.values())


def utc(text: str) -> str:
    return f"{text}:00.000Z"


NOW = "Date.parse('2026-11-29T20:40:00Z')"
LOOKED: dict[str, tuple[dict[str, str], str, str, str]] = {
    "24 hours": ({"days": "1"}, "HOUR", "2026-11-28T21:00", "2026-11-29T21:00"),
    "days with today": ({"days": "7"}, "DAY", "2026-11-23T00:00", "2026-11-30T00:00"),
    "as usual": ({}, "DAY", "2026-10-31T00:00", "2026-11-30T00:00"),
    "over a change of the clocks": ({"zone": "America/New_York"}, "DAY", "2026-10-31T04:00", "2026-11-30T05:00"),
    "where it is tomorrow already": ({"zone": "Asia/Kolkata"}, "DAY", "2026-10-31T18:30", "2026-11-30T18:30"),
    "weeks with this one": ({"days": "365"}, "WEEK", "2025-12-01T00:00", "2026-11-30T00:00"),
    "as many weeks": ({"days": "30", "interval": "WEEK"}, "WEEK", "2026-11-02T00:00", "2026-11-30T00:00"),
    "months with this one": ({"days": "365", "interval": "MONTH"}, "MONTH", "2025-12-01T00:00", "2026-12-01T00:00"),
    "hours of whole days": ({"days": "7", "interval": "HOUR"}, "HOUR", "2026-11-23T00:00", "2026-11-30T00:00"),
}


@pytest.mark.lengthy
@pytest.mark.parametrize("name", LOOKED)
def test_so_many_days_are_so_many_days_of_the_zone(name: str, tmp_path: Path) -> None:
    params, interval, since, until = LOOKED[name]
    found = run("lib/range.js", f"it.looked(given, 30, {NOW})", params, tmp_path)
    window = {"since": utc(since), "until": utc(until)}
    assert (found["window"], found["whole"], found["interval"], found["problem"]) == (window, window, interval, None)


BETWEEN: dict[str, tuple[dict[str, str], str, tuple[str, str]]] = {
    "days": (
        {"from": "2026-03-02T09:30", "to": "2026-03-09T12:00", "zone": "Europe/Berlin"},
        "DAY",
        ("2026-03-01T23:00", "2026-03-09T23:00"),
    ),
    "hours": ({"from": "2026-03-02T09:30", "to": "2026-03-02T12:00"}, "HOUR", ("2026-03-02T09:00", "2026-03-02T12:00")),
    "whole days end where they end": (
        {"from": "2026-03-01", "to": "2026-03-31"},
        "DAY",
        ("2026-03-01T00:00", "2026-03-31T00:00"),
    ),
    "months": (
        {"from": "2026-01-15", "to": "2026-03-15", "interval": "MONTH"},
        "MONTH",
        ("2026-01-01T00:00", "2026-04-01T00:00"),
    ),
}


@pytest.mark.lengthy
@pytest.mark.parametrize("name", BETWEEN)
def test_series_are_of_the_whole_intervals_around_what_was_chosen(name: str, tmp_path: Path) -> None:
    params, interval, (since, until) = BETWEEN[name]
    found = run("lib/range.js", f"it.looked(given, 30, {NOW})", params, tmp_path)
    assert (found["interval"], found["whole"]) == (interval, {"since": utc(since), "until": utc(until)})
    clock = [text if "T" in text else f"{text}T00:00" for text in (params["from"], params["to"])]
    given = [found["window"], params.get("zone", "UTC")]
    assert run("lib/range.js", "it.onClock(...given)", given, tmp_path / "again") == clock


PROBLEMS = {
    "There is no time zone": {"zone": "Europe/Nowhere"},
    "There is no time zone +01:00": {"zone": "+01:00"},
    "Choose where it begins": {"to": "2026-03-02T09:30"},
    "Choose where it ends": {"from": "2026-03-01T00:00", "to": "yesterday"},
    "must end after it begins": {"from": "2026-03-02T09:30", "to": "2026-03-02T09:30"},
    "At most 400 days": {"from": "2025-01-01T00:00", "to": "2026-03-01T00:00"},
    "too many hours": {"days": "365", "interval": "HOUR"},
}


@pytest.mark.lengthy
@pytest.mark.parametrize("said", PROBLEMS)
def test_what_cannot_be_looked_at_is_said(said: str, tmp_path: Path) -> None:
    found = run("lib/range.js", f"it.looked(given, 30, {NOW})", PROBLEMS[said], tmp_path)
    assert said in found["problem"]
    assert (found["window"], found["whole"]) == (None, None)


SHOWN = {
    "Europe/Berlin": [("2026-03-29T02:30", "2026-03-29T01:30"), ("2026-10-25T02:30", "2026-10-25T00:30")],
    "America/Santiago": [("2026-09-06T00:00", "2026-09-06T04:00")],  # no midnight: the day begins at one
    "Asia/Kathmandu": [("2026-01-01T00:00", "2025-12-31T18:15")],
}


@pytest.mark.lengthy
@pytest.mark.parametrize("zone", SHOWN)
def test_the_clock_of_a_zone_is_read_where_it_is_put_forward_and_back(zone: str, tmp_path: Path) -> None:
    shown = [text for text, _ in SHOWN[zone]]
    expression = f"given.map((text) => new Date(it.instantOf(it.read(text), '{zone}')).toISOString().slice(0, 16))"
    assert run("lib/zones.js", expression, shown, tmp_path) == [instant for _, instant in SHOWN[zone]]


def used(tokens: int, cost: float | None) -> dict[str, object]:
    return {
        "calls": 1, "inputTokens": tokens, "cacheReadTokens": 0, "outputTokens": 1, "costUsd": cost, "unpricedCalls": 0,
    }  # fmt: skip


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("costs", "sum_"), [([0.5, 0.25, None], 0.75), ([None, None, None], None)], ids=["some known", "none known"]
)
def test_repeats_that_are_one_row_have_the_sum_of_what_they_used(
    costs: list[float | None], sum_: float | None, tmp_path: Path
) -> None:
    row = {
        "parentId": "t",
        "name": "Read",
        "kind": "STEP",
        "status": "SUCCESS",
        "depth": 1,
        "startOffsetMs": 0,
        "durationMs": 1,
    }
    rows = [{**row, "spanId": str(n), "branchUsage": used(10**n, cost)} for n, cost in enumerate(costs)]
    [group] = run("lib/rows.js", "it.grouped(given, new Set(), null)", rows, tmp_path)
    assert (group["repeats"], group["branchUsage"]["inputTokens"], group["branchUsage"]["costUsd"]) == (3, 111, sum_)
    for one in rows[1:]:
        one.pop("branchUsage")  # not known yet
    [group] = run("lib/rows.js", "it.grouped(given, new Set(), null)", rows, tmp_path / "again")
    assert "branchUsage" not in group


@pytest.mark.parametrize(
    ("mean", "priced", "said"),
    [
        (0.5, 4, "$0.50 a use"),
        (0.5, 1, "$0.50 a use, over 1 of 4 whose cost is known"),
        (None, 0, ""),
    ],
    ids=["all known", "some known", "none known"],
)
def test_the_mean_cost_of_uses_says_over_how_many_it_is(
    mean: float | None, priced: int, said: str, tmp_path: Path
) -> None:
    cost = {"meanUsd": mean, "priced": priced}
    assert run("lib/usage.js", "it.costOfUse(given, 4)", cost, tmp_path) == said


NOT_THERE = [
    ({"from": "2026-03-29T02:30", "to": "2026-03-29T03:00", "zone": "Europe/Berlin"}, "It must end after it begins."),
    ({"from": "2011-12-30", "to": "2011-12-31", "zone": "Pacific/Apia"}, "It must end after it begins."),
    ({"from": "2026-02-30", "to": "2026-03-31"}, "Choose where it begins."),
    ({"from": "0050-01-01", "to": "0050-02-01"}, "Choose where it begins."),
    ({"from": "2026-01-01", "to": "9999-12-31T23:59"}, "Choose where it ends."),
]


@pytest.mark.lengthy
@pytest.mark.parametrize(("params", "problem"), NOT_THERE)
def test_a_time_that_there_is_not_is_said(params: dict[str, str], problem: str, tmp_path: Path) -> None:
    assert run("lib/range.js", f"it.looked(given, 30, {NOW})", params, tmp_path)["problem"] == problem


@pytest.mark.lengthy
@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString"])
def test_a_word_that_every_object_knows_is_no_interval(name: str, tmp_path: Path) -> None:
    assert run("lib/range.js", f"it.looked(given, 30, {NOW})", {"interval": name}, tmp_path)["interval"] == "DAY"


NOON = 1_772_366_400_000  # 2026-03-01T12:00:00Z


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("units", "days", "since", "per_day"),
    [
        (60, 30, "2025-01-01T00:00:00Z", 2.0),
        (60, 30, "2026-02-19T12:00:00Z", 6.0),  # younger than the time that is looked at
        (60, 30, "2026-03-01T11:00:00Z", 60.0),  # a day at least
        (60, 30, "2026-04-01T00:00:00Z", 60.0),
        (0, 30, "2025-01-01T00:00:00Z", None),
    ],
)
def test_how_many_units_come_in_a_day(units: int, days: int, since: str, per_day: float | None, tmp_path: Path) -> None:
    asked = [units, days, since, NOON]
    assert run("lib/power.js", "it.unitsPerDay(...given)", asked, tmp_path) == per_day


@pytest.mark.lengthy
def test_in_how_many_days_units_come(tmp_path: Path) -> None:
    asked = [[100, 12.5], [101, 12.5], [1, 100], [None, 5], [5, None]]
    assert run("lib/power.js", "given.map((one) => it.daysOf(...one))", asked, tmp_path) == [8, 9, 1, None, None]


@pytest.mark.lengthy
def test_guardrails_of_an_address_are_read_as_far_as_they_are_some(tmp_path: Path) -> None:
    text = "SUCCESS_RATE:0.02,COST_USD:0.1,COST_USD:0.5,TOKENS:2,TOKENS:-1,x:0.1,QUALITY_SCORE:,DURATION_MS"
    found = run("lib/power.js", "[it.guardrailsOf(given), it.guardrailsText(it.guardrailsOf(given))]", text, tmp_path)
    assert found[0] == [{"metric": "SUCCESS_RATE", "margin": 0.02}, {"metric": "COST_USD", "margin": 0.1}]
    assert found[1] == "SUCCESS_RATE:0.02,COST_USD:0.1"


@pytest.mark.lengthy
def test_a_plan_stands_beside_a_run_with_what_was_added_in_its_place(tmp_path: Path) -> None:
    steps = [
        {"name": "Read", "position": 0},
        {"name": "Bash", "program": "pytest", "position": 1},
        {"name": "Edit", "position": 2},
    ]
    deviations = [
        {"kind": "ADDED", "name": "Grep", "position": -1},
        {"kind": "SKIPPED", "name": "Bash", "position": 1},
        {"kind": "ADDED", "name": "Write", "position": 1},
        {"kind": "REORDERED", "name": "Edit", "position": 2},
    ]
    rows = run("lib/beside.js", "it.beside(...given)", [steps, deviations], tmp_path)
    assert [(row["planned"], row["did"], row["name"]) for row in rows] == [
        (None, "added", "Grep"),
        ("Read", "taken", "Read"),
        ("Bash (pytest)", "skipped", "Bash (pytest)"),
        (None, "added", "Write"),
        ("Edit", "elsewhere", "Edit"),
    ]


@pytest.mark.lengthy
def test_chains_of_agents_become_one_graph(tmp_path: Path) -> None:
    chains = [
        {"agents": ["main", "a", "b"], "count": 3},
        {"agents": ["main", "b"], "count": 2},
        {"agents": ["main", "a", "a"], "count": 1},
    ]
    drawn = run("lib/chains.js", "it.graphOf(given)", chains, tmp_path)
    assert {place["name"]: (place["column"], place["row"]) for place in drawn["places"]} == {
        "main": (0, 0), "a": (1, 0), "b": (2, 0),
    }  # fmt: skip
    assert {(link["from"], link["to"]): link["count"] for link in drawn["links"]} == {
        ("main", "a"): 4, ("a", "b"): 3, ("main", "b"): 2, ("a", "a"): 1,
    }  # fmt: skip
    assert (drawn["columns"], drawn["rows"]) == (3, 1)


OPTIONS: dict[str, list[Any]] = {
    "metric": ["DURATION_MS", "SUCCESS_RATE"], "horizon": ["ALWAYS_VALID", "FIXED"], "share": [0.01, 0.2, 0.5],
    "candidates": [1, 3], "allocation": ["PLANNED", "THOMPSON"], "exposure": ["AT_ONCE", "STAGES"], "holdout": [None, 0.1],
    "tail": ["", "WINSORISED", "LOGARITHM", "RANKS"], "history": [0, 14], "least": [0, 0.1],
}  # fmt: skip


@pytest.mark.lengthy
def test_a_design_that_the_page_lets_through_is_one_and_no_other_is_held_back(tmp_path: Path) -> None:
    designs = [dict(zip(OPTIONS, values, strict=True)) for values in product(*OPTIONS.values())]
    guarded = [{"metric": "COST_USD", "margin": 0.1}]
    made = run(
        "lib/power.js",
        "given.map((one) => [it.clash(one), it.designInput(one)])",
        [{**each, "units": 30, "guardrails": guarded} for each in designs],
        tmp_path,
    )
    let_through = 0
    for design, (clash, data) in zip(designs, made, strict=True):
        try:
            found = ExperimentDesign.model_validate(_as_stored(data))
        except ValidationError:
            assert clash, design
            continue
        if design["exposure"] == "STAGES" and not found.stages:
            assert clash, "of so small a share there are no stages"
            continue
        assert clash is None, (design, clash)
        let_through += 1
        assert found.guardrails[0].margin == 0.1
        assert (found.candidates_at_once, found.holdout_share, found.history_days or 0) == (
            design["candidates"], design["holdout"], design["history"],
        )  # fmt: skip
        assert (len(found.stages) > 1) == (design["exposure"] == "STAGES")
        assert found.allocation.name == design["allocation"]
    assert 50 < let_through < len(designs)


def _as_stored(value: Any) -> Any:
    """With the names and values of the contract, as the API makes it of what it is given."""
    if isinstance(value, dict):
        return {
            re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): _as_stored(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [_as_stored(each) for each in value]
    return value.lower() if isinstance(value, str) else value


@pytest.mark.lengthy
def test_several_candidates_need_the_units_of_one_control(tmp_path: Path) -> None:
    asked = [[100, 1], [100, 3], [101, 2], [None, 3]]
    assert run("lib/power.js", "given.map((one) => it.unitsOfAll(...one))", asked, tmp_path) == [100, 200, 152, None]


@pytest.mark.lengthy
def test_stages_end_at_the_share(tmp_path: Path) -> None:
    found = run("lib/power.js", "given.map(it.stagesTo)", [0.5, 0.3, 0.02, 0.01, 0.9], tmp_path)
    assert found == [
        [0.01, 0.05, 0.1, 0.25, 0.5],
        [0.01, 0.05, 0.1, 0.25, 0.3],
        [0.01, 0.02],
        [],
        [0.01, 0.05, 0.1, 0.25, 0.5, 0.9],
    ]


TONES = {
    "SUCCESS": "good", "COMPLETED": "good", "VALIDATED": "good", "APPLIED": "good", "ACCEPTED": "good", "HELD": "good",
    "ERROR": "bad", "TIMEOUT": "bad", "FAILED": "bad", "BREACHED": "bad", "REGRESSED": "bad",
    "DENIED": "warn", "INTERRUPTED": "warn", "CANCELLED": "warn", "ROLLED_BACK": "warn", "OPEN": "warn",
    "AWAITING_REVIEW": "warn",
    "IN_PROGRESS": "busy", "RUNNING": "busy", "WAITING": "busy", "TESTING": "busy", "WATCHING": "busy",
    "PENDING": "", "SKIPPED": "", "DISMISSED": "", "EXPIRED": "", "SUPERSEDED": "", "REJECTED": "", "OUTDATED": "",
    "PROPOSED": "", "STOPPED": "", "WITHDRAWN": "",
    "DRAFT": "", "ACTIVE": "", "DEPRECATED": "", "ARCHIVED": "",
}  # fmt: skip


def test_every_status_of_the_api_has_one_colour(tmp_path: Path) -> None:
    kinds = (
        TraceStatus,
        RunStatus,
        StageStatus,
        ImprovementStatus,
        WatchStatus,
        GuardrailStatus,
        PatternStatus,
        ProposalStatus,
    )
    assert {one.name for kind in kinds for one in kind} == set(TONES)
    assert run("lib/status.js", "given.map(it.toneOf)", list(TONES), tmp_path) == list(TONES.values())


@pytest.mark.parametrize(
    ("access", "address", "writes", "commands"),
    [
        (
            "open",
            "http://localhost:8053/graphql",
            True,
            ["import claude-code", "hooks install", "patterns scan ~/src/project"],
        ),
        (
            "open",
            "http://box.example:8053/graphql",
            True,
            ["export LOOPGRAPH_URL=http://box.example:8053", "hooks install --url $LOOPGRAPH_URL"],
        ),
        (
            "tokens",
            "https://box.example/under/graphql",
            True,
            [
                "export LOOPGRAPH_URL=https://box.example/under LOOPGRAPH_TOKEN=…",
                "hooks install --url $LOOPGRAPH_URL --token-env LOOPGRAPH_TOKEN",
            ],
        ),
        ("tokens", "http://localhost:8053/graphql", False, []),
    ],
)
def test_an_empty_service_is_filled_by_commands_that_reach_it(
    access: str, address: str, writes: bool, commands: list[str], tmp_path: Path
) -> None:
    given = {"session": {"access": access}, "address": address, "writes": writes}
    steps = run("lib/begin.js", "it.stepsFor(given.session, new URL(given.address), given.writes)", given, tmp_path)
    assert [step["command"].removeprefix("loopgraph ") for step in steps] == commands


def test_what_a_watch_guards_is_open_only_while_it_goes_on(tmp_path: Path) -> None:
    of = "[null, '2026-03-01T12:00:00Z'].map((endedAt) => given.map((status) => it.statusOfGuard({ endedAt }, { status })))"
    going_on, ended = run("lib/status.js", of, ["OPEN", "HELD", "BREACHED"], tmp_path)
    assert going_on == ["OPEN", "HELD", "BREACHED"]
    assert ended == ["NOT_SHOWN", "HELD", "BREACHED"]


def test_a_link_hands_on_the_time_that_is_looked_at(tmp_path: Path) -> None:
    given = [
        [{}, 30],
        [{"days": "7", "zone": "Asia/Tokyo", "name": "x"}, 7],
        [{"from": "2026-11-01T00:00", "to": "2026-11-02T00:00"}, None],
    ]
    assert run("lib/range.js", "given.map(([params, days]) => it.handedOn(params, days))", given, tmp_path) == [
        {"days": 30}, {"days": 7, "zone": "Asia/Tokyo"}, {"days": None, "from": "2026-11-01T00:00", "to": "2026-11-02T00:00"},
    ]  # fmt: skip
