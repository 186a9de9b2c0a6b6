"""The messages that go out, as CloudEvents 1.0 in the structured form of its binding for Kafka."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from loopgraph.contracts.audit import CHANGES, PERSONAL, LineageEvent
from loopgraph.contracts.broker import LineageChange, Message, Outgoing, PatternEvent, PatternUse, headers_of
from loopgraph.contracts.live import Told
from loopgraph.contracts.traces.updates import TracePart

PUBLISHED: Final = CHANGES - PERSONAL
"""The events of the lineage that go out: none that tells of somebody's own work or of who is let in, and none of mere looks."""

_CONTENT: Final = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)


def used_in(told: Sequence[Told]) -> tuple[list[str], list[str]]:
    """The executions that changes tell of, and the traces that have ended, in which uses can have ended."""
    news = [one for each in told for one in each.change.traces]
    executions = {one.execution_id: None for one in news if one.kind == TracePart.HOOK and one.execution_id is not None}
    return list(executions), list({one.correlation_id: None for one in news if one.kind == TracePart.COMPLETE})


def messages_of(
    told: Sequence[Told],
    events: Mapping[str, LineageEvent],
    uses: Sequence[PatternUse],
) -> list[Outgoing]:
    """The messages of changes: the events that they tell of, in their order, and then the uses as they are by now."""
    out = []
    for change in (each.change for each in told):
        named = [events[id_] for id_ in dict.fromkeys(change.events) if id_ in events]
        out += [_of_event(event) for event in named if event.event_type in PUBLISHED]
    if told:
        last = told[-1].change
        out += [_of_use(use, f"{last.writer}.{last.seq}", last.at) for use in uses]
    return out


def letter_of(message: Message, reason: str, code: str, at: datetime) -> Outgoing:
    """The dead letter of a message: the message as it came, with where it was and why it is here in headers."""
    headers = headers_of(
        loopgraph_reason=reason,
        loopgraph_code=code,
        loopgraph_topic=message.partition.topic,
        loopgraph_partition=message.partition.number,
        loopgraph_offset=message.offset,
        loopgraph_sent_at=message.sent_at.isoformat(),
        loopgraph_put_aside_at=at.isoformat(),
    )
    return Outgoing(message.key, message.value, (*message.headers, *headers), headers)


def _of_event(event: LineageEvent) -> Outgoing:
    told = PatternEvent(
        id=event.event_id,
        type=f"loopgraph.lineage.{event.event_type.value}",
        subject=event.pattern_id,
        time=event.recorded_at,
        data=LineageChange.model_validate(event.audit_log_entry()),
    )
    return _message(event.pattern_id or event.event_id, told)


def _of_use(use: PatternUse, change: str, at: datetime) -> Outgoing:
    told = PatternEvent(
        id=f"{use.execution_id}@{change}",
        type=f"loopgraph.usage.{use.status.value}",
        subject=use.pattern_id,
        time=use.completed_at or use.started_at or at,
        data=use,
    )
    return _message(use.pattern_id, told)


def _message(key: str, told: PatternEvent) -> Outgoing:
    return Outgoing(key.encode(), told.model_dump_json().encode(), _CONTENT)
