"""What is counted of the recording of events, for one service."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from loopgraph.contracts.spans import NO_SPANS, Spans

SIZES: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000)
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

OUTCOMES: Final = ("recorded", "repeated", "refused", "put_aside", "deferred", "overloaded")


class RecordingMetrics:
    """The counts of one recorder; in a ``registry``, or for nobody to read. ``spans`` are told of its transactions."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.spans: Spans = NO_SPANS
        events = Counter(
            "loopgraph_events",
            "Events by what became of them: recorded, repeated (there already), refused (their own fault), put_aside (among "
            "the dead letters), deferred or overloaded (not taken, to be sent again).",
            ["outcome"],
            registry=registry,
        )
        self.events = {outcome: events.labels(outcome) for outcome in OUTCOMES}
        self.batch_events = Histogram(
            "loopgraph_batch_events", "Events that shared a transaction.", buckets=SIZES, registry=registry
        )
        self.batch_seconds = Histogram(
            "loopgraph_batch_seconds",
            "Time of the transactions that record events, those that are run again included.",
            buckets=SECONDS,
            registry=registry,
        )
        self.queue_events = Gauge(
            "loopgraph_queue_events", "Events that were taken in and are not recorded yet.", registry=registry
        )
        self.queue_bytes = Gauge("loopgraph_queue_bytes", "Bytes of these events, roughly.", registry=registry)
        self.queue_limit = Gauge(
            "loopgraph_queue_events_limit",
            "Events that may wait: LOOPGRAPH_INGEST_QUEUE_EVENTS.",
            registry=registry,
        )
