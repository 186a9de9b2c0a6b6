"""What messages of topics say, without a broker."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from loopgraph.api.http.broker_messages import event_of_message
from loopgraph.contracts.broker import Message, Partition
from loopgraph.contracts.traces.events import HookExecuted, TraceStarted, TraceStatus
from loopgraph.errors import InvalidInput

SENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def message(body: Any, offset: int = 7, **headers: bytes) -> Message:
    value = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
    return Message(Partition("pattern-usage-events", 3), offset, SENT, None, value, tuple(headers.items()))


def test_the_least_that_a_message_says_is_which_version_was_used() -> None:
    event = event_of_message(message({"node_id": "v1", "success": True}))
    assert isinstance(event, HookExecuted)
    assert (event.node_id, event.hook_type, event.outcome) == ("v1", "PatternUsage", TraceStatus.SUCCESS)
    assert event.execution_id == event.correlation_id == "kafka:pattern-usage-events/3/7@1772366400000"
    assert event.timestamp is None, "it is dated by the broker, as by an arrival"


def test_the_place_in_a_topic_with_a_long_name_is_an_id_too() -> None:
    long = message({"node_id": "v1"})._replace(partition=Partition("t" * 240, 12))
    assert event_of_message(long) == event_of_message(long)
    assert len(event_of_message(long).correlation_id) < 200


def test_a_message_that_is_delivered_again_says_the_same() -> None:
    body = {"node_id": "v1", "status": "error"}
    assert event_of_message(message(body)) == event_of_message(message(body))
    assert event_of_message(message(body)) != event_of_message(message(body, offset=8))


def test_an_event_is_what_the_batch_door_takes() -> None:
    told = {"kind": "start", "correlation_id": "t", "timestamp": "2026-02-01T00:00:00Z"}
    event = event_of_message(message(told))
    assert isinstance(event, TraceStarted)
    assert event.timestamp == datetime(2026, 2, 1, tzinfo=UTC)


def test_a_cloud_event_brings_its_own_id_and_time_in_either_form() -> None:
    data, time = {"node_id": "v1", "success": True}, "2026-02-01T00:00:00Z"
    whole = {"specversion": "1.0", "id": "e1", "source": "/agents", "type": "used", "time": time, "data": data}
    structured = event_of_message(message(whole))
    attributes = {"ce_specversion": b"1.0", "ce_id": b"e1", "ce_source": b"/agents", "ce_time": time.encode()}
    binary = event_of_message(message(data, offset=99, **attributes))
    assert structured == binary
    assert structured.timestamp == datetime(2026, 2, 1, tzinfo=UTC)
    assert event_of_message(message({**whole, "source": "/others"})) != structured


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, "value"),
        ([1], "value"),
        (b"{", "body"),
        ({"kind": "pattern"}, "kind"),
        ({"node_id": "two words", "success": True}, "node_id"),
        ({"kind": "routing"}, "correlation_id"),
        ({"kind": ["hook"]}, "kind"),
        ({"specversion": "1.0", "id": "e", "source": "s"}, "data"),
        ({"specversion": "1.0", "source": "s", "data": {}}, "id"),
        ({"specversion": "1.0", "id": "e", "data": {}}, "source"),
    ],
)
def test_what_is_no_event_is_named(body: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        event_of_message(message(body))
    assert raised.value.field == field
