"""What arrives by several routes happened once; what arrives twice by one route happened twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loopgraph.api.http.hooks.deliveries import Deliveries
from support.traces import NOON


def test_each_route_brings_every_event_once() -> None:
    deliveries = Deliveries()
    first, second = (deliveries.execution_id(b"e", NOON, "user", None) for _ in range(2))
    assert first != second
    assert [deliveries.execution_id(b"e", NOON, "project", None) for _ in range(2)] == [first, second]
    assert deliveries.execution_id(b"other", NOON, "project", None) not in (first, second)


def test_an_id_that_came_with_an_event_is_its_id_and_stays_it() -> None:
    deliveries = Deliveries()
    assert deliveries.execution_id(b"e", NOON, "user", "own") == "own"
    assert deliveries.execution_id(b"e", NOON, "user", "own") == "own"
    for _ in range(2):
        assert deliveries.execution_id(b"e", NOON, "project", "another") == "own"
    assert deliveries.execution_id(b"e", NOON, "user", "later") == "later"


def test_what_is_far_apart_is_not_one_event() -> None:
    deliveries = Deliveries()
    first = deliveries.execution_id(b"e", NOON, "user", None)
    assert deliveries.execution_id(b"e", NOON + timedelta(seconds=5), "project", None) != first


@pytest.mark.lengthy
def test_only_the_last_events_are_remembered() -> None:
    deliveries = Deliveries()
    first = deliveries.execution_id(b"e", NOON, "user", None)
    for number in range(5_000):
        deliveries.execution_id(str(number).encode(), NOON, "user", None)
    assert deliveries.execution_id(b"e", NOON, "project", None) != first
