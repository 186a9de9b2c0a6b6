"""Executions told apart by an attribute that a setting names."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conftest import settings_for
from loopgraph.contracts.traces.events import TraceCompleted, TraceStarted
from loopgraph.effects.clock import new_id
from support.engines import EngineUnderTest
from support.service import serving
from support.traces import NOON

DOCUMENT = """
query($user: String!, $window: AnalyticsWindowInput, $attributes: [String!]) {
  subjectAnalytics(subject: {kind: USER, name: $user}, window: $window) {
    distributions(dimensions: [USER], attributes: $attributes) { by attribute dimension shares { value executions } }
  }
}
"""


@pytest.mark.lengthy
async def test_an_attribute_of_the_context_is_a_dimension(embedded_engine: EngineUnderTest) -> None:
    settings = settings_for(embedded_engine).model_copy(update={"usage_attributes": ("language",)})
    user, window = new_id(), {"since": NOON.isoformat(), "until": (NOON + timedelta(hours=1)).isoformat()}
    async with serving(settings) as service:
        for language in ("rust", "go", "rust"):
            trace = new_id()
            await service.parts.recorder.record(
                [
                    TraceStarted(correlation_id=trace, user_id=user, timestamp=NOON, context={"language": language}),
                    TraceCompleted(correlation_id=trace, success=True, timestamp=NOON + timedelta(seconds=1)),
                ]
            )
        asked = {"user": user, "window": window, "attributes": ["language", "unheard of"]}
        found = (await service.query(DOCUMENT, **asked))["subjectAnalytics"]["distributions"]
        assert found == [
            {"by": "USER", "attribute": None, "dimension": "user", "shares": [{"value": user, "executions": 3}]},
            {
                "by": None,
                "attribute": "language",
                "dimension": "language",
                "shares": [{"value": "rust", "executions": 2}, {"value": "go", "executions": 1}],
            },
            {"by": None, "attribute": "unheard of", "dimension": "unheard of", "shares": []},
        ]
        [error] = await service.errors(DOCUMENT, **{**asked, "attributes": [f"a{n}" for n in range(21)]})
        assert error["extensions"]["field"] == "attributes"
