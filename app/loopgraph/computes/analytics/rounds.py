"""What a round of counting comes to: which buckets change when traces contribute something else than before, and to what."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from loopgraph.computes.analytics.buckets import Bucket, as_plain, buckets_of, changes
from loopgraph.contracts.analytics.bucket_keys import BucketId
from loopgraph.contracts.analytics.counting import Contribution, Counts, Part
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
            was_there = bool(bucket.counts)
            for part, sign in self._parts[id_]:
                bucket.add(part, sign)
            if not bucket.counts:
                bucket.clear()
                empty += [key] if was_there else []
                continue
            sums, breakdown = now = bucket.sums, bucket.breakdown
            before, bucket.stored = bucket.stored, now
            if sums != before[0] or not was_there:
                rows.append(row_of(id_, bucket.counts, sums))
            if breakdown != before[1]:
                breakdowns.append({"bucket_key": key, "breakdown": breakdown})
        return Outcome(rows, breakdowns, empty)


def row_of(id_: BucketId, counts: Counts, sums: str) -> dict[str, Any]:
    """The properties of a bucket: plain numbers for what Cypher sums and sorts, text for all."""
    plain = {"executions": EXECUTIONS, "successes": SUCCESSES, "failures": FAILURES, "cost_nanousd": COST}
    return {
        "bucket_key": id_.key,
        "kind_key": id_.kind_key,
        **{name: as_plain(counts, key) for name, key in plain.items()},
        "sums": sums,
    }


class Sums:
    """All that traces have contributed to a part of the buckets, summed anew: those that fall to ``part`` of ``parts``."""

    def __init__(self, part: int, parts: int) -> None:
        self._part, self._parts = part, parts
        self._buckets: dict[BucketId, Bucket] = {}

    def add(self, contribution: Contribution) -> None:
        """One more trace."""
        for part in contribution:
            for id_ in buckets_of(part):
                if self.holds(id_.key):
                    if id_ not in self._buckets:
                        self._buckets[id_] = Bucket(most=sys.maxsize)
                    self._buckets[id_].add(part, 1)

    def holds(self, key: str) -> bool:
        """Whether the bucket with this key is of the part."""
        return zlib.crc32(key.encode()) % self._parts == self._part

    def keys(self) -> set[str]:
        """The keys of the buckets in which something is."""
        return {id_.key for id_ in self._buckets}

    def mended(self, stored: Mapping[str, Bucket]) -> Outcome:
        """What is to be written where these are not as they are stored (an empty bucket: not at all)."""
        expected = {id_.key: (id_, bucket) for id_, bucket in self._buckets.items()}
        outcome = Outcome([], [], [])
        for key, known in sorted(stored.items()):
            if key not in expected:
                outcome.empty.append(key)
                continue
            id_, bucket = expected[key][0], expected[key][1].coarsened(known.levels)
            if bucket.sums != known.sums or not known.counts:
                outcome.buckets.append(row_of(id_, bucket.counts, bucket.sums))
            if bucket.breakdown != known.breakdown:
                outcome.breakdowns.append({"bucket_key": key, "breakdown": bucket.breakdown})
        return outcome
