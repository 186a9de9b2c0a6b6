"""Everything that is counted of one service: what its doors count, and what the parts behind them do.

There is one of these for each service, never one for the process: two services in one process do not mix.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from loopgraph.contracts.spans import NO_SPANS, Spans
from loopgraph.effects.graph.metrics import GraphMetrics
from loopgraph.orchestrators.broker.metrics import BrokerMetrics
from loopgraph.orchestrators.recording.metrics import RecordingMetrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a series began doubles its length and tells nothing here

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

METHODS: Final = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"})
OTHER: Final = "other"
"""The label of what a client has made up, such as a path that leads nowhere: a label has no more values than we know."""

SEVERAL: Final = "several"

STATES: Final = ("starting", "upgrading", "serving", "unavailable", "stopping")
"""What a service is at, as ``/readyz`` has it; ``serving`` is its ``ok``."""


class HttpMetrics:
    """The counts of the doors."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._requests = Counter(
            "loopgraph_http_requests",
            "Requests that were answered, by the path of their door, their method and the status.",
            ["route", "method", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "loopgraph_http_request_seconds",
            "Time of requests until the end of the answer, streams left out.",
            ["route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.in_work = Gauge(
            "loopgraph_http_requests_in_work", "Requests that are being answered, streams included.", registry=registry
        )
        self.sockets = Gauge("loopgraph_websockets", "WebSockets that are open.", registry=registry)
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, route: str, method: str, status: int, seconds: float | None) -> None:
        """A request was answered; ``seconds`` is None for a stream."""
        key = route, method if method in METHODS else OTHER, status
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._requests.labels(*map(str, key)), self._seconds.labels(route)
        known[0].inc()
        if seconds is not None:
            known[1].observe(seconds)


class AccessMetrics:
    """The counts of who comes in, and of who comes too often."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._limited = Counter(
            "loopgraph_rate_limited",
            "Requests that were answered 429 because who asked had asked too often: for `requests`, for `events`, or by an "
            "address that showed too many tokens that were none (`failures`).",
            ["of"],
            registry=registry,
        )
        self._sign_ins = Counter(
            "loopgraph_sign_ins",
            "Sign-ins to the console by how (`token`, `provider`) and outcome: `ok`, or the code of the error.",
            ["by", "outcome"],
            registry=registry,
        )

    def limited(self, of: str) -> None:
        """Somebody was told to come again later."""
        self._limited.labels(of).inc()

    def signed_in(self, by: str, outcome: str) -> None:
        """Somebody signed in, or could not."""
        self._sign_ins.labels(by, outcome).inc()


class GraphQLMetrics:
    """The counts of GraphQL's operations, those of the REST views and of MCP's tools included. ``spans`` are told of them."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.spans: Spans = NO_SPANS
        self._operations = Counter(
            "loopgraph_graphql_operations",
            "Operations that have ended, by their type, their root field (`several` for more than one, `other` for documents "
            "that were refused) and outcome: `ok`, or the code of the first error.",
            ["type", "field", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            "loopgraph_graphql_operation_seconds",
            "Time of queries and mutations, by their root field.",
            ["type", "field"],
            buckets=SECONDS,
            registry=registry,
        )

    def ended(self, type_: str, field: str, outcome: str, seconds: float | None) -> None:
        """An operation has ended; ``seconds`` is None for a subscription."""
        self._operations.labels(type_, field, outcome).inc()
        if seconds is not None:
            self._seconds.labels(type_, field).observe(seconds)
            told = {"graphql.operation.type": type_, "loopgraph.outcome": outcome}
            self.spans.ended(f"{type_} {field}", seconds, told, alone=True)


class StateMetrics:
    """What a scrape looks at: the state of the graph, of its disks, and of what works beside the doors."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.info = Gauge(
            "loopgraph_info",
            "1, with the version of the service and of the engine behind it.",
            ["version", "engine", "engine_version"],
            registry=registry,
        )
        self._at = Gauge(
            "loopgraph_state",
            "1 for what the service is at, 0 for all else: starting, upgrading, serving, unavailable, stopping.",
            ["state"],
            registry=registry,
        )
        self.at("starting")
        self.up = Gauge(
            "loopgraph_graph_up", "Whether the graph has answered the scrape in time: 1 or 0.", registry=registry
        )
        self.stores = Gauge(
            "loopgraph_graph_stores",
            "Whether the last write that met trouble has been followed by one that did not, and there is space: 1 or 0.",
            registry=registry,
        )
        self.backlog = Gauge(
            "loopgraph_backlog",
            "What waits in the graph, of all processes on it, up to 100,000 of each: `counting` (changes that figures lack), "
            "`learning` (traces to be learned from), `runs` (open feedback runs), `review` (improvements that wait for a "
            "person). Left out while the graph does not answer.",
            ["of"],
            registry=registry,
        )
        self.dead_letters = Gauge(
            "loopgraph_dead_letters", "Events that lie among the dead letters.", registry=registry
        )
        self.disk_free = Gauge(
            "loopgraph_disk_free_bytes",
            "Bytes that are free where the graph (embedded), the dead letters and the archive are stored.",
            ["of"],
            registry=registry,
        )
        self.subscribers = Gauge(
            "loopgraph_subscribers", "Who follows something live in this process now.", registry=registry
        )
        self.update_delay = Histogram(
            "loopgraph_update_delay_seconds",
            "Time from the instant of a change, of whichever process, until those who follow here were told of it.",
            buckets=SECONDS,
            registry=registry,
        )
        self.runs_in_work = Gauge(
            "loopgraph_loop_runs_in_work", "Feedback runs that this process is at.", registry=registry
        )
        self.worker_looks = Gauge(
            "loopgraph_loop_looks", "How often this process has looked for feedback runs.", registry=registry
        )

    def at(self, state: str) -> None:
        """What the service is at now, one of ``STATES``."""
        for each in STATES:
            self._at.labels(each).set(each == state)


class Metrics:
    """All of it, with the registry that ``/metrics`` answers from."""

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self.graph: Final = GraphMetrics(self.registry)
        self.recording: Final = RecordingMetrics(self.registry)
        self.broker: Final = BrokerMetrics(self.registry)
        self.http: Final = HttpMetrics(self.registry)
        self.graphql: Final = GraphQLMetrics(self.registry)
        self.access: Final = AccessMetrics(self.registry)
        self.state: Final = StateMetrics(self.registry)
        ProcessCollector(registry=self.registry)

    def tell(self, spans: Spans) -> None:
        """Has spans told of what is counted."""
        self.graph.spans = self.recording.spans = self.graphql.spans = spans

    def text(self) -> bytes:
        """All of it in the text format of Prometheus, whose content type is ``CONTENT_TYPE``."""
        return generate_latest(self.registry)
