"""What all figures ask for in the same way, over every field that asks for it: a window, a time zone, ids."""

from __future__ import annotations

from typing import Any, Final

import pytest

from loopgraph.api.graphql.schema import build_schema
from loopgraph.effects.clock import new_id
from loopgraph.reducers.usage.series import MOST_POINTS
from loopgraph.settings import Settings
from support.quick import first_quick
from support.service import Json, Service
from support.traces import make_version

SCHEMA: Any = build_schema(Settings())
FIELDS: Final[dict[str, Any]] = SCHEMA._schema.query_type.fields

ABOUT: Final = {
    "patternAnalytics": 'id: "{pattern}"',
    "benchmarkPattern": 'patternId: "{pattern}"',
    "patternReliability": 'patternId: "{pattern}"',
    "qualityMetrics": 'patternId: "{pattern}"',
    "blastRadius": 'patternId: "{pattern}"',
    "rankPatterns": 'candidates: [{{patternId: "{pattern}"}}]',
    "compareVersionsRetrospectively": 'baseNodeId: "{node}", candidateNodeId: "{other}"',
    "comparePatterns": 'patternIds: ["{pattern}"], nodeIds: ["{node}"]',
    "errorPatterns": 'nodeId: "{node}"',
    "subjectAnalytics": 'subject: {{kind: PATTERN, name: "{pattern}"}}',
    "timeSeries": 'metric: EXECUTIONS, subject: {{kind: PATTERN_VERSION, name: "{node}"}}',
    "seriesAnalysis": 'metric: EXECUTIONS, subject: {{kind: PATTERN, name: "{pattern}"}}',
    "retention": 'subject: {{kind: PATTERN_VERSION, name: "{node}"}}',
}
"""The fields that are about a pattern or a version, and how they are asked about it."""

IDS: Final = {"id", "patternId", "patternIds", "nodeId", "nodeIds", "baseNodeId", "candidates", "subject"}


def with_argument(name: str) -> list[str]:
    return sorted(field for field, one in FIELDS.items() if name in one.args)


def asked(field: str, ids: Json, *more: str) -> str:
    """A document that asks one field, about these if it is about any."""
    arguments = ", ".join([*([ABOUT[field].format(**ids)] if field in ABOUT else []), *more])
    return f"{{ {field}({arguments}) {{ __typename }} }}"


@pytest.fixture(scope="module")
async def ids(service: Service) -> Json:
    """A pattern and a version of it."""
    node = await make_version(service.parts.graph)
    [version] = (await service.parts.lineage_reads.versions([node])).values()
    return {"pattern": version.pattern_id, "node": node, "other": await make_version(service.parts.graph)}


def test_a_range_is_asked_for_in_one_way() -> None:
    for field in with_argument("window"):
        assert str(FIELDS[field].args["window"].type) == "AnalyticsWindowInput"
    figures = {"errorPatterns", "agentChains", "modelUsage", "timeSeries", "trends", "usageStats", *ABOUT}
    for field in figures - {"blastRadius", "qualityMetrics"}:  # of the last days; of versions
        assert "window" in FIELDS[field].args, field
    for field in FIELDS.values():
        if "window" in field.args:
            other = [field.args[name] for name in ("since", "until") if name in field.args]
            assert all(one.deprecation_reason for one in other)


@pytest.mark.lengthy
@pytest.mark.parametrize("field", first_quick(with_argument("window"), 4))
async def test_ranges_that_are_none_are_refused_everywhere_alike(service: Service, ids: Json, field: str) -> None:
    for window, wrong, problem in (
        ('since: "2025-01-02T00:00:00Z", until: "2025-01-01T00:00:00Z"', "window.since", "must be before until"),
        ('since: "2025-01-02T00:00:00Z", until: "2025-01-02T01:00:00+01:00"', "window.since", "must be before until"),
        ('since: "9000-01-02T00:00:00Z"', "window.since", "where it is left out"),
        ('until: "0001-01-01T00:00:00Z"', "window", "must lie between the years 1 and 9999"),
        ('since: "2025-01-02T00:00:00"', "window.since", "must name its time zone"),
        ('until: "2025-01-02T00:00:00"', "window.until", "must name its time zone"),
        ('since: "0001-01-01T00:00:00+14:00"', "window.since", "must lie between the years 1 and 9999"),
    ):
        [error] = await service.errors(asked(field, ids, f"window: {{{window}}}"))
        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", wrong), window
        assert problem in error["message"]


@pytest.mark.lengthy
@pytest.mark.parametrize("field", with_argument("timeZone"))
async def test_time_zones_that_are_none_are_refused_everywhere_alike(service: Service, ids: Json, field: str) -> None:
    for zone in ("Mars/Olympus", "../etc/passwd", "Europe", "localtime", "Factory", "posixrules", "", "x" * 5_000):
        [error] = await service.errors(asked(field, ids, f'timeZone: "{zone}"'))
        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", "timeZone"), zone
        assert "Europe/Berlin" in error["message"]


@pytest.mark.lengthy
async def test_a_million_points_are_refused(service: Service) -> None:
    window = 'window: {since: "1900-01-01T00:00:00Z", until: "2024-01-01T00:00:00Z"}'
    [series] = await service.errors(f"{{ timeSeries(metric: EXECUTIONS, interval: HOUR, {window}) {{ __typename }} }}")
    assert (series["extensions"]["field"], f"more than {MOST_POINTS:,} points" in series["message"]) == (
        "interval",
        True,
    )
    years = await service.query(f"{{ timeSeries(metric: TOKENS, interval: MONTH, {window}) {{ lines {{ value }} }} }}")
    assert years["timeSeries"] == {"lines": [{"value": None}]}
    for field in ("usageStats(interval: HOUR, ", "dashboardSummary(", "seriesAnalysis(metric: EXECUTIONS, "):
        [error] = await service.errors(f"{{ {field}{window}) {{ __typename }} }}")
        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", "window")


def test_the_table_above_is_whole() -> None:
    about = {field for field in with_argument("window") if IDS & FIELDS[field].args.keys()}
    assert ABOUT.keys() - {"blastRadius", "qualityMetrics"} == about


@pytest.mark.lengthy
async def test_what_there_is_is_answered(service: Service, ids: Json) -> None:
    for field in ABOUT:
        answer = await service.ask(asked(field, ids))
        assert "errors" not in answer, (field, answer)


@pytest.mark.lengthy
@pytest.mark.parametrize("field", sorted(ABOUT))
async def test_what_is_gone_is_not_found_everywhere(service: Service, ids: Json, field: str) -> None:
    no_ids = [] if "baseNodeId" in ABOUT[field] else ["no id at all!"]  # that one says what an id may be
    for gone in (new_id(), "gone", *no_ids):
        [error] = await service.errors(asked(field, {"pattern": gone, "node": gone, "other": ids["other"]}))
        assert (error["extensions"]["code"], gone in error["message"]) == ("NOT_FOUND", True), error
    other = await service.query(f'{{ pattern(patternId: "{ids["pattern"]}") {{ id currentVersion {{ id }} }} }}')
    of_version, of_pattern = other["pattern"]["currentVersion"]["id"], other["pattern"]["id"]
    if "subject" not in ABOUT[field]:  # its name is what a thing of any kind is called
        [error] = await service.errors(asked(field, {"pattern": of_version, "node": of_pattern, "other": ids["other"]}))
        assert error["extensions"]["code"] == "INVALID_INPUT"
