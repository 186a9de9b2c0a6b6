"""Patterns in an order: page by page, by each field, with values that are the same, that lack and that change meanwhile."""

from __future__ import annotations

import itertools
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.graphql.test_usage import ran, record, some_day, window
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.lineage.orders import OrderDirection, PatternOrderField
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceEvent
from loopgraph.effects.clock import new_id
from loopgraph.orchestrators.analytics import ordering
from loopgraph.reducers.samples import wilson_interval
from support.access import mate
from support.quick import first_quick
from support.service import Json, Service, nodes

ORIGIN = Origin(actor_type=ActorType.USER, actor_id="tester")
HOUR = timedelta(hours=1)

DOCUMENT = """
query($type: String!, $first: Int, $after: String, $orderBy: PatternOrder) {
  patterns(patternType: $type, first: $first, after: $after, orderBy: $orderBy) {
    pageInfo { hasNextPage endCursor }
    edges { cursor node { patternId name lastUsedAt } }
  }
}
"""


@dataclass(frozen=True)
class Made:
    """A pattern, with what came of each use of it that began so many hours into the day (None: it has not ended)."""

    pattern_id: str
    node_id: str
    name: str
    uses: Sequence[tuple[int, bool | None]]
    day: datetime

    @property
    def last_use(self) -> datetime | None:
        ended = [self.day + hours * HOUR + timedelta(milliseconds=100) for hours, came in self.uses if came is not None]
        return max(ended, default=None)

    @property
    def confidence(self) -> float | None:
        told = [came for _, came in self.uses if came is not None]
        interval = wilson_interval(sum(told), len(told))
        return interval[0] if interval else None

    @property
    def cost(self) -> float | None:
        costs = COSTS.get(self.name)
        return sum(costs) if costs else None


@dataclass(frozen=True)
class World:
    """Patterns of a type of their own, the oldest first, and the day on which they were used."""

    kind: str
    day: datetime
    patterns: Sequence[Made]

    def order_by(self, field: str, direction: str) -> Json:
        counted = {"window": window(self.day)} if field in ("USES", "SUCCESS", "COST") else {}
        return {"field": field, "direction": direction, **counted}

    def expected(self, field: str, direction: str) -> list[str]:
        """The ids in an order, as it was told in words: by value, then the newest first, and what has no value at the end."""
        value = VALUES[field]
        newest = list(reversed(self.patterns))
        valued = [one for one in newest if value(one) is not None]
        valued.sort(key=value, reverse=direction == "DESC")  # either way, equals stay in their order
        return [one.pattern_id for one in (*valued, *(one for one in newest if value(one) is None))]


VALUES: dict[str, Callable[[Made], Any]] = {
    "NAME": lambda one: one.name.lower(),
    "LAST_USED_AT": lambda one: one.last_use,
    "USES": lambda one: len(one.uses),
    "SUCCESS": lambda one: one.confidence,
    "COST": lambda one: one.cost,
}
NAMED: dict[str, Sequence[tuple[int, bool | None]]] = {
    "Beta": [(1, True), (2, True), (9, False)],
    "alpha": [],
    "beta": [(3, True)],
    "ALPHA!": [(9, False)],
    "Ämter": [(4, None)],
    "gamma": [(3, True)],
    "Delta": [],
    "zeta": [(2, True), (5, False), (6, True)],
}
"""Two share a name but for its letters, two were used last at one instant, two as often and with the same success, two never; of
one it is not known what came of it."""
COSTS = {"Beta": [0.5, 1.25, 0.0], "alpha": [], "beta": [1.75], "ALPHA!": [12.0], "gamma": [0.0]}
"""What calls within uses cost, in US dollars, of those of which that is known: two cost the same, and one nothing."""


def told(one: Made) -> list[list[TraceEvent]]:
    """Each use of a pattern, with what it cost."""
    stories = [ran(one.node_id, one.day + hours * HOUR, success=came) for hours, came in one.uses]
    for story, cost in zip(stories, COSTS.get(one.name, ()), strict=False):
        [step] = [event for event in story if isinstance(event, HookExecuted)]
        call = EndpointCalled(
            correlation_id=step.correlation_id, call_id=new_id(), hook_execution_id=step.execution_id, service_name="models",
            endpoint_path="/chat", model="m", input_tokens=1, cost_usd=cost, success=True, started_at=step.started_at,
        )  # fmt: skip
        story.insert(-1, call)
    return stories


@pytest.fixture(scope="module")
async def world(service: Service) -> World:
    kind, day = f"kind {new_id()}", some_day()
    made = []
    for name, uses in NAMED.items():
        new = NewPattern(name=name, pattern_type=kind)
        created = await service.parts.lineage.create_pattern(new, NewVersion(activate=True), ORIGIN)
        made.append(Made(created.pattern.pattern_id, created.version.node_id, name, uses, day))
    await record(service, *(story for one in made for story in told(one)))
    return World(kind, day, made)


async def listed(service: Service, world: World, order_by: Json | None, first: int) -> list[str]:
    """The ids of all patterns, page by page."""
    found: list[str] = []
    after = None
    while True:
        page = (await service.query(DOCUMENT, type=world.kind, first=first, after=after, orderBy=order_by))["patterns"]
        found += [one["patternId"] for one in nodes(page)]
        assert len(page["edges"]) == first or not page["pageInfo"]["hasNextPage"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


ORDERS = [*itertools.product(["LAST_USED_AT", "COST", "SUCCESS", "NAME", "USES"], ["DESC", "ASC"])]


def test_every_order_is_tried() -> None:
    assert {field.name for field in PatternOrderField} == {*VALUES, "CREATED_AT"}
    assert {direction.name for direction in OrderDirection} == {"ASC", "DESC"}


@pytest.mark.lengthy
@pytest.mark.parametrize(("field", "direction"), first_quick(ORDERS, 5))
async def test_pages_follow_in_the_order_of_each_field(
    service: Service, world: World, field: str, direction: str
) -> None:
    for first in (1, 3, 20):
        assert await listed(service, world, world.order_by(field, direction), first) == world.expected(field, direction)


@pytest.mark.lengthy
async def test_without_an_order_the_newest_are_first(service: Service, world: World) -> None:
    newest = [one.pattern_id for one in reversed(world.patterns)]
    for order, expected in (
        (None, newest),
        ({"field": "CREATED_AT", "direction": "DESC"}, newest),
        ({"field": "CREATED_AT", "direction": "ASC"}, newest[::-1]),
    ):
        for first in (3, 20):
            assert await listed(service, world, order, first) == expected


@pytest.mark.lengthy
async def test_a_pattern_tells_when_it_was_used_last(service: Service, world: World) -> None:
    page = (await service.query(DOCUMENT, type=world.kind, first=20))["patterns"]
    told = {one["patternId"]: one["lastUsedAt"] for one in nodes(page)}
    assert {id_: at and datetime.fromisoformat(at).astimezone(UTC) for id_, at in told.items()} == {
        one.pattern_id: one.last_use for one in world.patterns
    }


@pytest.mark.lengthy
async def test_orders_hold_within_filters(service: Service, world: World) -> None:
    document = DOCUMENT.replace("patternType: $type,", 'patternType: $type, nameContains: "ETA",')
    for field, names in (("USES", ["zeta", "Beta", "beta"]), ("NAME", ["zeta", "beta", "Beta"])):
        found = await service.query(document, type=world.kind, orderBy=world.order_by(field, "DESC"))
        assert [one["name"] for one in nodes(found["patterns"])] == names


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("field", "direction", "seen"),
    first_quick(
        [
            ("LAST_USED_AT", "DESC", [4, 3, 2, 1]),
            ("USES", "ASC", [0, 1, 2, 3, 4, 0]),
            ("USES", "DESC", [4, 3, 2, 1]),
            ("LAST_USED_AT", "ASC", [0, 1, 2, 3, 4, 0]),
        ],
        2,
    ),
)
async def test_who_passes_the_reader_between_two_pages_is_missed_or_seen_twice_and_nobody_else_is(
    service: Service, field: str, direction: str, seen: Sequence[int]
) -> None:
    made = World(f"kind {new_id()}", some_day(), ())
    ids, node_ids = [], []
    for number in range(5):
        new = NewPattern(name=f"p{number}", pattern_type=made.kind)
        created = await service.parts.lineage.create_pattern(new, NewVersion(activate=True), ORIGIN)
        ids.append(created.pattern.pattern_id)
        node_ids.append(created.version.node_id)
        await record(service, *(ran(node_ids[-1], made.day + number * HOUR) for _ in range(number + 1)))
    asked = {"type": made.kind, "first": 2, "orderBy": made.order_by(field, direction)}
    page = (await service.query(DOCUMENT, **asked))["patterns"]
    found = [one["patternId"] for one in nodes(page)]
    # That of the least use becomes that of the most.
    await record(service, *(ran(node_ids[0], made.day + 20 * HOUR) for _ in range(9)))
    while page["pageInfo"]["hasNextPage"]:
        page = (await service.query(DOCUMENT, **asked, after=page["pageInfo"]["endCursor"]))["patterns"]
        found += [one["patternId"] for one in nodes(page)]
    assert found == [ids[number] for number in seen]


def cursor(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


KEY = "1234567890123456|p"


@pytest.mark.lengthy
@pytest.mark.parametrize(
    "after",
    first_quick(
        [
            cursor(f"patterns:{KEY}"),
            cursor(f'patterns by uses asc:[1,"{KEY}"]'),
            cursor(f'patterns by uses desc:["one","{KEY}"]'),
            cursor(f'patterns by uses desc:[1,"{KEY}",2]'),
            cursor('patterns by uses desc:[1,"p"]'),
            cursor(f'patterns by uses desc:[-1,"{KEY}"]'),
            cursor(f'patterns by uses desc:[{2**63},"{KEY}"]'),
            cursor(f'patterns by success desc:[NaN,"{KEY}"]'),
            cursor("patterns by uses desc:{}"),
            cursor("patterns by uses desc:"),
            "patterns by uses desc",
        ],
        4,
    ),
)
async def test_a_cursor_of_another_order_is_refused(service: Service, world: World, after: str) -> None:
    for order in ("USES", "SUCCESS"):
        errors = await service.errors(DOCUMENT, type=world.kind, after=after, orderBy=world.order_by(order, "DESC"))
        assert [error["extensions"]["code"] for error in errors] == ["INVALID_INPUT"]
        assert errors[0]["message"] == "after: must be a cursor of this connection"


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (
            {"field": "NAME", "direction": "ASC", "window": {}},
            "orderBy.window: must be left out for NAME",
        ),
        (
            {
                "field": "USES",
                "direction": "ASC",
                "window": {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
            },
            "orderBy.window.since: must be before until",
        ),
        (
            {
                "field": "USES",
                "direction": "ASC",
                "window": {"since": "2020-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
            },
            "orderBy.window: must not be longer than 400 days",
        ),
    ],
)
async def test_what_is_asked_wrongly_is_named(service: Service, world: World, order: Json, message: str) -> None:
    errors = await service.errors(DOCUMENT, type=world.kind, orderBy=order)
    assert [error["message"] for error in errors] == [message]


@pytest.mark.lengthy
async def test_more_patterns_than_can_be_ordered_are_refused_and_not_cut(
    service: Service, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = sum(bool(one.uses) for one in world.patterns)
    monkeypatch.setattr(ordering, "MOST_USED", used)
    assert len(await listed(service, world, world.order_by("USES", "DESC"), 20)) == len(world.patterns)
    monkeypatch.setattr(ordering, "MOST_USED", used - 1)
    [error] = await service.errors(DOCUMENT, type=world.kind, orderBy=world.order_by("USES", "DESC"))
    assert error["message"].startswith("orderBy.window: must be one in which at most")


@pytest.mark.lengthy
async def test_who_sees_only_what_is_theirs_gets_no_order_by_what_others_did(
    service: Service, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopgraph.api.graphql.context.asking", lambda _: mate("ada"))
    for field in ("USES", "SUCCESS", "COST"):
        errors = await service.errors(DOCUMENT, type=world.kind, orderBy=world.order_by(field, "DESC"))
        assert {error["extensions"]["code"] for error in errors} == {"FORBIDDEN"}
    for field in ("NAME", "LAST_USED_AT"):  # which are shown to everybody
        assert await listed(service, world, world.order_by(field, "DESC"), 20) == world.expected(field, "DESC")


@pytest.mark.lengthy
async def test_a_page_costs_as_many_statements_however_long_it_is(quiet_service: Service) -> None:
    service, kind, day = quiet_service, f"kind {new_id()}", some_day()
    for number in range(12):
        new = NewPattern(name=f"p{number}", pattern_type=kind)
        created = await service.parts.lineage.create_pattern(new, NewVersion(activate=True), ORIGIN)
        await record(service, ran(created.version.node_id, day + number * HOUR))
    await service.parts.rolling.caught_up()
    made, document = World(kind, day, ()), DOCUMENT.replace(" lastUsedAt", "")
    for field, most in (("CREATED_AT", 1), ("NAME", 1), ("LAST_USED_AT", 1), ("USES", 6), ("SUCCESS", 6), ("COST", 6)):
        asked = {"type": kind, "orderBy": made.order_by(field, "DESC")}
        few, many = [await service.statements(document, **asked, first=first) for first in (1, 12)]
        assert few == many <= most, field
