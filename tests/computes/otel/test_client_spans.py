"""Which prompt spans of Codex and Gemini CLI are of."""

from __future__ import annotations

from typing import Any

from loopgraph.computes.otel.json import read_spans
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.observations import Observation
from support.otlp import attributes

Json = dict[str, Any]

TRACE = "5fd53000e77841b12ea5e89df414a2ce"
TURN, OTHER = "01a22658-c976-7542-9df4-16d1c6c2ecfa", "01a22658-d140-7d53-8567-1447aa7dddd0"
SESSION, AGENT = "01a22658-c937-7e72-9fc9-71b5051bff6d", "01a22658-d137-72f0-b51d-03b7ba0c4236"


def span(name: str, id_: str, parent: str = "", **about: str) -> Json:
    times = {"startTimeUnixNano": "1795939682675000000", "endTimeUnixNano": "1795939682689000000"}
    named = {key.replace("_", "."): value for key, value in about.items()}
    ids = {"traceId": TRACE, "spanId": id_ * 16, "parentSpanId": parent * 16}
    return {"name": name, **ids, **times, "kind": 1, "attributes": attributes(named)}


def observed(*spans: Json, scope: str = "codex_exec") -> list[Observation]:
    resource = {"attributes": attributes({"service.name": scope})}
    export = {
        "resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": scope}, "spans": list(spans)}]}]
    }
    return list(observe_spans(read_spans(export)).observations)


REQUEST = span("turn/start", "a", turn_id=TURN, rpc_method="turn/start")
INPUT = span("codex.turn_input", "b", "a", turn_id=TURN, conversation_id=SESSION)
OF_AGENT = span("codex.turn_input", "c", "a", turn_id=OTHER, conversation_id=AGENT)


def tied(*spans: Json) -> list[tuple[str, str | None, bool]]:
    return [
        (one.event.correlation_id, one.event.session_id, one.in_order)
        for one in observed(*spans)
        if isinstance(one.event, TraceStarted) and one.event.correlation_id != TRACE
    ]


def test_the_request_that_began_a_turn_says_which_prompt_its_trace_is_of() -> None:
    assert tied(REQUEST) == [(TURN, None, False)]
    assert tied(REQUEST, OF_AGENT, INPUT) == [(TURN, SESSION, True)]
    assert tied(INPUT, OF_AGENT) == []


def test_the_end_of_that_request_is_not_the_end_of_the_turn() -> None:
    assert not [one for one in observed(REQUEST) if isinstance(one.event, TraceCompleted)]
    [over] = [
        one
        for one in observed(REQUEST, span("session_task.turn", "d", "b", turn_id=TURN))
        if isinstance(one.event, TraceCompleted)
    ]
    assert over.event.correlation_id == TRACE


def test_a_subagents_span_says_nothing_of_whose_session_the_trace_is() -> None:
    assert {getattr(one.event, "session_id", None) for one in observed(REQUEST, OF_AGENT)} == {None}


def test_spans_of_gemini_cli_are_steps_of_their_sessions_prompt() -> None:
    call = span("llm_call", "e", gen_ai_operation_name="llm_call")
    call["attributes"] += attributes({"gen_ai.conversation.id": SESSION, "gen_ai.prompt.name": "no pattern"})
    step, place = observed(call, scope="gemini-cli")
    assert isinstance(step.event, HookExecuted)
    assert (step.event.correlation_id, step.prompt_of, step.otel_trace_id) == (SESSION, SESSION, None)
    assert (place.event.correlation_id, place.prompt_of) == (SESSION, SESSION)
