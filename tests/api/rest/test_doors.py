"""The doors of the views: what is asked wrongly, what there is not, who may ask, and what clients are spared."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.api.access import Action, doors, principals
from loopgraph.api.rest.catalogue import VIEWS
from loopgraph.api.rest.views.figures import PATTERN_ANALYTICS
from loopgraph.api.rest.views.lineage import LINEAGE
from loopgraph.api.rest.views.patterns import PATTERN
from loopgraph.contracts.base import Principal
from loopgraph.effects.clock import new_id, now
from loopgraph.errors import GraphUnavailable
from support.access import mate
from support.engines import EngineUnderTest
from support.rest import pattern
from support.service import Service, serving

ANALYTICS = "/api/pattern-analytics"
RATES = f"{ANALYTICS}/success-rates"
COMPARE = f"{ANALYTICS}/compare"
YEARS = (now() - timedelta(days=500)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("path", "given", "field", "wanted"),
    [
        (RATES, {"min_samples": "0"}, "min_samples", "must be greater than or equal to 1"),
        (RATES, {"min_samples": "many"}, "min_samples", "must be a whole number"),
        (RATES, {"limit": "101"}, "limit", "must be less than or equal to 100"),
        (RATES, {"limit": ""}, "limit", "must be a whole number"),
        (RATES, {"limit": "1_0"}, "limit", "must be a whole number"),
        (RATES, {"pattern_type": ""}, "pattern_type", "must have at least 1 character"),
        (RATES, {"samples": "5"}, "samples", "is not known here; known are time_range, since, until, pattern_type"),
        (RATES, {"limit": ["1", "2"]}, "limit", "must be given once, not 2 times"),
        (RATES, {"time_range": "month"}, "time_range", "must be hours, days or weeks, such as 24h, 7d or 12w"),
        (RATES, {"time_range": "401d"}, "time_range", "at most 720h, 400d or 57w"),
        (RATES, {"since": "yesterday"}, "since", "must be an instant with its time zone"),
        (RATES, {"since": "2026-01-01T00:00:00"}, "since", "must be an instant with its time zone"),
        (RATES, {"since": "1767225600"}, "since", "must be an instant with its time zone"),
        (RATES, {"since": YEARS, "time_range": "1d"}, "time_range", "must be left out where since is given"),
        (RATES, {"since": YEARS}, "time_range", "must not be longer than 400 days"),
        (RATES, {"since": YEARS, "until": YEARS}, "since", "must be before until"),
        (RATES, {"until": "0001-01-01T00:00:00Z"}, "until", "must not be so near the year 1"),
        (f"{ANALYTICS}/usage-stats", {"interval": "minute"}, "interval", "must be 'hour', 'day', 'week', 'month'"),
        (
            f"{ANALYTICS}/usage-stats",
            {"interval": "hour", "time_range": "90d"},
            "interval",
            "makes more than 400 points",
        ),
        (f"{ANALYTICS}/time-series", {"metric_type": "beauty"}, "metric_type", "must be 'usage_count'"),
        (
            f"{ANALYTICS}/time-series",
            {"interval": "hour", "time_range": "200d"},
            "interval",
            "makes more than 2,500 points",
        ),
        (f"{ANALYTICS}/trends", {"trend_type": "fashion"}, "trend_type", "must be 'usage', 'quality', 'emerging'"),
        (f"{ANALYTICS}/trends", {"trend_type": "emerging", "pattern_id": "p"}, "pattern_id", "must be left out"),
        (f"{ANALYTICS}/trends", {"threshold": "0.5"}, "threshold", "unless trend_type is declining"),
        (f"{ANALYTICS}/trends", {"trend_type": "declining", "threshold": "3"}, "threshold", "less than or equal to 2"),
        (f"{ANALYTICS}/trends", {"trend_type": "declining", "threshold": "nan"}, "threshold", "must be a number"),
        (f"{ANALYTICS}/trends", {"time_range": "1d"}, "time_range", "must"),
        ("/api/analytics/pattern/p", {"time_window": "7"}, "time_window", "must be hours, days or weeks"),
        ("/api/analytics/pattern/p", {"pattern_id": "q"}, "pattern_id", "must be in the path alone"),
        ("/api/lineage/p", {"max_depth": "0"}, "max_depth", "must be greater than or equal to 1"),
        ("/api/lineage/p", {"as_of": "now"}, "as_of", "must be an instant with its time zone"),
    ],
)
async def test_what_is_asked_wrongly_is_named(
    service: Service, path: str, given: dict[str, Any], field: str, wanted: str
) -> None:
    response = await service.http.get(path, params=given)
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert error["code"] == "INVALID_INPUT"
    assert error["field"] == field, error
    assert wanted in error["message"]


@pytest.mark.parametrize(
    ("given", "field", "wanted"),
    [
        ({}, "pattern_ids", "is required"),
        ({"pattern_ids": "p"}, "pattern_ids", "must be a valid list"),
        ({"pattern_ids": ["p"]}, "pattern_ids", "must name 2 to 20 patterns"),
        ({"pattern_ids": [f"p{n}" for n in range(21)]}, "pattern_ids", "must name 2 to 20 patterns"),
        ({"pattern_ids": ["p", "p"]}, "pattern_ids", "must be different from each other"),
        ({"pattern_ids": ["p", ""]}, "pattern_ids.1", "at least 1 character"),
        ({"pattern_ids": ["p", "q"], "ids": []}, "ids", "is not known here"),
        ({"pattern_ids": ["p", "q"], "since": 1767225600}, "since", "must be an instant"),
        ([], "body", "must be a JSON object"),
    ],
)
async def test_what_is_compared_wrongly_is_named(service: Service, given: Any, field: str, wanted: str) -> None:
    response = await service.http.post(COMPARE, json=given)
    assert response.status_code == 400, response.text
    assert response.json()["error"]["field"] == field
    assert wanted in response.json()["error"]["message"]


async def test_one_pattern_by_both_its_ids_is_no_comparison(service: Service) -> None:
    response = await service.http.post(COMPARE, json={"pattern_ids": ["p", base64.b64encode(b"Pattern:p").decode()]})
    assert response.status_code == 400, response.text
    assert response.json()["error"]["message"] == "must name 2 to 20 different patterns"


async def test_a_body_that_is_none(service: Service) -> None:
    for content, kind, status in (("{", "application/json", 400), ("{}", "text/plain", 415)):
        response = await service.http.post(COMPARE, content=content, headers={"content-type": kind})
        assert response.status_code == status
    response = await service.http.post(COMPARE, params={"time_range": "7d"}, json={"pattern_ids": ["p", "q"]})
    assert (response.status_code, response.json()["error"]["field"]) == (400, "time_range")


@pytest.mark.lengthy
@pytest.mark.parametrize("id_", ["unknown-pattern", "a/b", "ü", "%00", "'", "x" * 1_500])
@pytest.mark.parametrize("path", [PATTERN.path, PATTERN_ANALYTICS.path, LINEAGE.path])
async def test_a_pattern_that_there_is_not(service: Service, path: str, id_: str) -> None:
    response = await service.http.get(path.format(pattern_id=id_))
    assert response.status_code == 404, response.text
    error = response.json()["error"]
    assert (error["code"], error["kind"]) == ("NOT_FOUND", "Pattern")


@pytest.mark.lengthy
async def test_a_pattern_in_a_query_that_there_is_not(service: Service) -> None:
    id_ = new_id()
    for path in (f"{ANALYTICS}/quality-metrics", f"{ANALYTICS}/time-series", f"{ANALYTICS}/trends"):
        response = await service.http.get(path, params={"pattern_id": id_})
        assert (response.status_code, response.json()["error"]["id"]) == (404, id_)
    response = await service.http.post(COMPARE, json={"pattern_ids": [id_, new_id()]})
    assert response.status_code == 404


@pytest.mark.lengthy
async def test_who_may_not_read_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for may in ((), (Action.USE_GRAPHQL, Action.WRITE_EVENTS)):
        monkeypatch.setattr(principals, "allowed", lambda principal, action, may=may: action in may)
        for view in VIEWS:
            response = await service.http.request(view.method, view.path)
            assert (response.status_code, response.json()["error"]["code"]) == (403, "FORBIDDEN"), view.path


@pytest.mark.lengthy
async def test_who_may_see_only_what_is_theirs_sees_no_figures_of_all(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:

    async def somebody(*_: object, **__: object) -> Principal:
        return mate("somebody")

    monkeypatch.setattr(doors, "identified", somebody)
    for path in ("dashboard-summary", "success-rates", "usage-stats", "time-series", "trends", "quality-metrics"):
        response = await service.http.get(f"{ANALYTICS}/{path}")
        assert (response.status_code, response.json()["error"]["code"]) == (403, "FORBIDDEN"), path


@pytest.mark.lengthy
async def test_what_has_not_changed_is_not_sent_again(service: Service) -> None:
    path, over = f"{ANALYTICS}/time-series", {"since": "2001-01-01T00:00:00Z", "until": "2001-01-02T00:00:00Z"}
    first = await service.http.get(path, params=over)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for given in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await service.http.get(path, params=over, headers={"if-none-match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await service.http.get(path, params={**over, "metric_type": "success_rate"}, headers={"if-none-match": tag})
    assert other.status_code == 200
    assert other.headers["etag"] != tag
    head = await service.http.head(path, params=over)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


@pytest.mark.lengthy
async def test_methods_and_correlation_ids(service: Service) -> None:
    for path, method in ((RATES, "POST"), (RATES, "DELETE"), (COMPARE, "GET"), (RATES, "OPTIONS")):
        response = await service.http.request(method, path)
        assert (response.status_code, response.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert response.headers["allow"]
    named = await service.http.get(RATES, headers={"x-correlation-id": "of-mine"})
    assert named.headers["x-correlation-id"] == "of-mine"
    wrong = await service.http.get(RATES, params={"limit": "0"})
    assert wrong.headers["x-correlation-id"]


@pytest.mark.lengthy
async def test_pages_of_allowed_origins_can_read_and_revalidate(embedded_engine: EngineUnderTest) -> None:
    allowed = ("http://dashboards.example",)
    settings = settings_for(embedded_engine).model_copy(update={"allowed_origins": allowed, "loop_poll_ms": 500})
    async with serving(settings) as service:
        origin = {"origin": allowed[0]}
        answer = await service.http.get(RATES, headers=origin)
        assert answer.headers["access-control-allow-origin"] == allowed[0]
        assert "ETag" in answer.headers["access-control-expose-headers"]
        asking = {**origin, "access-control-request-method": "GET", "access-control-request-headers": "if-none-match"}
        assert (await service.http.options(RATES, headers=asking)).status_code == 200
        elsewhere = await service.http.get(RATES, headers={"origin": "http://elsewhere.example"})
        assert elsewhere.status_code == 403


async def test_what_the_graph_cannot_do_now_is_told_with_when_to_come_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise GraphUnavailable("the graph does not answer")

    monkeypatch.setattr(service.parts.buckets, "basis", away)
    response = await service.http.get(RATES)
    assert (response.status_code, response.json()["error"]["code"]) == (503, GraphUnavailable.code)
    assert int(response.headers["retry-after"]) > 0


async def test_what_nobody_foresaw_is_masked(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(service.parts.buckets, "basis", broken)
    response = await service.http.get(RATES, headers={"x-correlation-id": "of-mine"})
    assert (response.status_code, response.json()["error"]["code"]) == (500, "INTERNAL")
    assert "of-mine" in response.json()["error"]["message"]
    assert "secret" not in response.text


@pytest.mark.lengthy
async def test_limits_of_the_operator_hold_here_too(embedded_engine: EngineUnderTest) -> None:
    settings = settings_for(embedded_engine).model_copy(update={"max_query_nodes": 40_000, "max_page_size": 10})
    async with serving(settings) as service:
        refused = await service.http.get(f"{ANALYTICS}/usage-stats")
        assert refused.status_code == 400
        assert "40,000 are allowed" in refused.json()["error"]["message"]
        made = await pattern(service, "bounded", "prompt")
        page = await service.http.get(f"{ANALYTICS}/patterns/{made.pattern_id}", params={"limit": "11"})
        assert (page.status_code, page.json()["error"]["field"]) == (400, "limit")
