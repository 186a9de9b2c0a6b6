"""The REST paths of the seeds, through a real socket: each example call in its shape, and figures that are right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import graphql
import pytest

from loopgraph.api.rest.catalogue import VIEWS
from loopgraph.api.rest.view import View
from loopgraph.api.rest.views.comparison import COMPARE
from loopgraph.api.rest.views.dashboard import DASHBOARD_SUMMARY
from loopgraph.api.rest.views.figures import PATTERN_ANALYTICS
from loopgraph.api.rest.views.lineage import LINEAGE
from loopgraph.api.rest.views.patterns import PATTERN
from loopgraph.api.rest.views.quality import QUALITY_METRICS
from loopgraph.api.rest.views.rates import SUCCESS_RATES
from loopgraph.api.rest.views.series import TIME_SERIES
from loopgraph.api.rest.views.trends import TREND_OVERVIEW, TRENDS
from loopgraph.api.rest.views.usage import USAGE_STATS
from loopgraph.assets import asset
from loopgraph.effects.clock import new_id, now
from loopgraph.reducers.samples import wilson_interval
from support.quick import first_quick
from support.rest import Made, asked, pattern, used
from support.schema import SCHEMA
from support.service import Json, Service, operation_names

DOCUMENTS = sorted(path.stem for path in asset("graphql", "operations", "rest").glob("*.graphql"))


class Patterns(NamedTuple):
    """Two patterns of a type that no other test has; the first is used so much that it is among the most used of all."""

    crud: Made
    other: Made
    type: str


@pytest.fixture(scope="module")
async def patterns(service: Service) -> AsyncIterator[Patterns]:
    kind = f"architectural {new_id()}"
    crud = await pattern(
        service, "CRUD Effect Pattern", kind, description="stores", tags=("crud",), metadata={"team": "a"}
    )
    other = await pattern(service, "Other Pattern", kind)
    await used(service, crud, 410, 40, quality=0.75)
    await used(service, other, 5, 5, duration_ms=1_000.0)
    return Patterns(crud, other, kind)


SHAPES: dict[str, set[str]] = {
    "/api/pattern-analytics/success-rates": {"patterns", "summary"},
    "/api/analytics/pattern/{pattern_id}": {
        "pattern_id",
        "usage_metrics",
        "success_metrics",
        "performance_metrics",
        "trend_analysis",
        "context_distribution",
    },
}
"""What the seeds show of the answers to their example calls."""

EXAMPLES: list[tuple[View[Any], Json]] = [
    (SUCCESS_RATES, {}),
    (SUCCESS_RATES, {"pattern_type": "architectural", "min_samples": 5}),
    (QUALITY_METRICS, {}),
    (QUALITY_METRICS, {"pattern_id": "CRUD", "time_range": "7d"}),
    (USAGE_STATS, {}),
    *((USAGE_STATS, {"interval": interval, "limit": 5}) for interval in ("hourly", "daily", "weekly")),
    (DASHBOARD_SUMMARY, {}),
    (PATTERN, {"pattern_id": "CRUD"}),
    (TIME_SERIES, {}),
    *(
        (TIME_SERIES, {"pattern_id": "CRUD", "metric_type": metric, "time_range": "7d"})
        for metric in ("usage_count", "success_rate", "quality_score", "avg_execution_time_ms")
    ),
    (TRENDS, {}),
    *((TRENDS, {"trend_type": kind, "time_range": "30d"}) for kind in ("usage", "quality", "emerging", "declining")),
    *((TRENDS, {"trend_type": kind, "time_range": "30d", "pattern_id": "CRUD"}) for kind in ("usage", "quality")),
    (TRENDS, {"trend_type": "declining", "threshold": "0.25"}),
    (COMPARE, {"pattern_ids": ["CRUD", "OTHER"]}),
    (PATTERN_ANALYTICS, {"pattern_id": "CRUD", "time_window": "7d"}),
    (TREND_OVERVIEW, {}),
    (LINEAGE, {"pattern_id": "CRUD"}),
]
"""The example calls of the seeds, and calls with each of their parameters."""


@pytest.mark.lengthy
@pytest.mark.parametrize(("view", "given"), first_quick(EXAMPLES, 12))
async def test_an_example_call_of_the_seeds_is_answered_in_its_shape(
    service: Service, patterns: Patterns, view: View[Any], given: Json
) -> None:
    ids = {"CRUD": patterns.crud.pattern_id, "OTHER": patterns.other.pattern_id}
    given = {
        name: [ids[each] for each in value] if isinstance(value, list) else ids.get(value, value)
        for name, value in given.items()
    }
    path = view.path.format(pattern_id=given.pop("pattern_id")) if view.in_path else view.path
    answer = await asked(service, view, path, **given)
    assert SHAPES.get(view.path, set()) <= answer.keys()


def test_every_view_has_an_example_and_every_document_a_view() -> None:
    assert {id(view) for view, _ in EXAMPLES} == {id(view) for view in VIEWS}
    assert len({(view.method, view.path) for view in VIEWS}) == len(VIEWS) == 11
    assert not set(DOCUMENTS) & set(operation_names())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_one_named_operation_without_anything_deprecated(name: str) -> None:
    text = asset("graphql", "operations", "rest", f"{name}.graphql").read_text(encoding="utf-8")
    document = graphql.parse(text)
    assert graphql.validate(SCHEMA, document) == []
    assert graphql.validate(SCHEMA, document, [graphql.NoDeprecatedCustomRule]) == []
    [found] = [part for part in document.definitions if isinstance(part, graphql.OperationDefinitionNode)]
    assert found.name is not None
    assert found.name.value.startswith("Rest")
    for variable in found.variable_definitions or ():
        assert not (isinstance(variable.type, graphql.NonNullTypeNode) and variable.default_value)


@pytest.mark.lengthy
async def test_success_rates_are_those_that_one_counts_by_hand(service: Service, patterns: Patterns) -> None:
    answer = await asked(service, SUCCESS_RATES, pattern_type=patterns.type, min_samples=5)
    low, _ = wilson_interval(410, 450) or (0, 0)
    assert answer["patterns"][0] == {
        "pattern_id": patterns.crud.pattern_id,
        "pattern_name": "CRUD Effect Pattern",
        "success_rate": 410 / 450,
        "confidence": low,
        "total_executions": 450,
        "successful_executions": 410,
        "failed_executions": 40,
        "pattern_type": patterns.type,
    }
    assert answer["patterns"][1]["success_rate"] == 0.5
    summary = answer["summary"]
    assert (summary["total_patterns"], summary["high_confidence_count"]) == (2, 1)
    assert summary["average_success_rate"] == pytest.approx((410 / 450 + 0.5) / 2)
    few = await asked(service, SUCCESS_RATES, pattern_type=patterns.type, min_samples=11)
    assert [one["pattern_id"] for one in few["patterns"]] == [patterns.crud.pattern_id]
    assert (few["summary"]["total_patterns"], few["summary"]["left_out"] >= 1) == (1, True)
    one = await asked(service, SUCCESS_RATES, pattern_type=patterns.type, limit=1)
    assert (len(one["patterns"]), one["summary"]["total_patterns"]) == (1, 2)


@pytest.mark.lengthy
async def test_figures_of_a_pattern(service: Service, patterns: Patterns) -> None:
    path = PATTERN_ANALYTICS.path.format(pattern_id=patterns.crud.pattern_id)
    found = await asked(service, PATTERN_ANALYTICS, path)
    assert (found["pattern_id"], found["pattern_name"]) == (patterns.crud.pattern_id, "CRUD Effect Pattern")
    usage, success, times = found["usage_metrics"], found["success_metrics"], found["performance_metrics"]
    assert (usage["total_executions"], usage["unique_users"], usage["unique_contexts"]) == (450, 1, 1)
    assert 15 <= usage["executions_per_day"] < 16  # what is left of today counts as no time
    assert (success["success_count"], success["failure_count"], success["success_rate"]) == (410, 40, 410 / 450)
    assert (success["avg_quality_score"], success["quality_sample_count"]) == (0.75, 450)
    assert (success["quality_gate_threshold"], success["quality_gate_compliance"]) == (0.8, 0)
    assert times["avg_execution_time_ms"] == pytest.approx(324.5)
    assert times["p50_execution_time_ms"] == pytest.approx(324.5, rel=0.01)
    assert (times["total_cost_usd"], times["avg_cost_usd"]) != (None, 0)
    shares = found["context_distribution"]
    assert [(one["value"], one["execution_count"]) for one in shares["by_context"]] == [("bugfix", 450)]
    assert [(one["value"], one["share"]) for one in shares["by_agent"]] == [("coder", 1)]
    assert sum(shares["by_hour_of_day"]) == sum(shares["by_day_of_week"]) == 450
    assert found["trend_analysis"]["trend_direction"] == "emerging"
    short = await asked(service, PATTERN_ANALYTICS, path, time_window="3d")
    assert short["usage_metrics"]["total_executions"] < 450


@pytest.mark.lengthy
async def test_a_pattern_in_detail(service: Service, patterns: Patterns) -> None:
    path = PATTERN.path.format(pattern_id=patterns.crud.pattern_id)
    found = await asked(service, PATTERN, path)
    assert (found["description"], found["tags"], found["metadata"]) == ("stores", ["crud"], {"team": "a"})
    assert [one["version"] for one in found["versions"]] == [2, 1]
    assert [one["in_use"] for one in found["versions"]] == [True, False]
    assert found["current_version"] == found["versions"][0]
    assert (found["current_version"]["usage_count"], found["current_version"]["success_rate"]) == (450, 410 / 450)
    assert (found["versions"][1]["usage_count"], found["versions"][1]["success_rate"]) == (0, None)  # before any use
    assert found["analytics"]["usage_metrics"]["total_executions"] == 450
    ranks = {one["measure"]: one for one in found["benchmark"]}
    assert ranks["success_rate"]["value"] == 410 / 450
    assert ranks["success_rate"]["category_average"] == pytest.approx((410 / 450 + 0.5) / 2)
    assert ranks["success_rate"]["percentile_rank"] == 75
    assert (await asked(service, PATTERN, path, limit=1))["more_versions"] is True


@pytest.mark.lengthy
async def test_quality(service: Service, patterns: Patterns) -> None:
    everything = await asked(service, QUALITY_METRICS, limit=100)
    [listed] = [one for one in everything["patterns"] if one["pattern_id"] == patterns.crud.pattern_id]
    assert (listed["quality_score"], listed["sample_count"], listed["version"]) == (0.75, 450, 2)
    assert (everything["versions"], everything["trends"]) == (None, None)
    [other] = (await asked(service, QUALITY_METRICS, pattern_id=patterns.other.pattern_id))["patterns"]
    assert (other["quality_score"], other["sample_count"], other["total_executions"]) == (None, 0, 10)
    alone = await asked(service, QUALITY_METRICS, pattern_id=patterns.crud.pattern_id)
    assert alone["patterns"] == [listed]
    assert alone["summary"] == {"total_patterns": 1, "average_quality_score": 0.75}
    assert [(one["version"], one["quality_score"]) for one in alone["versions"]] == [(2, 0.75), (1, None)]
    assert all(0 < one["text_quality"] < 1 for one in alone["versions"])
    assert alone["trends"] == {"quality_score": None, "text_quality": None}


@pytest.mark.lengthy
async def test_use_over_time(service: Service, patterns: Patterns) -> None:
    found = await asked(service, USAGE_STATS, limit=100, interval="daily")
    [one] = [one for one in found["patterns"] if one["pattern_id"] == patterns.crud.pattern_id]
    assert (one["usage_count"], len(one["periods"])) == (450, 30)
    assert sum(period["usage_count"] for period in one["periods"]) == 450
    assert found["total"]["usage_count"] >= 460
    assert one["trend_direction"] == "emerging"
    first, last = datetime.fromisoformat(one["first_used"]), datetime.fromisoformat(one["last_used"])
    assert timedelta(days=8) < last - first <= timedelta(days=9)  # of hours
    for period, after in zip(one["periods"], one["periods"][1:], strict=False):
        assert period["period_end"] == after["period_start"]
    series = await asked(service, TIME_SERIES, pattern_id=patterns.crud.pattern_id)
    assert [point["value"] for point in series["data_points"]] == [p["usage_count"] for p in one["periods"]]
    rates = await asked(service, TIME_SERIES, pattern_id=patterns.crud.pattern_id, metric_type="success_rate")
    unused = [point["value"] for point in rates["data_points"] if not point["execution_count"]]
    assert unused == [None] * len(unused) != []  # a rate of nothing is not known


async def test_a_time_that_is_over(service: Service, patterns: Patterns) -> None:
    since, until = now() - timedelta(days=12), now() - timedelta(days=5)
    found = await asked(
        service, TIME_SERIES, pattern_id=patterns.crud.pattern_id, since=since.isoformat(), until=until.isoformat()
    )
    counted = sum(point["value"] for point in found["data_points"])
    assert 200 <= counted <= 300
    same = await asked(
        service, TIME_SERIES, pattern_id=patterns.crud.pattern_id, time_range="168h", until=until.isoformat()
    )
    assert 200 <= sum(point["value"] for point in same["data_points"]) <= 300
    recent = await asked(service, TIME_SERIES, pattern_id=patterns.crud.pattern_id, time_range="24h", interval="hour")
    assert sum(point["value"] for point in recent["data_points"]) <= 1


@pytest.mark.lengthy
async def test_the_dashboard(service: Service, patterns: Patterns) -> None:
    found = await asked(service, DASHBOARD_SUMMARY, limit=100)
    assert found["total_patterns"] >= 2
    assert found["total_executions"] >= 460
    [one] = [one for one in found["most_used_patterns"] if one["pattern_id"] == patterns.crud.pattern_id]
    assert (one["usage_count"], one["success_rate"]) == (450, 410 / 450)
    [quality] = [one for one in found["quality_by_pattern_type"] if one["pattern_type"] == patterns.type]
    assert quality["average_quality_score"] == 0.75
    assert (quality["sample_count"], quality["total_executions"], quality["quality_std"]) == (450, 460, 0)
    bands = {one["band"]: one["count"] for one in found["quality_distribution"]}
    assert list(bands) == ["excellent", "good", "fair", "poor"]
    assert bands["good"] >= 450
    assert patterns.crud.pattern_id in [one["pattern_id"] for one in found["recent_trends"]]
    assert len((await asked(service, DASHBOARD_SUMMARY))["most_used_patterns"]) <= 10


@pytest.mark.lengthy
async def test_trends(service: Service, patterns: Patterns) -> None:
    ids = {one["pattern_id"] for one in (await asked(service, TRENDS, trend_type="emerging", limit=100))["trends"]}
    assert patterns.crud.pattern_id in ids  # the most used come first, also those of other tests
    [other] = (await asked(service, TRENDS, pattern_id=patterns.other.pattern_id))["trends"]
    assert other["trend_direction"] == "emerging"
    one = await asked(service, TRENDS, pattern_id=patterns.crud.pattern_id)
    [trend] = one["trends"]
    assert (trend["trend_direction"], trend["execution_count"], one["patterns_analyzed"]) == ("emerging", 450, 1)
    assert trend["velocity"] == pytest.approx(50, abs=10)
    points = one["series"]["data_points"]
    assert 400 <= sum(point["value"] for point in points) <= 450  # today is not over
    assert points[0]["moving_average"] is None
    quality = await asked(service, TRENDS, pattern_id=patterns.crud.pattern_id, trend_type="quality", time_range="10d")
    assert {point["value"] for point in quality["series"]["data_points"]} <= {0.75, None}
    assert quality["series"]["forecast_next_week"] is None
    overview = await asked(service, TREND_OVERVIEW, limit=1)
    assert overview["summary"]["emerging"] >= 2
    assert sum(overview["summary"].values()) == overview["patterns_analyzed"]
    assert len(overview["patterns"]) == 1


async def test_a_comparison(service: Service, patterns: Patterns) -> None:
    ids = [patterns.other.pattern_id, patterns.crud.pattern_id]
    found = await asked(service, COMPARE, pattern_ids=ids)
    assert [one["pattern_id"] for one in found["patterns"]] == ids
    assert [one["execution_count"] for one in found["patterns"]] == [10, 450]
    differences = {one["metric"]: one for one in found["comparison_matrix"]}
    rates = differences["success_rate"]
    assert rates["difference"] == pytest.approx(410 / 450 - 0.5)
    assert rates["p_value"] <= rates["adjusted_p_value"]
    assert differences["cost_usd"]["p_value"] is None
    assert "random" in found["caveat"]


@pytest.mark.lengthy
async def test_a_lineage(service: Service, patterns: Patterns) -> None:
    path = LINEAGE.path.format(pattern_id=patterns.crud.pattern_id)
    found = await asked(service, LINEAGE, path)
    first, second = patterns.crud.node_ids
    assert {one["node_id"]: one["version_number"] for one in found["nodes"]} == {first: 1, second: 2}
    assert {one["node_id"]: one["parent_node_ids"] for one in found["nodes"]} == {first: [], second: [first]}
    [edge] = found["edges"]
    assert (edge["source_node_id"], edge["target_node_id"], edge["edge_type"]) == (first, second, "REFINED_FROM")
    assert (found["root_node_ids"], found["leaf_node_ids"], found["current_node_id"]) == ([first], [second], second)
    assert (found["total_nodes"], found["total_edges"], found["truncated"]) == (2, 1, False)
    assert (await asked(service, LINEAGE, path, limit=1))["truncated"] is True
    past = await asked(service, LINEAGE, path, as_of="2001-01-01T00:00:00Z")
    assert past["edges"] == []


@pytest.mark.lengthy
async def test_ids_can_have_slashes_and_be_global(service: Service) -> None:
    id_ = f"skills/{new_id()}"
    await pattern(service, "nested", "slashed", pattern_id=id_)
    assert (await asked(service, LINEAGE, LINEAGE.path.format(pattern_id=id_)))["pattern_id"] == id_
    quoted = id_.replace("/", "%2F")
    assert (await asked(service, LINEAGE, LINEAGE.path.format(pattern_id=quoted)))["pattern_id"] == id_
    [global_id] = (await service.query("query($p: ID!) { pattern(patternId: $p) { id } }", p=id_))["pattern"].values()
    assert (await asked(service, PATTERN, PATTERN.path.format(pattern_id=global_id)))["pattern_id"] == id_
