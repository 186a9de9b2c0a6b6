"""The messages that go out."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from loopgraph.computes.broker.outgoing import PUBLISHED, letter_of, messages_of, used_in
from loopgraph.contracts.audit import ActorType, EventType, LineageEvent
from loopgraph.contracts.broker import Message, Partition, PatternEvent, PatternUse
from loopgraph.contracts.live import Change, Told, TraceNews
from loopgraph.contracts.traces.events import TraceStatus

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def event(event_id: str, event_type: EventType) -> LineageEvent:
    return LineageEvent(
        event_id=event_id,
        event_type=event_type,
        recorded_at=AT,
        actor_type=ActorType.USER,
        actor_id="ann",
        pattern_id="p1",
        data={"note": "words"},
    )


def test_events_go_out_in_their_order_as_cloud_events_keyed_by_their_pattern() -> None:
    told = [
        Told(Change(1, 1, AT, events=("a", "gone")), {}),
        Told(Change(1, 2, AT, events=("b",)), {1: 1}),
    ]
    known = {"b": event("b", EventType.VERSION_ADDED), "a": event("a", EventType.PATTERN_CREATED)}
    use = PatternUse(
        execution_id="x", correlation_id="t", pattern_id="p1", node_id="v1", version=1, status=TraceStatus.SUCCESS
    )
    out = messages_of(told, known, [use])
    assert [one.key for one in out] == [b"p1"] * 3
    read = [PatternEvent.model_validate_json(one.value or b"") for one in out]
    assert [(one.id, one.type) for one in read] == [
        ("a", "loopgraph.lineage.pattern_created"),
        ("b", "loopgraph.lineage.version_added"),
        ("x@1.2", "loopgraph.usage.success"),
    ]
    body = orjson.loads(out[0].value or b"")
    assert (body["specversion"], body["subject"], body["time"]) == ("1.0", "p1", "2026-03-01T12:00:00Z")
    assert body["data"]["actor"] == {"type": "user", "id": "ann"}
    assert dict(out[0].headers)["content-type"].startswith(b"application/cloudevents+json")


def test_what_is_about_somebodys_own_work_does_not_go_out() -> None:
    for event_type in EventType:
        out = messages_of([Told(Change(1, 1, AT, events=("a",)), {})], {"a": event("a", event_type)}, [])
        assert len(out) == (event_type in PUBLISHED), event_type
    assert EventType.FEEDBACK_SUBMITTED not in PUBLISHED
    assert EventType.TOKEN_CREATED not in PUBLISHED
    assert EventType.EXECUTION_RECORDED not in PUBLISHED


def test_uses_are_looked_for_where_a_step_was_told_of_or_a_trace_has_ended() -> None:
    news = (
        TraceNews("hook", "t", "x"),
        TraceNews("hook", "t", "x"),
        TraceNews("complete", "t", None),
        TraceNews("start", "u", None),
    )
    assert used_in([Told(Change(1, 1, AT, traces=news), {})]) == (["x"], ["t"])


def test_a_dead_letter_is_the_message_with_the_reason() -> None:
    came = Message(Partition("pattern-usage-events", 2), 5, AT, b"k", b"{", (("who", b"me"),))
    letter = letter_of(came, "body: must be JSON", "INVALID_INPUT", AT)
    assert (letter.key, letter.value) == (b"k", b"{")
    headers = dict(letter.headers)
    assert headers["who"] == b"me"
    assert headers["loopgraph-reason"] == b"body: must be JSON"
    assert headers["loopgraph-code"] == b"INVALID_INPUT"
    assert [headers[f"loopgraph-{name}"] for name in ("topic", "partition", "offset")] == [
        b"pattern-usage-events",
        b"2",
        b"5",
    ]
