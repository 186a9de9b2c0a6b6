"""What is kept of events: secrets in any field, content by setting, sizes."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from loopgraph.computes.content import KINDS, Kind
from loopgraph.computes.privacy import Privacy
from loopgraph.computes.redaction import MARKER
from loopgraph.contracts.traces import Alternative, RoutingDecided, TraceEvent, TraceStarted
from loopgraph.errors import InvalidInput

SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ"
EVENTS: tuple[type[BaseModel], ...] = get_args(get_args(TraceEvent)[0])
REQUIRED = {
    "correlation_id": "t", "execution_id": "e", "call_id": "c", "hook_type": "T", "service_name": "s",
    "endpoint_path": "/p", "success": True, "node_id": "v",
}  # fmt: skip
HIDING_PLACES: tuple[Any, ...] = (
    f"the token is {SECRET}",
    {"deep": [{"note": SECRET}], "password": "hunter2!", SECRET: 1},
    (f"a {SECRET}",),
    ({"deep": {"authorization": "hunter2!"}, "note": SECRET},),
    ({"agent": SECRET},),
)


def event_of(contract: type[BaseModel], **more: Any) -> Any:
    required = {name: value for name, value in REQUIRED.items() if name in contract.model_fields}
    return contract.model_validate({**required, **more})


def hidden(contract: type[BaseModel]) -> list[Any]:
    """An event for each field of the contract that a secret fits into, ids aside."""
    found = []
    for name in (name for name in contract.model_fields if KINDS[name] is not Kind.ID):
        for place in HIDING_PLACES:
            try:
                found.append(event_of(contract, **{name: place}))
            except ValidationError:
                continue
    return found


@pytest.mark.parametrize("contract", EVENTS)
def test_no_field_keeps_a_secret(contract: type[BaseModel]) -> None:
    events = hidden(contract)
    assert events
    for event in events:
        clean = Privacy().clean(event)
        assert SECRET not in repr(clean)
        assert "hunter2!" not in repr(clean)
        assert MARKER in repr(clean)
        assert type(clean) is contract


@pytest.mark.parametrize("contract", EVENTS)
def test_an_event_without_secrets_stays_as_it_is(contract: type[BaseModel]) -> None:
    event = event_of(contract)
    assert Privacy().clean(event) is event


def test_agents_that_were_considered() -> None:
    event = RoutingDecided(
        correlation_id="t", alternatives=(Alternative(agent="one", confidence=0.5), Alternative(agent=SECRET))
    )
    clean = Privacy().clean(event)
    assert isinstance(clean, RoutingDecided)
    assert clean.alternatives == (Alternative(agent="one", confidence=0.5), Alternative(agent=MARKER))


@pytest.mark.parametrize("contract", EVENTS)
def test_an_id_that_looks_like_a_secret_is_refused_and_not_shown(contract: type[BaseModel]) -> None:
    for name in contract.model_fields:
        if KINDS[name] is Kind.ID:
            with pytest.raises(InvalidInput) as error:
                Privacy().clean(event_of(contract, **{name: SECRET}))
            assert error.value.field == name
            assert SECRET not in str(error.value)


def test_a_value_that_is_nested_too_deeply_names_its_field() -> None:
    deep: Any = {}
    for _ in range(300):
        deep = {"d": deep}
    with pytest.raises(InvalidInput, match=r"^context: "):
        Privacy().clean(TraceStarted(correlation_id="t", context=deep))
