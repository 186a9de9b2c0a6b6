"""Spans of any instrumentation as observations: traces, steps and calls by the common conventions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.otel.json import read_spans
from loopgraph.computes.otel.report import Report
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.contracts.base import Contract
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation
from loopgraph.contracts.traces.precedence import Ending
from senders.picture import picture_of
from support.otlp import START_NS, TRACE, attributes, span, traces

Json = dict[str, Any]


def key(number: int) -> str:
    return f"{TRACE}/{number:016x}"


def report(*spans: Json, **resource: Any) -> Report:
    return observe_spans(read_spans(traces(*spans, **resource)))


def said(*spans: Json) -> list[Observation]:
    """What the spans say, but for what they say of the trace as a whole."""
    found = report(*spans).observations
    return [item for item in found if not item.source.startswith("otel.resource.") and item.ending != Ending.PARTS]


def step(one: Json) -> HookExecuted:
    [item] = said(one)
    assert isinstance(item.event, HookExecuted)
    return item.event


def call(one: Json) -> EndpointCalled:
    [item] = said(one)
    assert isinstance(item.event, EndpointCalled)
    return item.event


def test_a_root_that_only_wraps_is_the_trace_and_no_step() -> None:
    root = span(
        1,
        None,
        "handle",
        2,
        **{"input.value": "sort it", "output.value": "sorted", "session.id": "s-1", "user.id": "u-1"},
    )
    started, completed = (item.event for item in said(root))
    assert isinstance(started, TraceStarted)
    assert isinstance(completed, TraceCompleted)
    assert (started.correlation_id, started.source, started.prompt_text) == (TRACE, "shop", "sort it")
    assert (started.session_id, started.user_id) == ("s-1", "u-1")
    assert (completed.success, completed.duration_ms, completed.response_text) == (True, 100.0, "sorted")
    assert started.context == {"span_name": "handle", "span_kind": "server", "scope": {"name": "tests"}}


def test_a_root_that_does_something_is_also_a_step() -> None:
    kinds = [item.event.kind for item in said(span(1, None, "chat", 3, **{"gen_ai.operation.name": "chat"}))]
    assert kinds == ["start", "complete", "endpoint"]


def test_steps_are_nested_as_their_spans_are() -> None:
    inner = step(span(3, 2, "plan", retries=2))
    assert (inner.execution_id, inner.correlation_id, inner.parent_id) == (key(3), TRACE, key(2))
    assert (inner.hook_type, inner.tool_name, inner.status) == ("Internal", "plan", TraceStatus.SUCCESS)
    assert (inner.duration_ms, inner.context["retries"]) == (100.0, 2)
    [item] = said(span(4, 3, "GET", 3, **{"http.request.method": "GET"}))
    assert (item.nested_in, item.otel_trace_id, item.clock) == (key(3), TRACE, 6)


def test_a_call_of_a_model() -> None:
    one = call(
        span(
            2,
            1,
            "chat gpt",
            3,
            **{
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt",
                "gen_ai.usage.input_tokens": 7,
                "gen_ai.usage.output_tokens": "8",
                "gen_ai.input.messages": '[{"role": "user"}]',
                "gen_ai.completion": "hi",
                "server.port": 443,
            },
        )
    )
    assert (one.call_id, one.service_name, one.endpoint_path, one.model) == (key(2), "openai", "chat", "gpt")
    assert (one.input_tokens, one.output_tokens) == (7, 8)
    assert (one.request_body, one.response_body) == ([{"role": "user"}], "hi")
    assert one.context["server.port"] == 443


@pytest.mark.parametrize(
    ("written", "kind", "hook_type"),
    [
        ({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}, 1, "ToolUse"),
        ({"openinference.span.kind": "TOOL", "tool.name": "search"}, 1, "ToolUse"),
        ({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "search"}, 3, "Agent"),
        ({"openinference.span.kind": "AGENT"}, 1, "Agent"),
        ({"openinference.span.kind": "RETRIEVER"}, 1, "Retriever"),
        ({"openinference.span.kind": "GUARDRAIL"}, 1, "Guardrail"),
        ({}, 2, "Server"),
        ({}, 4, "Producer"),
        ({}, 3, "Client"),
    ],
)
def test_kinds_of_steps(written: Json, kind: int, hook_type: str) -> None:
    found = step(span(2, 1, "search", kind, **written, **{"input.value": '{"q": 1}', "output.value": "[1"}))
    assert (found.hook_type, found.tool_name) == (hook_type, "search")
    assert (found.tool_input, found.tool_response) == ({"q": 1}, "[1")


@pytest.mark.parametrize("kind", ["LLM", "EMBEDDING", "RERANKER"])
def test_models_by_openinference(kind: str) -> None:
    one = call(
        span(
            2,
            1,
            "ask",
            **{
                "openinference.span.kind": kind,
                "llm.model_name": "m",
                "llm.token_count.prompt": 3,
                "llm.token_count.completion": 4,
                "input.value": "q",
                "output.value": "a",
            },
        )
    )
    assert (one.service_name, one.endpoint_path, one.model) == ("shop", "ask", "m")
    assert (one.input_tokens, one.output_tokens, one.request_body, one.response_body) == (3, 4, "q", "a")


@pytest.mark.parametrize(
    ("written", "service", "path", "method"),
    [
        (
            {
                "http.request.method": "GET",
                "url.full": "https://api.example:8443/v1/items?token=x",
                "http.response.status_code": 404,
            },
            "api.example",
            "/v1/items",
            "GET",
        ),
        (
            {"http.method": "POST", "net.peer.name": "old", "http.target": "/t", "http.status_code": "404"},
            "old",
            "/t",
            "POST",
        ),
        ({"rpc.system": "grpc", "rpc.service": "shop.Cart", "rpc.method": "Add"}, "grpc", "/shop.Cart/Add", "POST"),
        (
            {
                "db.system.name": "postgresql",
                "db.operation.name": "SELECT",
                "db.namespace": "shop",
                "db.collection.name": "items",
                "server.address": "db1",
            },
            "db1",
            "SELECT shop items",
            "POST",
        ),
    ],
)
def test_calls_of_other_services(written: Json, service: str, path: str, method: str) -> None:
    one = call(span(2, 1, "out", 3, **written))
    assert (one.service_name, one.endpoint_path, one.http_method) == (service, path, method)
    assert one.response_status == (404 if any("status" in name for name in written) else None)


def test_an_error_is_told_by_the_status_and_by_the_exception() -> None:
    failed = {"status": {"code": 2, "message": "no stock"}}
    thrown = attributes({"exception.type": "ValueError", "exception.message": "bad"})
    events = {"events": [{"name": "exception", "attributes": thrown}]}
    by_status = step({**span(2, 1, **{"error.type": "OutOfStock"}), **failed, **events})
    assert (by_status.status, by_status.error_message) == (TraceStatus.ERROR, "no stock")
    assert by_status.error_type == "OutOfStock"
    by_exception = step({**span(2, 1), "status": {"code": 2}, **events})
    assert (by_exception.error_message, by_exception.error_type) == ("bad", "ValueError")
    survived = step({**span(2, 1), **events})
    assert (survived.status, survived.error_message) == (TraceStatus.SUCCESS, None)
    assert survived.context["events"][0]["attributes"]["exception.type"] == "ValueError"
    completed = said({**span(1), **failed})[1].event
    assert isinstance(completed, TraceCompleted)
    assert (completed.success, completed.error_message) == (False, "no stock")


def test_the_resource_is_said_once_for_a_trace() -> None:
    found = report(span(1), span(2, 1), span(3, 1, **{"session.id": "s-9"}), **{"host.name": "h"})
    [whole] = [item for item in found.observations if item.source == "otel.resource.shop"]
    assert isinstance(whole.event, TraceStarted)
    assert (whole.event.correlation_id, whole.event.session_id, whole.event.timestamp) == (TRACE, "s-9", None)
    assert whole.event.context == {"service.name": "shop", "host.name": "h"}
    assert "host.name" not in str([item for item in found.observations if item is not whole])


@pytest.mark.parametrize("own", [{}, {"session.id": "s-1", "user.id": "u-1"}])
def test_a_resource_names_the_session_and_the_user_of_spans_that_do_not(own: Json) -> None:
    resource = {"session.id": "s-9", "enduser.id": "u-9"}
    requests = [traces(span(1, **own), **resource), traces(span(2, 1), **resource)]
    trace = picture_of(("traces", request) for request in requests).traces[TRACE]
    assert (trace["session_id"], trace["user_id"]) == (own.get("session.id", "s-9"), own.get("user.id", "u-9"))


@pytest.mark.parametrize("values", [{}, {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3}])
def test_an_end_before_its_beginning_is_told_by_itself(values: Json) -> None:
    backwards = {**span(2, 1, **values), "endTimeUnixNano": str(START_NS - 1_000_000)}
    told = [each.event for each in said(backwards) if isinstance(each.event, HookExecuted | EndpointCalled)]
    begun, ended = told
    assert (begun.completed_at, begun.duration_ms, begun.started_at is None) == (None, None, False)
    assert (ended.started_at, ended.duration_ms) == (None, None)
    assert begun.started_at
    assert ended.completed_at == begun.started_at - timedelta(milliseconds=1)


def test_times_that_do_not_fit_are_left_out() -> None:
    nothing = step({**span(2, 1), "startTimeUnixNano": "0", "endTimeUnixNano": str(2**64 - 1)})
    assert (nothing.started_at, nothing.duration_ms) == (None, None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"traceId": "0" * 32}, "traceId"),
        ({"traceId": "xyz"}, "traceId"),
        ({"spanId": ""}, "spanId"),
        ({"parentSpanId": "1"}, "parentSpanId: must be 8 bytes"),
        ({"parentSpanId": f"{2:016x}"}, "parentSpanId: must name another span, not this one"),
    ],
)
def test_a_span_with_wrong_ids_is_refused_and_the_others_are_not(change: Json, field: str) -> None:
    found = report({**span(2, 1), **change}, span(3, 1))
    assert list(found.refused) == [0]
    assert found.refused[0].startswith(field)
    assert set(found.items) == {1, None}


NAMES = st.sampled_from(
    [
        "gen_ai.operation.name", "gen_ai.usage.input_tokens", "gen_ai.tool.name", "openinference.span.kind", "input.value",
        "http.request.method", "url.full", "http.response.status_code", "session.id", "error.type", "db.system", "agent_id",
        "tool_use_id", "request_id", "duration_ms", "success", "user_prompt", "attempt",
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(["chat", "execute_tool", "LLM", "TOOL", "http://[x", "200", "-1", "true", ""]),
    st.text(max_size=300),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=2),
)
SPAN_NAMES = st.sampled_from(
    [
        "claude_code.interaction",
        "claude_code.tool",
        "claude_code.tool.execution",
        "claude_code.llm_request",
        "claude_code.x",
    ]
) | st.text(max_size=300)


@pytest.mark.lengthy
@given(
    st.dictionaries(NAMES | st.text(max_size=10), VALUES, max_size=8),
    SPAN_NAMES,
    st.integers(0, 5),
    st.integers(0, 2),
    st.sampled_from([None, 1, 2]),
    st.integers(0, 2**64 - 1) | st.integers(START_NS - 1, START_NS + 1_000_000_000),
    st.sampled_from(["shop", " ", f"{'x' * 199} y"]) | st.text(max_size=210),
)
def test_any_span_is_observed_or_refused(
    values: Json, name: str, kind: int, code: int, parent: int | None, end: int, service: str
) -> None:
    one = {
        **span(2, parent),
        "name": name,
        "kind": kind,
        "status": {"code": code},
        "endTimeUnixNano": str(end),
        "attributes": attributes(values),
    }
    found = report(one, **{"service.name": service})
    assert bool(found.refused) != bool(found.observations)
    for item in found.observations:
        assert told(item) == told(validated(item))
        assert told(item.event) == told(validated(item.event))


M = TypeVar("M", bound=Contract)


def validated(model: M) -> M:
    """The same said again, and looked at."""
    return type(model)(**{name: getattr(model, name) for name in model.model_fields_set})


def told(model: Contract) -> tuple[set[str], list[tuple[str, type, Any]]]:
    return model.model_fields_set, [(name, type(value), value) for name, value in model.__dict__.items()]


def test_what_spans_say_of_their_trace_is_the_same_in_one_request_as_in_several() -> None:
    spans = [
        span(1, None, "handle", 2, **{"tag.tags": ["a"], "session.id": "s-1", "user.id": "u-2"}),
        span(2, 1, "work", 2, **{"tag.tags": ["b", "a"], "session.id": "s-2", "user.id": "u-1"}),
        span(3, 1, "more work", 2, **{"tag.tags": ["c"]}),
    ]

    def whole(*spans: Json) -> TraceStarted:
        [event] = [one.event for one in report(*spans).observations if one.source.startswith("otel.resource.")]
        assert isinstance(event, TraceStarted)
        return event

    for sent in (spans, spans[::-1]):
        told = whole(*sent)
        assert (sorted(told.tags), told.session_id, told.user_id) == (["a", "b", "c"], "s-2", "u-2")


def paid(*spans: Json) -> dict[str, tuple[float | None, str | None, str | None]]:
    """What is told of calls: the cost, the step that each is in, and the span that it is below."""
    return {
        item.event.call_id[-1]: (item.event.cost_usd, item.event.hook_execution_id, item.nested_in)
        for item in report(*spans).observations
        if isinstance(item.event, EndpointCalled)
    }


def test_what_the_work_of_an_agent_cost_is_a_call_where_those_below_it_do_not_say_it() -> None:
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.cost": 0.5}
    model = {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3}
    assert paid(span(1, None, "agent", **agent)) == {"1": (0.5, None, None)}
    assert paid(span(2, 1, "agent", **agent)) == {"2": (0.5, key(2), key(1))}
    assert paid(span(2, 1, "agent", **agent), span(3, 2, "call", **model)) == {
        "2": (0.5, key(2), key(1)),
        "3": (None, None, key(2)),
    }
    paid_call = span(3, 2, "call", **model, **{"gen_ai.usage.cost": 0.4})
    assert paid(span(2, 1, "agent", **agent), paid_call) == {"3": (0.4, None, key(2))}
    assert paid(span(2, 1, "agent", **{**agent, "gen_ai.usage.cost": 0.0})) == {}
    assert paid(span(2, 1, "agent", **{**agent, "gen_ai.usage.cost": "free"})) == {}
