"""Names that no recording has: of older versions, of other kinds of spans, as the sources of their senders have them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.otel.dialects.dialect import Dialect, Listed, Member, Source, Summed
from loopgraph.computes.otel.dialects.table import SPANS
from loopgraph.computes.otel.dialects.texts import answered, asked
from loopgraph.computes.otel.json import read_spans
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.uses import PatternUsed
from support.otlp import attributes, span, traces

Json = dict[str, Any]


def observed(one: Json) -> list[Any]:
    report = observe_spans(read_spans(traces(one)))
    assert not report.refused
    return [item.event for item in report.observations if not item.source.startswith("otel.resource.")]


def call(**written: Any) -> EndpointCalled:
    beside = (TraceCompleted, PatternUsed)
    [event] = [event for event in observed(span(2, 1, "x", **written)) if not isinstance(event, beside)]
    assert isinstance(event, EndpointCalled), event
    return event


def step(**written: Any) -> HookExecuted:
    events = [event for event in observed(span(2, 1, "x", **written)) if not isinstance(event, TraceCompleted)]
    [event] = [event for event in events if isinstance(event, HookExecuted)]
    told = [event for event in events if isinstance(event, EndpointCalled)]  # what an agent says that all below it used
    assert {call.call_id for call in told} <= {event.execution_id}
    assert len(events) == 1 + len(told)
    return event


@pytest.mark.parametrize(
    "written",
    [
        {"gen_ai.request.model": "m"},
        {"gen_ai.usage.input_tokens": 3},
        {"gen_ai.operation.name": "call_llm", "gen_ai.response.model": "m"},
        {"llm.model_name": "m"},
        {"ai.operationId": "ai.embed.doEmbed", "ai.model.id": "m"},
        {"llm.request.type": "completion"},
        {"langfuse.observation.type": "embedding"},
        {"mlflow.spanType": '"CHAT_MODEL"'},
        {"langsmith.span.kind": "llm", "gen_ai.operation.name": "chat"},
    ],
)
def test_a_span_with_a_model_or_usage_is_a_call_of_a_model(written: Json) -> None:
    assert call(**written).model in ("m", None)


@pytest.mark.parametrize("tokens", ["many", -5, 2.5, True])
def test_tokens_that_are_no_count_are_kept_and_not_counted(tokens: Any) -> None:
    found = call(**{"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": tokens})
    assert (found.input_tokens, found.context["gen_ai.usage.input_tokens"]) == (None, tokens)


@pytest.mark.parametrize(
    ("written", "hook_type"),
    [
        ({"ai.operationId": "ai.generateText", "ai.usage.inputTokens": 100, "ai.model.id": "m"}, "Agent"),
        ({"agent_name": "a", "model_name": "m", "gen_ai.usage.input_tokens": 100}, "Agent"),  # Pydantic AI before 1.0
        ({"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 100}, "Agent"),
        ({"gen_ai.operation.name": "retrieval", "gen_ai.request.model": "m"}, "Retriever"),
        ({"langfuse.observation.type": "retriever"}, "Retriever"),
        ({"mlflow.spanType": '"RETRIEVER"'}, "Retriever"),
        ({"langsmith.span.kind": "retriever", "gen_ai.operation.name": "embeddings"}, "Retriever"),
        ({"openinference.span.kind": "RETRIEVER"}, "Retriever"),
        ({"traceloop.span.kind": "task"}, "Task"),
    ],
)
def test_what_sums_up_calls_or_only_looks_things_up_is_no_call_of_a_model(written: Json, hook_type: str) -> None:
    assert step(**written).hook_type == hook_type


@pytest.mark.parametrize(
    ("written", "tokens"),
    [
        (  # the three spellings of cached tokens in OpenTelemetry's conventions, of which they are a part
            {
                "gen_ai.usage.input_tokens": 50,
                "gen_ai.usage.cache_read.input_tokens": 20,
                "gen_ai.usage.output_tokens": 9,
            },
            (50, 20, None, 9, None),
        ),
        (  # Langfuse's details stand beside each other
            {
                "langfuse.observation.type": "generation",
                "langfuse.observation.usage_details": '{"input": 30, "input_cached_tokens": 20, "output": 6, '
                '"output_reasoning_tokens": 4, "input_cache_creation": 5}',
            },
            (55, 20, 5, 10, 4),
        ),
        (  # Anthropic's counts through OpenInference: caches beside the rest, and more than it
            {
                "openinference.span.kind": "LLM",
                "llm.token_count.prompt": 3,
                "llm.token_count.completion": 442,
                "llm.token_count.prompt_details.cache_read": 7917,
            },
            (7920, 7917, None, 442, None),
        ),
        (  # … of which those of sounds and pictures are others
            {
                "langfuse.observation.type": "generation",
                "langfuse.observation.usage_details": '{"input": 90, "input_audio": 10, "output": 5, "output_audio": 2, '
                '"total": 107}',
            },
            (100, None, None, 7, None),
        ),
        (
            {"ai.operationId": "ai.streamText.doStream", "ai.usage.promptTokens": 5, "ai.usage.completionTokens": 6},
            (5, None, None, 6, None),
        ),
        ({"gen_ai.usage.input_tokens": 1000.0, "gen_ai.usage.output_tokens": 2.0}, (1000, None, None, 2, None)),
        ({"gen_ai.usage.output_tokens": 100, "gen_ai.usage.total_tokens": 1100}, (1000, None, None, 100, None)),
        ({"llm.token_count.prompt": 1000, "llm.token_count.total": 1100}, (1000, None, None, 100, None)),
        ({"llm.token_count.prompt": 1000, "llm.token_count.total": 1000}, (1000, None, None, None, None)),
        (
            {"gen_ai.operation.name": "embeddings", "gen_ai.usage.total_tokens": 1000},
            (1000, None, None, None, None),
        ),
        (
            {"openinference.span.kind": "EMBEDDING", "llm.token_count.total": 1000},
            (1000, None, None, None, None),
        ),
    ],
)
def test_tokens(written: Json, tokens: tuple[int | None, ...]) -> None:
    one = call(**written)
    found = (one.input_tokens, one.cache_read_tokens, one.cache_write_tokens, one.output_tokens, one.reasoning_tokens)
    assert found == tokens


@pytest.mark.parametrize(
    "written",
    [
        {"gen_ai.request.model": "m", "gen_ai.usage.total_tokens": 1000},
        {"openinference.span.kind": "LLM", "llm.token_count.total": 1000},
        {"gen_ai.request.model": "m", "gen_ai.usage.total_tokens": 1000, "gen_ai.usage.input_tokens": 7,
         "gen_ai.usage.output_tokens": 3},
        {"gen_ai.request.model": "m", "gen_ai.usage.cost": 1e10},
        {"gen_ai.request.model": "m", "gen_ai.usage.cost": -1.0},
        {"gen_ai.request.model": "m", "http.response.status_code": 700},
        {"gen_ai.request.model": "m", "http.response.status_code": 0},
        {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 5, "gen_ai.usage.cache_read.input_tokens": 2**53 - 1,
         "gen_ai.usage.cache_creation.input_tokens": 7},
        {"gen_ai.request.model": "m", "gen_ai.usage.output_tokens": 2**53 - 2,
         "gen_ai.usage.reasoning_tokens": 2**53 - 1},
        {"gen_ai.request.model": "m", "gen_ai.usage.output_tokens": 5, "gen_ai.usage.input_cost": 0.01},
    ],
)  # fmt: skip
def test_what_explains_nothing_or_cannot_be_is_kept_and_refuses_nothing(written: Json) -> None:
    """The last one: of what a part cost alone, no one knows what the whole did."""
    found = call(**written)
    left = {name: value for name, value in written.items() if name in found.context}
    assert left, found
    assert (found.cost_usd, found.response_status) == (None, None)


@pytest.mark.parametrize(
    "written",
    [
        {"llm.cost.total": 0.03, "llm.model_name": "m"},
        {"llm.cost.prompt": 0.01, "llm.cost.completion": 0.02, "llm.model_name": "m"},
        {"gen_ai.usage.input_cost": 0.01, "gen_ai.usage.output_cost": 0.02, "gen_ai.request.model": "m"},
        {"gen_ai.cost.input_cost": 0.01, "gen_ai.cost.output_cost": 0.02, "gen_ai.request.model": "m"},
        {"gen_ai.usage.input_cost": 0.03, "gen_ai.usage.input_tokens": 9, "gen_ai.operation.name": "embeddings"},
        {"mlflow.llm.cost": '{"input_cost": 0.01, "output_cost": 0.02}', "mlflow.spanType": '"LLM"'},
        {"langsmith.usage_metadata": '{"input_cost": 0.01, "output_cost": 0.02}', "langsmith.span.kind": "llm"},
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.cost_details": '{"input": 0.01, "output": 0.015, "cache_read_input_tokens": 0.005}',
        },
        {"gen_ai.usage.cost": "0.03", "gen_ai.request.model": "m"},
        {"gen_ai.cost.total_cost": 0.03, "gen_ai.request.model": "m"},
        {"litellm.call_id": "1", "hidden_params": '{"response_cost": 0.03}', "gen_ai.request.model": "m"},
        {"operation.cost": 0.03, "logfire.msg": "chat", "gen_ai.request.model": "m"},
        {"langfuse.observation.type": "generation", "langfuse.observation.cost_details": '{"input": 1, "total": 0.03}'},
        {"mlflow.llm.cost": '{"input_cost": 0.01, "total_cost": 0.03}', "mlflow.spanType": '"LLM"'},
    ],
)
def test_what_a_sender_says_that_a_call_cost(written: Json) -> None:
    assert call(**written).cost_usd == pytest.approx(0.03)


def test_messages_in_attributes_of_their_own() -> None:
    flat = {
        "gen_ai.request.model": "m",
        "gen_ai.prompt.0.role": "system",
        "gen_ai.prompt.0.content": "be brief",
        "gen_ai.prompt.1.role": "user",
        "gen_ai.prompt.1.content": "hello",
        "gen_ai.prompt.10.content": "later",
        "gen_ai.prompt.name": "greeting",
        "gen_ai.completion.0.content": "hi",
    }
    one = call(**flat)
    assert [message.get("content") for message in one.request_body] == ["be brief", "hello", "later"]
    assert one.response_body == [{"content": "hi"}]
    assert one.context["gen_ai.prompt.name"] == "greeting"
    assert not [name for name in one.context if name.startswith("gen_ai.prompt.1")]


def test_messages_in_events_of_the_span() -> None:
    events = [
        {"name": "gen_ai.user.message", "attributes": attributes({"content": "hello"})},
        {"name": "gen_ai.choice", "attributes": attributes({"index": 0, "message": '{"content": "hi"}'})},
    ]
    event, *_ = observed({**span(2, 1, **{"gen_ai.request.model": "m"}), "events": events})
    assert event.request_body == [{"role": "user", "content": "hello"}]
    assert (event.response_body[0]["role"], answered(event.response_body)) == ("assistant", '{"content": "hi"}')


def test_a_call_of_a_model_that_is_a_trace_of_its_own_has_its_prompt_and_answer() -> None:
    messages = '[{"role": "system", "parts": []}, {"role": "user", "parts": [{"type": "text", "content": "why?"}]}]'
    answer = '[{"role": "assistant", "parts": [{"type": "text", "content": "so."}]}]'
    written = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": messages, "gen_ai.output.messages": answer}
    started, completed, made = observed(span(1, None, "chat", **written))
    assert isinstance(started, TraceStarted)
    assert isinstance(completed, TraceCompleted)
    assert (started.prompt_text, completed.response_text, started.agent_type) == ("why?", "so.", None)
    assert answered(made.response_body) == "so."


def test_the_agent_of_a_root_is_that_of_the_trace() -> None:
    named, nameless = (
        observed(span(1, None, "planner", **{"openinference.span.kind": "AGENT", **more}))[0]
        for more in ({"agent.name": "p"}, {})
    )
    assert (named.agent_type, nameless.agent_type) == ("p", "planner")
    assert observed(span(1, None, "x", **{"openinference.span.kind": "CHAIN"}))[0].agent_type is None
    chain = {"langsmith.span.kind": "chain", "langsmith.metadata.lc_agent_name": "p"}
    assert observed(span(1, None, "x", **chain))[0].agent_type == "p"
    workflow = {"traceloop.span.kind": "workflow", "traceloop.entity.name": "w"}
    assert observed(span(1, None, "x", **workflow))[0].agent_type is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ('{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}', "a"),
        ([["system", "s"], ["human", "a"]], "a"),
        ([{"type": "human", "content": "a"}], "a"),
        ([{"type": "human", "data": {"content": "a"}}], "a"),
        ([[{"lc": 1, "type": "constructor", "kwargs": {"content": "a", "type": "human"}}]], "a"),
        ([{"message": {"role": "user", "contents": [{"message_content": {"type": "text", "text": "a"}}]}}], "a"),
        ([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]}], "a"),
        ({"args": ["a"], "kwargs": {}}, "a"),
        ({"system": "s", "prompt": "a"}, "a"),
        ({"city": "a"}, "a"),
        ([{"role": "user", "content": "old"}, {"role": "user", "content": "a"}, {"role": "tool", "content": "t"}], "a"),
        ({"x": 1, "y": 2}, None),
        ([1, None, {}], None),
        ({"messages": {"messages": {"messages": []}}}, None),
    ],
)
def test_what_was_asked(value: Any, text: str | None) -> None:
    assert asked(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"choices": [{"message": {"role": "assistant", "content": "a"}}]}, "a"),
        ([{"role": "assistant", "content": None, "tool_calls": []}], None),
        ({"generations": [[{"text": "a"}]]}, "a"),
        ({"output": "a"}, "a"),
        ({"content": [{"type": "text", "text": "a"}], "role": "assistant"}, "a"),
        ([{"role": "model", "parts": [{"text": "a"}]}], "a"),
    ],
)
def test_what_was_answered(value: Any, text: str | None) -> None:
    assert answered(value) == text


def places() -> set[str]:
    """The names of all attributes that the table asks for."""

    def name(place: Source) -> list[str]:
        match place:
            case str():
                return [place]
            case Member(attribute, _) | Summed(attribute, _):
                return [attribute]
            case Listed(prefix):
                return [f"{prefix}.0", f"{prefix}.1.message.content", f"{prefix}.x"]
        return []

    fields = [value for row in SPANS for value in vars(row).values() if isinstance(value, tuple)]
    return {found for value in fields for place in value for found in name(place)} | {
        attribute for row in SPANS for attribute in row.kinds
    }


VALUES = st.one_of(
    st.sampled_from(
        ["chat", "LLM", "tool", '"AGENT"', "{", "[1", '{"a": {"b": 1}}', "{'a': 1}", "[" * 40, "-1", "", " ", '"', "0"]
    ),
    st.text(max_size=300),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.floats(),
    st.lists(st.text(max_size=3), max_size=2),
)


@pytest.mark.lengthy
@given(st.dictionaries(st.sampled_from(sorted(places())), VALUES, max_size=10), st.booleans(), st.integers(0, 5))
def test_no_value_of_any_name_refuses_a_span(values: Json, root: bool, kind: int) -> None:
    one = {**span(2, None if root else 1), "kind": kind, "attributes": attributes(values)}
    report = observe_spans(read_spans(traces(one)))
    assert not report.refused
    assert report.observations


def test_every_row_can_be_told() -> None:
    assert all(row.marks or row.scopes for row in SPANS)
    assert len({row.name for row in SPANS}) == len(SPANS)
    assert all(isinstance(row, Dialect) for row in SPANS)
