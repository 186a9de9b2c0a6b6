"""Our converters of instants are held to the driver's own, on the driver that is installed, and to what the engines store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.instants import quicken
from loopgraph.effects.graph.values import from_graph
from support.traces import statement

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
instants = st.datetimes(min_value=FIRST.replace(tzinfo=None), max_value=LAST.replace(tzinfo=None)).map(
    lambda instant: instant.replace(tzinfo=UTC)
)


def bolt_4() -> Any:
    return import_module(
        "neo4j._codec.hydration.bolt.v1" if _is_6() else "neo4j._codec.hydration.v1"
    ).HydrationHandler()


def bolt_4_patched() -> Any:
    handler = bolt_4()
    handler.patch_utc()
    return handler


def bolt_5() -> Any:
    return import_module(
        "neo4j._codec.hydration.bolt.v2" if _is_6() else "neo4j._codec.hydration.v2"
    ).HydrationHandler()


def _is_6() -> bool:
    return int(import_module("neo4j").__version__.partition(".")[0]) >= 6


CODECS = (bolt_4, bolt_4_patched, bolt_5)


def pair(codec: Callable[[], Any]) -> tuple[Any, Any]:
    """The driver's codec as it is, and one that was quickened."""
    plain, quick = codec(), codec()
    quicken(quick)
    assert quick.dehydration_hooks.exact_types[datetime] is not plain.dehydration_hooks.exact_types[datetime]
    return plain, quick


PAIRS = [pytest.param(*pair(codec), id=codec.__name__) for codec in CODECS]


@pytest.mark.lengthy
@pytest.mark.parametrize(("plain", "quick"), PAIRS)
@given(instant=instants)
@example(FIRST)
@example(LAST)
@example(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
def test_an_instant_is_sent_and_read_as_the_driver_does(plain: Any, quick: Any, instant: datetime) -> None:
    sent = quick.dehydration_hooks.exact_types[datetime](instant)
    assert sent == plain.dehydration_hooks.exact_types[datetime](instant)
    back = quick.struct_hydration_functions[sent.tag](*sent.fields)
    assert back == instant
    assert back.tzinfo is UTC
    assert back == from_graph(plain.struct_hydration_functions[sent.tag](*sent.fields))


offsets = st.integers(-18 * 60, 18 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.lengthy
@pytest.mark.parametrize(("plain", "quick"), PAIRS)
@given(instant=instants.filter(lambda instant: 1 < instant.year < 9999), zone=offsets, nanoseconds=st.integers(0, 999))
def test_what_others_wrote_is_read_as_the_driver_does(
    plain: Any, quick: Any, instant: datetime, zone: timezone, nanoseconds: int
) -> None:
    value = instant.astimezone(zone)
    sent = quick.dehydration_hooks.exact_types[datetime](value)
    assert sent == plain.dehydration_hooks.exact_types[datetime](value)
    fields = [*sent.fields]
    fields[1] += nanoseconds
    for tag, own in ((sent.tag, fields), (b"d", fields[:2])):
        read = from_graph(plain.struct_hydration_functions[tag](*own))
        assert quick.struct_hydration_functions[tag](*own) == read
        assert type(quick.struct_hydration_functions[tag](*own)) is type(read)


def test_other_times_are_read_as_the_service_uses_them() -> None:
    plain, quick = pair(bolt_5)
    hour = 3_600 * 10**9
    structures = {b"D": (20_000,), b"t": (hour,), b"T": (hour, 3_600), b"i": (10**9, 7, "Europe/Paris")}
    for tag, fields in structures.items():
        read = from_graph(plain.struct_hydration_functions[tag](*fields))
        own = quick.struct_hydration_functions[tag](*fields)
        assert (own, type(own)) == (read, type(read))
        assert from_graph(own) == own


def test_an_unknown_codec_is_left_alone() -> None:
    for strange in (None, object(), SimpleNamespace(struct_hydration_functions={}, dehydration_hooks=None)):
        quicken(strange)
    handler = bolt_5()
    handler.dehydration_hooks.exact_types[datetime] = kept = lambda value: value.isoformat()
    before = dict(handler.struct_hydration_functions)
    quicken(handler)
    assert handler.dehydration_hooks.exact_types[datetime] is kept
    assert handler.struct_hydration_functions == before


async def test_instants_on_the_engines(graph: Graph) -> None:
    values = [
        FIRST,
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
        LAST,
    ]
    [row] = await statement(graph, "RETURN $values AS values, [x IN $values | x.year] AS years", values=values)
    assert row == {"values": values, "years": [1, 1969, 2026, 9999]}
