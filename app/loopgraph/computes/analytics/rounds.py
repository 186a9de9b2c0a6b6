"""What a round of counting comes to: which buckets change when traces contribute something else than before, and to what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from loopgraph.computes.analytics.buckets import Bucket, as_plain, buckets_of, changes
from loopgraph.contracts.analytics.bucket_keys import BucketId
from loopgraph.contracts.analytics.counting import Contribution, Part
from loopgraph.contracts.analytics.counts import COST, EXECUTIONS, FAILURES, SUCCESSES


class Outcome(NamedTuple):
    """The rows of buckets and of breakdowns that are to be set, and the keys of the buckets in which nothing is left."""

    buckets: list[dict[str, Any]]
    breakdowns: list[dict[str, Any]]
    empty: list[str]


class Changes:
    """The changes of buckets, gathered over traces."""

    def __init__(self) -> None:
        self._parts: dict[BucketId, list[tuple[Part, int]]] = {}
        self.keys: dict[str, BucketId] = {}

    def add(self, before: Contribution, after: Contribution) -> None:
        """A trace contributes ``after`` instead of ``before``."""
        for part, sign in changes(before, after):
            for bucket in buckets_of(part):
                self._parts.setdefault(bucket, []).append((part, sign))

    def named(self) -> dict[str, BucketId]:
        """The buckets that change, by key."""
        self.keys = {bucket.key: bucket for bucket in self._parts}
        return self.keys

    def apply(self, buckets: Mapping[str, Bucket]) -> Outcome:
        """Changes the buckets, all of ``named``, in place; what is to be written. A bucket that comes to what it was is not."""
        rows: list[dict[str, Any]] = []
        breakdowns: list[dict[str, Any]] = []
        empty: list[str] = []
        for key, id_ in sorted(self.keys.items()):
            bucket = buckets[key]
            was_there, sums, breakdown = bool(bucket.counts), bucket.sums, bucket.breakdown
            for part, sign in self._parts[id_]:
                bucket.add(part, sign)
            if not bucket.counts:
                bucket.clear()
                empty += [key] if was_there else []
                continue
            if bucket.sums != sums or not was_there:
                rows.append(row_of(id_, bucket))
            if bucket.breakdown != breakdown:
                breakdowns.append({"bucket_key": key, "breakdown": bucket.breakdown})
        return Outcome(rows, breakdowns, empty)


def row_of(id_: BucketId, bucket: Bucket) -> dict[str, Any]:
    """The properties of a bucket: plain numbers for what Cypher sums and sorts, text for all."""
    plain = {"executions": EXECUTIONS, "successes": SUCCESSES, "failures": FAILURES, "cost_nanousd": COST}
    return {
        "bucket_key": id_.key,
        "kind_key": id_.kind_key,
        **{name: as_plain(bucket.counts, key) for name, key in plain.items()},
        "sums": bucket.sums,
    }


def summed(contributions: Iterable[Contribution]) -> Changes:
    """What traces come to if nothing was counted before."""
    found = Changes()
    for contribution in contributions:
        found.add((), contribution)
    return found
