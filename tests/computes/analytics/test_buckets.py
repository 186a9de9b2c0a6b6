"""Texts and keys of buckets, and what is told apart where there is too much."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.analytics.buckets import (
    MOST_VALUES,
    Bucket,
    changes,
    contribution_of,
    contribution_text,
)
from loopgraph.contracts.analytics.bucket_keys import BucketId, hour_of, instant_of, stamp, subject_of
from loopgraph.contracts.analytics.counting import OTHER, Part
from loopgraph.contracts.analytics.counts import counts_of, sums_of, text_of
from loopgraph.contracts.analytics.subjects import EVERYTHING, Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Grain

NAMES = st.text(max_size=12)
INSTANTS = st.integers(0, 70_000_000).map(lambda hour: datetime.fromtimestamp(hour * 3_600 + 7, UTC))
SUBJECTS = st.builds(Subject, st.sampled_from(SubjectKind), NAMES, NAMES)
COUNTS = st.dictionaries(st.text(min_size=1, max_size=6), st.integers(1, 2**80), max_size=6)
TALLIES = st.dictionaries(
    st.sampled_from(["user", "session"]),
    st.dictionaries(
        st.text(min_size=1, max_size=3), st.lists(st.integers(1, 9), min_size=6, max_size=6), min_size=1, max_size=4
    ),
    max_size=2,
)
PARTS = st.builds(Part, st.integers(0, 3), st.lists(SUBJECTS, min_size=1, max_size=2).map(tuple), COUNTS, TALLIES)


@pytest.mark.lengthy
@given(SUBJECTS, INSTANTS, st.sampled_from(Grain))
def test_a_key_says_whose_bucket_it_is_and_when_it_begins(subject: Subject, at: datetime, grain: Grain) -> None:
    id_ = BucketId(grain, subject, hour_of(at))
    assert subject_of(id_.key) == subject
    assert id_.key.count("|") == id_.kind_key.count("|") == 4
    begins = at.replace(minute=0, second=0, microsecond=0, **({"hour": 0} if grain is Grain.DAY else {}))
    assert instant_of(stamp(grain, hour_of(at))) == begins


@pytest.mark.lengthy
@given(COUNTS)
def test_counts_of_any_size_come_back(counts: dict[str, int]) -> None:
    assert counts_of(text_of(counts)) == counts


@pytest.mark.lengthy
@given(st.lists(PARTS, max_size=4).map(tuple))
def test_contributions_come_back(contribution: tuple[Part, ...]) -> None:
    text = contribution_text(contribution)
    assert contribution_of(text) == contribution
    assert contribution_text(contribution_of(text)) == text


@pytest.mark.lengthy
@given(st.lists(st.tuples(st.booleans(), PARTS), max_size=12), st.randoms())
def test_the_order_cannot_matter_and_what_is_taken_away_is_as_if_it_had_not_been(
    told: list[tuple[bool, Part]], chance: object
) -> None:
    only, both = Bucket(), Bucket()
    for stays, part in told:
        both.add(part, 1)
        if stays:
            only.add(part, 1)
    gone = [part for stays, part in told if not stays]
    chance.shuffle(gone)  # type: ignore[attr-defined]
    for part in gone:
        both.add(part, -1)
    assert (both.sums, both.breakdown) == (only.sums, only.breakdown)


@pytest.mark.lengthy
def test_too_many_values_are_told_apart_by_a_fair_part_of_them() -> None:
    def part(value: str) -> Part:
        return Part(0, (EVERYTHING,), {"n": 1}, {"session": {value: [1, 0, 0, 0, 0, 0]}})

    values = [f"session {number}" for number in range(MOST_VALUES * 5)]
    bucket, backwards = Bucket(), Bucket()
    for value in values:
        bucket.add(part(value), 1)
    for value in reversed(values):
        backwards.add(part(value), 1)
    assert (bucket.sums, bucket.breakdown) == (backwards.sums, backwards.breakdown)
    known = bucket.tallies["session"]
    assert MOST_VALUES / 4 < len(known) <= MOST_VALUES
    assert sum(tally[0] for tally in known.values()) == len(values) == bucket.counts["n"]
    estimate = (len(known) - 1) * 2 ** bucket.levels["session"]
    assert abs(estimate - len(values)) < 0.2 * len(values)
    whole = Bucket(most=len(values))
    for value in values:
        whole.add(part(value), 1)
    assert OTHER not in whole.tallies["session"]
    assert whole.coarsened(bucket.levels).breakdown == bucket.breakdown
    for value in values:
        bucket.add(part(value), -1)
    assert bucket.counts == bucket.tallies == {}


def test_too_many_types_of_errors_are_told_apart_by_a_part_of_them() -> None:
    def part(value: str) -> Part:
        return Part(0, (EVERYTHING,), {"n": 1, f"e:{value}": 1}, {})

    values = [f"error {number} of a request" for number in range(MOST_VALUES * 3)]
    bucket, whole = Bucket(), Bucket(most=10 * len(values))
    for value in values:
        bucket.add(part(value), 1)
        whole.add(part(value), 1)
    errors = sums_of(bucket.counts).errors
    assert MOST_VALUES / 4 < len(errors) <= MOST_VALUES + 1
    assert sum(errors.values()) == bucket.counts["n"] == len(values)
    again = Bucket.read(bucket.sums, bucket.breakdown)
    rebuilt = whole.coarsened(again.levels)
    assert (rebuilt.sums, rebuilt.breakdown) == (bucket.sums, bucket.breakdown)
    for value in values:
        again.add(part(value), -1)
    assert again.counts == {}


def test_only_what_has_changed_is_changed() -> None:
    same, before, after = (Part(hour, (EVERYTHING,), {"n": count}, {}) for hour, count in ((1, 1), (2, 1), (2, 2)))
    assert changes((same, before), (same, after)) == [(before, -1), (after, 1)]


def test_sums_are_what_reducers_add() -> None:
    sums = sums_of(
        {
            "n": 2,
            "ok": 1,
            "s:success": 1,
            "s:error": 1,
            "e:a:b": 1,
            "d:12": 2,
            "t": 2,
            "t1": 5,
            "t2": 13,
            "m:x": 1,
            "m:x:1": 3,
            "m:x:2": 9,
        }
    )
    assert (sums.executions, sums.successes, sums.errors, sums.durations) == (2, 1, {"a:b": 1}, {12: 2})
    assert list(sums.statuses) == ["error", "success"]
    assert sums.duration == (2, 5, 13)
    assert sums.measures == {"x": (1, 3, 9)}
