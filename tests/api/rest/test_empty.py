"""The views of a database in which nothing was ever recorded: zeros where something is counted, null where nothing is known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from loopgraph.api.rest.views.dashboard import DASHBOARD_SUMMARY
from loopgraph.api.rest.views.quality import QUALITY_METRICS
from loopgraph.api.rest.views.rates import SUCCESS_RATES
from loopgraph.api.rest.views.series import TIME_SERIES
from loopgraph.api.rest.views.trends import TREND_OVERVIEW, TRENDS
from loopgraph.api.rest.views.usage import USAGE_STATS
from loopgraph.settings import Settings
from support.prepared import prepared
from support.rest import asked
from support.service import Service, serving


@pytest.fixture(scope="module")
async def empty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder: Path = tmp_path_factory.mktemp("empty")
    async with serving(Settings(graph_url=f"embedded:{prepared(folder / 'graph')}")) as service:
        yield service


@pytest.mark.slow
async def test_an_empty_database_is_answered_without_an_invented_figure(empty: Service) -> None:
    rates = await asked(empty, SUCCESS_RATES)
    assert (rates["patterns"], rates["summary"]["average_success_rate"]) == ([], None)
    quality = await asked(empty, QUALITY_METRICS)
    assert (quality["patterns"], quality["summary"]["average_quality_score"]) == ([], None)
    usage = await asked(empty, USAGE_STATS)
    assert (usage["patterns"], usage["total"]["usage_count"]) == ([], 0)
    summary = await asked(empty, DASHBOARD_SUMMARY)
    assert (summary["total_patterns"], summary["total_executions"]) == (0, 0)
    assert (summary["average_success_rate"], summary["execution_success_rate"]) == (None, None)
    assert summary["change"]["executions_change"] is None
    counts = await asked(empty, TIME_SERIES)
    assert {point["value"] for point in counts["data_points"]} == {0}
    unknown = await asked(empty, TIME_SERIES, metric_type="success_rate")
    assert {point["value"] for point in unknown["data_points"]} == {None}
    for kind in ("usage", "emerging", "declining"):
        assert (await asked(empty, TRENDS, trend_type=kind))["trends"] == []
    [quality_trend] = (await asked(empty, TRENDS, trend_type="quality"))["trends"]
    assert (quality_trend["trend_direction"], quality_trend["slope"]) == (None, None)
    overview = await asked(empty, TREND_OVERVIEW)
    assert set(overview["summary"].values()) == {0}
