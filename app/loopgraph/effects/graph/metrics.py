"""What is counted of the work with one graph, for one service: its statements, its transactions, and what they met."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from loopgraph.assets import Access
from loopgraph.contracts.spans import NO_SPANS, Spans

SECONDS: Final = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
"""Upper bounds in seconds: few, because there is a row of them for each statement."""

SHARED: Final = (1, 2, 4, 8, 16, 32)

_OF_STATEMENTS: Final = {"db.system.name": "cypher"}


class GraphMetrics:
    """The counts of one graph; in a ``registry``, or for nobody to read. ``spans`` are told of its statements."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.spans: Spans = NO_SPANS
        self._statements = Histogram(
            "loopgraph_statement_seconds",
            "Time of statements, with their rows, by the query file they are of.",
            ["query"],
            buckets=SECONDS,
            registry=registry,
        )
        self._transactions = Histogram(
            "loopgraph_transaction_seconds",
            "Time of transactions that were committed, by what they did.",
            ["access"],
            buckets=SECONDS,
            registry=registry,
        )
        self._retries = Counter(
            "loopgraph_transaction_retries",
            "Transactions that failed and were run again, by the code of the error.",
            ["code"],
            registry=registry,
        )
        self._failures = Counter(
            "loopgraph_transaction_failures",
            "Transactions that failed for good, by the code of the error.",
            ["code"],
            registry=registry,
        )
        self.lost_races = Counter(
            "loopgraph_lost_races",
            "Transactions that another was faster than, and that were run again or given up.",
            registry=registry,
        )
        self.writers_together = Histogram(
            "loopgraph_commit_writers",
            "Writers whose changes shared one commit, of those that may share.",
            buckets=SHARED,
            registry=registry,
        )
        self.engine_starts = Counter(
            "loopgraph_engine_starts",
            "Starts of the embedded engine, or of connections to a server, by this service.",
            registry=registry,
        )
        self._timers: dict[str, Histogram] = {}
        self._committed = {access: self._transactions.labels(access.value) for access in Access}

    def ran(self, query: str, seconds: float) -> None:
        """A statement was answered. Its name is that of a shipped file, so there are not more than these."""
        timer = self._timers.get(query)
        if timer is None:
            timer = self._timers[query] = self._statements.labels(query)
        timer.observe(seconds)
        self.spans.ended(query, seconds, _OF_STATEMENTS)

    def committed(self, access: Access, seconds: float) -> None:
        """A transaction has ended well, at its first attempt or at a later one."""
        self._committed[access].observe(seconds)

    def failed(self, code: str, *, again: bool) -> None:
        """An attempt has failed, and is made again or not."""
        (self._retries if again else self._failures).labels(code).inc()
