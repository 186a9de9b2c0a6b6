"""What is kept of events: secrets in any field, content by setting, sizes."""

from __future__ import annotations

import string
import time
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from loopgraph.computes.agents.ids import as_id
from loopgraph.computes.privacy.content import KINDS, Kind
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.privacy.redaction import MARKER, Redactor
from loopgraph.contracts.traces.events import (
    Alternative,
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceEvent,
    TraceStarted,
)
from loopgraph.contracts.traces.observations import LogRecorded, MetricMeasured, Observation, SessionSeen
from loopgraph.errors import InvalidInput
from loopgraph.settings import CaptureContent

SECRET = "ghp_0123456789abcdefghijABCDEFGHIJ"
EVENTS: tuple[type[BaseModel], ...] = (*get_args(get_args(TraceEvent)[0]), SessionSeen, LogRecorded, MetricMeasured)
REQUIRED = {
    "correlation_id": "t", "execution_id": "e", "call_id": "c", "hook_type": "T", "service_name": "s",
    "endpoint_path": "/p", "success": True, "node_id": "v", "session_id": "s", "record_id": "r", "point_id": "p",
    "temporality": "delta", "value": 1.0, "name": "n",
}  # fmt: skip
HIDING_PLACES: tuple[Any, ...] = (
    f"the token is {SECRET}",
    {"deep": [{"note": SECRET}], "password": "hunter2!", SECRET: 1},
    (f"a {SECRET}",),
    ({"deep": {"authorization": "hunter2!"}, "note": SECRET},),
    ({"agent": SECRET},),
)


def event_of(contract: type[BaseModel], **more: Any) -> Any:
    required = {
        name: value
        for name, value in REQUIRED.items()
        if name in contract.model_fields and (name != "name" or contract is MetricMeasured)
    }
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
        own = contract is RoutingDecided  # the one that is never observed
        clean = Privacy().clean(event if own else Observation(event=event, source=f"hook.{SECRET}"))
        assert SECRET not in repr(clean)
        assert "hunter2!" not in repr(clean)
        kept = clean.event if isinstance(clean, Observation) else clean
        assert MARKER in repr(kept)
        assert type(kept) is contract


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


HEX, UUID = "0af7651916cd43dd8448eb211c80319c", "d7d63342-bdd4-4aa3-898f-af4f6bf3429b"
BASE62 = st.text(string.ascii_letters + string.digits, min_size=22, max_size=24)


@pytest.mark.lengthy
@given(
    BASE62,
    st.sampled_from(["toolu_01{}", "req_011C{}", "msg_01{}", "call_{}", "chatcmpl-{}", "{}", UUID + "/toolu_{}"]),
)
def test_ids_of_real_clients_are_never_refused(letters: str, form: str) -> None:
    event = HookExecuted(
        correlation_id=UUID,
        session_id=HEX,
        root_id=HEX[:16],
        execution_id=f"{UUID}/{HEX[:17]}",
        tool_use_id=form.format(letters),
        hook_type="T",
    )
    assert Privacy(Redactor(emails=True)).clean(event) is event


@pytest.mark.parametrize(
    "text", [f"my key {SECRET}", "Bearer a1b2c3d4e5f6g7h8", "password = hunter2!", "ann@example.com"]
)
def test_a_secret_in_an_id_is_refused_also_where_a_door_has_escaped_it(text: str) -> None:
    event = TraceStarted(correlation_id=as_id(text))
    with pytest.raises(InvalidInput, match="correlation_id: looks like a secret"):
        Privacy(Redactor(emails=True)).clean(event)


def test_a_user_that_looks_like_a_secret_is_redacted() -> None:
    assert Privacy().clean(TraceStarted(correlation_id="t", user_id=SECRET)).user_id == MARKER  # type: ignore[union-attr]


class TestContent:
    HOOK = HookExecuted(
        correlation_id="t", execution_id="e", hook_type="ToolUse", tool_name="Bash", success=False, error_type="exit",
        error_message=f"no: {SECRET}", tool_input={"command": "ls"}, tool_response=[f"{SECRET}"], modifications_made={"a.py": 3},
        rag_queries_executed=({"query": "how", "hits": 3},), context={"prompt": "hello", "permission_mode": "plan", "n": 1},
    )  # fmt: skip
    CALL = EndpointCalled(
        correlation_id="t", call_id="c", service_name="s", endpoint_path=f"/p?q=hello&token={SECRET}", request_body={"a": "b"},
        response_body=5, headers={"Authorization": SECRET, "Accept": "*/*", "X-Note": "hello"}, input_tokens=3,
    )  # fmt: skip

    def test_none_keeps_the_frame(self) -> None:
        privacy = Privacy(content=CaptureContent.NONE)
        nothing = {"error_message": None, "tool_input": None, "tool_response": None, "modifications_made": {}}
        assert privacy.clean(self.HOOK) == self.HOOK.model_copy(
            update={**nothing, "rag_queries_executed": ({"hits": 3},), "context": {"permission_mode": "plan", "n": 1}}
        )
        assert privacy.clean(self.CALL) == self.CALL.model_copy(
            update={"endpoint_path": "/p", "request_body": None, "response_body": None, "headers": {"Accept": "*/*"}}
        )
        observation = Observation(event=self.HOOK, source="hook.PostToolUse")
        assert privacy.clean(observation) == observation.model_copy(update={"event": privacy.clean(self.HOOK)})

    def test_full_keeps_content_as_it_was_sent_and_nothing_else(self) -> None:
        privacy = Privacy(content=CaptureContent.FULL, max_field_bytes=1024)
        large = self.HOOK.model_copy(update={"tool_response": SECRET * 1_000, "tags": ()})
        assert privacy.clean(large) is large
        assert privacy.clean(self.CALL) == self.CALL.model_copy(
            update={
                "endpoint_path": f"/p?q=hello&token={MARKER}",
                "headers": {"Authorization": MARKER, "Accept": "*/*", "X-Note": "hello"},
            }
        )

    def test_a_secret_goes_before_the_cut_that_would_halve_it(self) -> None:
        privacy = Privacy(max_field_bytes=1024)
        for before in range(900, 1_000):
            event = TraceStarted(correlation_id="t", prompt_text=f"{'x' * before} {SECRET} {'y' * 500}")
            text = privacy.clean(event).prompt_text  # type: ignore[union-attr]
            assert SECRET[:8] not in str(text)
            assert "…[cut: " in str(text)

    def test_every_field_is_cut(self) -> None:
        privacy = Privacy(max_field_bytes=1024)
        large = {"a": "x" * 5_000}
        event = self.HOOK.model_copy(
            update={
                **{"context": large, "tool_input": large, "tool_response": "x" * 5_000, "error_message": "é" * 5_000},
                **{
                    "rag_queries_executed": (large,) * 3,
                    "quality_gates_validated": ("QC-1",) * 500,
                    "hook_script": "x" * 5_000,
                },
            }
        )
        clean = privacy.clean(event)
        assert len(clean.model_dump_json().encode()) < 9 * 1024
        assert clean.model_dump_json().count("cut") >= 7


class TestLongTexts:
    """What is far beyond the limit is not looked at, and half of a secret that stands where the looking ends is not shown."""

    @pytest.mark.exhaustive
    @given(st.integers(0, 60), st.booleans(), st.booleans())
    @settings(max_examples=40)
    @pytest.mark.slow
    def test_a_secret_at_the_end_of_what_is_looked_at(self, before: int, dense: bool, nested: bool) -> None:
        privacy = Privacy(max_field_bytes=1024)
        # Many secrets before it: what they are replaced by is shorter, so that more of the rest fits.
        filler = (f"{SECRET} " if dense else "words ") * 20_000
        text = f"{'x' * before} {filler}"[: 33_700 + before] + f" {SECRET} " + "y" * 100_000
        for end in range(33_600, 33_900, 37):
            long = text[: end - before] + SECRET + "z" * 100_000
            kept = privacy.clean(
                event_of(HookExecuted, **({"context": {"t": [long]}} if nested else {"error_message": long}))
            )
            shown = kept.context["t"][0] if nested else kept.error_message
            assert SECRET[:8] not in shown
            assert len(shown.encode()) <= 1024
            assert f"of {len(long):,} bytes]" in shown

    @pytest.mark.parametrize("field", ["tool_input", "tool_response", "context"])
    def test_the_time_is_that_of_what_is_kept(self, field: str) -> None:
        """An image of 24 MB in any place: seven seconds of looking for secrets in it before, a tenth of one now."""
        event = event_of(HookExecuted, **{field: {"image": ["A1b/" * 6_000_000]}})
        began = time.thread_time()
        Privacy().clean(event)
        assert time.thread_time() - began < 1.0
