"""Fields of reports: what is cut leaves no beginning of a secret, and what is wrong is told with its name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from loopgraph.computes.agents.fields import LONGEST_NAME, first_problem, shortened
from loopgraph.computes.otel.conventions import name_of
from loopgraph.computes.otel.json import read_spans
from loopgraph.computes.privacy.redaction import MARKER, Redactor
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted
from support.secret_examples import FORMS

SINGLE = {name: form for name, form in FORMS.items() if not set(form) & set("\n /+:")}


@pytest.mark.parametrize("text", ["", "short", "x" * 255, "word " * 51])
def test_what_fits_stays(text: str) -> None:
    assert shortened(text, 255) == text


def test_a_word_is_not_cut_through_unless_it_is_a_long_one() -> None:
    assert shortened("one two three", 9) == "one two "
    assert shortened("one two three", 7) == "one two"
    assert shortened("x" * 300, 255) == "x" * 255


@pytest.mark.lengthy
@pytest.mark.parametrize("form", SINGLE)
def test_wherever_the_cut_is_nothing_of_a_token_stays(form: str) -> None:
    secret = SINGLE[form]
    for before in range(LONGEST_NAME - len(secret) - 1, LONGEST_NAME + 1):
        for separator in (" ", "/", ":", "="):
            text = ("do " * LONGEST_NAME)[: max(0, before - 1)] + separator + secret + " more" * 60
            clean = Redactor().redact_text(shortened(text, LONGEST_NAME))
            assert secret[:8] not in clean, before
            assert len(clean.replace(MARKER, "")) <= LONGEST_NAME


def test_the_name_of_a_span_is_cut_so() -> None:
    token = FORMS["GitHub"]
    span = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "name": "run " * 60 + f"with {token}"}
    [read] = read_spans({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    name = name_of(read)
    assert name is not None
    assert name.startswith("run run")
    assert token[:8] not in Redactor().redact_text(name)


STEP = {"correlation_id": "t", "execution_id": "e", "hook_type": "x"}
CALL = {"correlation_id": "t", "call_id": "c", "service_name": "s", "endpoint_path": "/"}
LATER_FIRST = {"started_at": "2026-03-01T12:00:01Z", "completed_at": "2026-03-01T12:00:00Z", "success": True}


@pytest.mark.parametrize(
    ("contract", "values", "told"),
    [
        (HookExecuted, STEP | {"parent_id": "e"}, "parent_id: must name another execution, not this one"),
        (
            TraceStarted,
            {"correlation_id": "t", "parent_id": "t"},
            "parent_id: must name another trace, not the one that starts",
        ),
        (HookExecuted, STEP | LATER_FIRST, "completed_at: must not be before started_at"),
        (
            EndpointCalled,
            CALL | {"input_tokens": 1, "cache_read_tokens": 2},
            "cache_read_tokens: must be at most 1: it is a part of",
        ),
        (EndpointCalled, CALL | {"output_tokens": -1}, "output_tokens: must be greater than or equal to 0"),
        (TraceCompleted, {"correlation_id": "t"}, "body: give success, or status"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(contract: type[BaseModel], values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        contract(**values)
    assert str(first_problem(caught.value)).startswith(told)
