"""All views."""

from __future__ import annotations

from typing import Any, Final

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

VIEWS: Final[tuple[View[Any], ...]] = (
    QUALITY_METRICS,
    SUCCESS_RATES,
    USAGE_STATS,
    DASHBOARD_SUMMARY,
    PATTERN,
    TIME_SERIES,
    TRENDS,
    COMPARE,
    PATTERN_ANALYTICS,
    TREND_OVERVIEW,
    LINEAGE,
)
