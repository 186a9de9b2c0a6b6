"""What is counted of Kafka, for one service."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

OUTCOMES: Final = ("recorded", "repeated", "dead_letter")
KINDS: Final = ("lineage", "usage")
PARTS: Final = ("consumer", "producer")


class BrokerMetrics:
    """The counts of one service; in a ``registry``, or for nobody to read."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        messages = Counter(
            "loopgraph_kafka_messages",
            "Messages that were committed, by what became of them: recorded, repeated (there already), dead_letter.",
            ["outcome"],
            registry=registry,
        )
        self.messages = {outcome: messages.labels(outcome) for outcome in OUTCOMES}
        self.lag = Gauge(
            "loopgraph_kafka_lag",
            "Messages of the partitions that this process has which are not committed yet.",
            ["topic", "partition"],
            registry=registry,
        )
        self.rebalances = Counter(
            "loopgraph_kafka_rebalances",
            "How often partitions of this process were given up, to be shared out anew.",
            registry=registry,
        )
        self.up = Gauge(
            "loopgraph_kafka_up",
            "Whether the consumer or the producer works, or another process does that: 1 or 0, while the broker or the graph is "
            "away. Left out where it is not set.",
            ["part"],
            registry=registry,
        )
        published = Counter(
            "loopgraph_kafka_published",
            "Messages that are in the topic of what goes out, by kind: lineage, usage.",
            ["kind"],
            registry=registry,
        )
        self.published = {kind: published.labels(kind) for kind in KINDS}
        self.unpublished = Gauge(
            "loopgraph_kafka_unpublished_seconds",
            "How long ago all that was told had last been published; of the process that publishes.",
            registry=registry,
        )
        self.lost = Counter(
            "loopgraph_kafka_lost",
            "How often something was not kept any more when it was to be published.",
            registry=registry,
        )
