"""Following several writers: whatever they do and whenever somebody looks, each change comes once and in its turn."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.live.cursors import cursor_of, cursor_text
from loopgraph.computes.live.following import MOST, Following, Known, merged, timed
from loopgraph.contracts.live import Change, Cursor, Told, Writer

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """Writers that commit, with clocks of their own, and somebody who follows them."""

    def __init__(self) -> None:
        self.last: defaultdict[int, int] = defaultdict(int)
        self.committed: dict[tuple[int, int], Change] = {}
        self.told: list[Told] = []
        self.following = Following({})

    def commit(self, writer: int, clock: int, events: int) -> Change:
        self.last[writer] += 1
        names = tuple(f"{writer}/{self.last[writer]}/{number}" for number in range(events))
        change = Change(writer, self.last[writer], BEGIN + timedelta(seconds=clock), events=names)
        self.committed[writer, change.seq] = change
        return change

    def offer(self, change: Change) -> None:
        """The process that committed it tells it at once."""
        self.told += self.following.take([change])

    def look(self, missed: set[int]) -> bool:
        """A look that misses some of what is there, as engines do while others write."""
        wanted = self.following.wanted()
        found = [
            self.committed[one] for place, one in enumerate(wanted) if one in self.committed and place not in missed
        ]
        told = self.following.take(found)
        self.told += told
        known = self.following.know(Writer(writer, owned=True, seq=0, floor=0) for writer in self.last)
        assert known[1:] == (False, False)
        return self.following.adapt(told) or known.new

    def catch_up(self) -> None:
        while self.look(set()) or len(self.told) < len(self.committed):
            pass

    def names(self) -> list[str]:
        return [name for one in self.told for name in one.change.events]


COMMIT = st.tuples(st.just("commit"), st.integers(1, 4), st.integers(-100, 100), st.integers(0, 3), st.booleans())
LOOK = st.tuples(st.just("look"), st.sets(st.integers(0, 12)))


def lived(steps: list[tuple[object, ...]]) -> World:
    world = World()
    for step in steps:
        match step:
            case ("commit", int(writer), int(clock), int(events), bool(offered)):
                change = world.commit(writer, clock, events)
                if offered:
                    world.offer(change)
            case ("look", set(missed)):
                world.look(missed)
    return world


@pytest.mark.lengthy
@given(st.lists(COMMIT | LOOK, max_size=60))
def test_every_change_is_told_once_and_in_the_order_of_its_writer(steps: list[tuple[object, ...]]) -> None:
    world = lived(steps)
    world.catch_up()
    told = [(one.change.writer, one.change.seq) for one in world.told]
    assert sorted(told) == sorted(world.committed)
    for writer in world.last:
        assert [seq for number, seq in told if number == writer] == list(range(1, world.last[writer] + 1))


@pytest.mark.lengthy
@given(st.lists(COMMIT | LOOK, min_size=1, max_size=60), st.data())
def test_from_any_cursor_on_everything_else_comes_and_nothing_again(
    steps: list[tuple[object, ...]], data: st.DataObject
) -> None:
    world = lived(steps)
    world.catch_up()
    told = [
        (name, one.cursor(len(one.change.events), index + 1))
        for one in world.told
        for index, name in enumerate(one.change.events)
    ]
    if not told:
        return
    last = data.draw(st.integers(0, len(told) - 1))
    cursor = cursor_of(cursor_text(told[last][1]), "after")
    rest = after(world, cursor)
    assert sorted([name for name, _ in told[: last + 1]] + rest) == sorted(world.names())


def after(world: World, cursor: Cursor) -> list[str]:
    """What somebody is told who goes on after a cursor in another process."""
    other = World()
    other.last, other.committed = world.last, world.committed
    other.following = Following(cursor.positions)
    for _ in range(2 + len(world.committed)):
        other.look(set())
    writer, done = cursor.part or (0, 0)
    partly = (writer, cursor.positions.get(writer, 0) + 1)
    return [
        name
        for one in other.told
        for index, name in enumerate(one.change.events)
        if one.change[:2] != partly or index >= done
    ]


def test_one_that_nobody_has_is_left_alone_until_somebody_has_it_again() -> None:
    following = Following({7: 3})
    following.know([Writer(7, owned=False, seq=5, floor=0)])
    assert [seq for _, seq in following.wanted()] == [4, 5]
    following.take([Change(7, 4, BEGIN), Change(7, 5, BEGIN)])
    assert following.wanted() == []
    following.know([Writer(7, owned=True, seq=5, floor=0)])
    assert following.wanted()[0] == (7, 6)
    following.know([])
    assert following.positions == {}


def test_who_comes_after_changes_are_gone_goes_on_after_them_and_learns_of_it() -> None:
    following = Following({7: 3, 8: 5})
    there = [Writer(7, owned=True, seq=0, floor=9), Writer(8, owned=True, seq=0, floor=5)]
    assert following.know(there) == Known(new=False, lost=True, gone=False)
    assert following.positions == {7: 9, 8: 5}
    assert following.wanted()[0] == (7, 10)
    assert [one.change.seq for one in following.take([Change(7, 10, BEGIN)])] == [10]
    assert following.know(there) == Known(new=False, lost=False, gone=False)
    # One that came and told things that are gone already, and one that was taken away.
    there = [there[0], Writer(9, owned=False, seq=2, floor=2)]
    assert following.know(there) == Known(new=False, lost=True, gone=True)
    assert following.positions == {7: 10, 9: 2}


def test_more_is_looked_for_of_those_who_write_much() -> None:
    following, last = Following({1: 0}), 0
    following.know([Writer(1, owned=True, seq=0, floor=0)])
    sizes = []
    for _ in range(8):
        wanted = following.wanted()
        sizes.append(len(wanted))
        assert following.adapt(following.take(Change(1, seq, BEGIN) for _, seq in wanted))
        last = following.positions[1]
    assert sizes == sorted(sizes)
    assert sizes[-1] == MOST
    assert last == sum(sizes)
    for _ in range(10):
        assert not following.adapt([])
    assert len(following.wanted()) == sizes[0]


@pytest.mark.lengthy
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 50))))
def test_merged_changes_are_in_the_order_of_time_as_far_as_their_writers_are(pairs: list[tuple[int, int]]) -> None:
    last: defaultdict[int, int] = defaultdict(int)
    changes = []
    for writer, clock in pairs:
        last[writer] += 1
        changes.append(Change(writer, last[writer], BEGIN + timedelta(seconds=clock)))
    found = timed(reversed(changes))
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    assert sorted(merged(changes)) == sorted(changes)
    for writer in last:
        assert [one.seq for _, one in found if one.writer == writer] == list(range(1, last[writer] + 1))
