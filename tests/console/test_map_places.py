"""Where the versions of a map stand: the console's own modules, run by node."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from console.test_formats import NODE, run

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no node that runs the console's modules")

COLUMN, ROW = 28, 34


@dataclass
class Lineage:
    """Versions, each of a pattern, and edges between them by their numbers."""

    versions: list[tuple[int, int]] = field(default_factory=list)
    edges: list[tuple[int, int, str]] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    edge_rounds: list[int] = field(default_factory=list)

    def version(self, pattern: int, *parents: int, kind: str = "REFINED_FROM", round_: int = 0) -> int:
        """A new version of a pattern that came of others."""
        number = sum(one == pattern for one, _ in self.versions) + 1
        self.versions.append((pattern, number))
        self.rounds.append(round_)
        for parent in parents:
            self.edge(parent, len(self.versions) - 1, kind, round_)
        return len(self.versions) - 1

    def edge(self, source: int, target: int, kind: str = "REFINED_FROM", round_: int = 0) -> None:
        self.edges.append((source, target, kind))
        self.edge_rounds.append(round_)

    def given(self) -> Any:
        """As the map is given it."""
        return {
            "versions": [
                {
                    "nodeId": str(at),
                    "patternId": str(pattern),
                    "version": number,
                    "createdAt": f"2026-01-01T00:00:00.{at % 1000:03}Z",
                }
                for at, (pattern, number) in enumerate(self.versions)
            ],
            "edges": [
                {"sourceNodeId": str(source), "targetNodeId": str(target), "relationshipType": kind}
                for source, target, kind in self.edges
            ],
            "rounds": {"round": self.rounds, "edgeRound": self.edge_rounds, "centre": 0},
        }

    def placed(self, folder: Path) -> list[tuple[float, float]]:
        """The places in the layout of a whole lineage, which are found twice and must be the same."""
        first, second = self._run("lib/map/layout.js", "[it.layout(drawn), it.layout(drawn)]", folder)
        assert first == second
        return first

    def around(self, folder: Path) -> list[tuple[float, float]]:
        """The places of what came round by round."""
        [places] = self._run("lib/map/around.js", "[it.around({...drawn, ...given.rounds})]", folder)
        return places

    def _run(self, module: str, layouts: str, folder: Path) -> list[list[tuple[float, float]]]:
        graph = "const {drawn} = (await import('./lib/map/graph.js')).graphOf(given.versions, given.edges);"
        found = f"{layouts}.map(({{x, y}}) => [[...x], [...y]])"
        answers = run(module, f"await (async () => {{ {graph} return {found}; }})()", self.given(), folder)
        return [list(zip(x, y, strict=True)) for x, y in answers]


def shape(places: list[tuple[float, float]]) -> float:
    """Width over height."""
    across, down = (max(axis) - min(axis) for axis in zip(*places, strict=True))
    return (across + COLUMN) / (down + ROW)


def grown(seed: int, count: int, patterns: int) -> Lineage:
    """Patterns that are refined, forked, merged and related by chance."""
    chance, made = random.Random(seed), Lineage()
    newest: dict[int, int] = {}
    for _ in range(count):
        if (len(newest) < patterns and chance.random() < 0.2) or not newest:
            stem = [chance.choice(sorted(newest.values()))] if newest and chance.random() < 0.7 else []
            newest[len(newest)] = made.version(len(newest), *stem, kind="FORKED_FROM")
            continue
        pattern = chance.choice(sorted(newest))
        others = [newest[chance.choice(sorted(newest))]] if chance.random() < 0.2 else []
        before = [newest[pattern]] if chance.random() < 0.9 else []
        newest[pattern] = made.version(pattern, *dict.fromkeys(before + others))
        if chance.random() < 0.1:
            made.edge(newest[pattern], chance.choice(sorted(newest.values())), "RELATED_TO")
    return made


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", range(4))
def test_versions_cover_no_other_and_stand_to_the_right_of_what_they_came_of(seed: int, tmp_path: Path) -> None:
    lineage = grown(seed, 120, 12)
    places = lineage.placed(tmp_path)
    assert len(set(places)) == len(places)
    for (ax, ay), (bx, by) in itertools.combinations(places, 2):
        assert abs(ax - bx) >= COLUMN or abs(ay - by) >= ROW
    for source, target, kind in lineage.edges:
        assert kind == "RELATED_TO" or places[source][0] < places[target][0]


@pytest.mark.lengthy
def test_a_pattern_goes_on_in_its_lane_and_what_forks_off_is_below(tmp_path: Path) -> None:
    lineage = Lineage()
    first = lineage.version(0)
    second = lineage.version(0, first)
    third = lineage.version(0, second)
    early, late = (lineage.version(pattern, stem, kind="FORKED_FROM") for pattern, stem in ((1, first), (2, second)))
    places = lineage.placed(tmp_path)
    assert [places[node] for node in (first, second, third)] == [(0, 0), (COLUMN, 0), (2 * COLUMN, 0)]
    assert places[late] == (2 * COLUMN, ROW)  # so the line of the earlier fork crosses none
    assert places[early] == (COLUMN, 2 * ROW)


@pytest.mark.lengthy
def test_versions_of_a_pattern_without_edges_follow_each_other(tmp_path: Path) -> None:
    lineage = Lineage()
    for _ in range(3):
        lineage.version(0)
    assert lineage.placed(tmp_path) == [(0, 0), (COLUMN, 0), (2 * COLUMN, 0)]


def thread() -> Lineage:
    lineage = Lineage([(0, number + 1) for number in range(5_000)])
    lineage.edges = [(number, number + 1, "REFINED_FROM") for number in range(4_999)]
    return lineage


def star() -> Lineage:
    lineage = Lineage([(number, 1) for number in range(5_000)])
    lineage.edges = [(0, number, "FORKED_FROM") for number in range(1, 5_000)]
    return lineage


def dust() -> Lineage:
    return Lineage([(number, 1) for number in range(5_000)])


def forest() -> Lineage:
    lineage = Lineage([(number // 50, number % 50 + 1) for number in range(5_000)])
    lineage.edges = [(number, number + 1, "REFINED_FROM") for number in range(4_999) if number % 50 != 49]
    return lineage


@pytest.mark.lengthy
@pytest.mark.parametrize("make", [thread, star, dust, forest])
def test_what_is_as_large_as_it_may_be_has_the_form_of_a_screen(make: Any, tmp_path: Path) -> None:
    places = make().placed(tmp_path)
    assert len(set(places)) == 5_000
    assert 0.4 < shape(places) < 5


@pytest.mark.lengthy
def test_edges_in_a_circle_are_placed_too(tmp_path: Path) -> None:
    lineage = Lineage()
    a, b, c = (lineage.version(pattern) for pattern in range(3))
    for source, target in ((a, b), (b, c), (c, a)):
        lineage.edge(source, target)
    assert len(set(lineage.placed(tmp_path))) == 3


@pytest.mark.lengthy
def test_zooming_leaves_what_is_under_the_pointer_and_showing_all_shows_all(tmp_path: Path) -> None:
    size, places = {"width": 800, "height": 500}, [[0, 4_000, 2_000], [0, 10, 900]]
    view, kept, seen, near = run(
        "lib/map/view.js",
        """(() => {
          const [x, y] = given.places.map((axis) => Float32Array.from(axis));
          const view = it.whole(x, y, given.size);
          const before = it.onMap(view, given.size, 700, 90);
          const after = it.onMap(it.zoomed(view, given.size, 7, 700, 90), given.size, 700, 90);
          const seen = [0, 1, 2].map((at) => it.onScreen(view, given.size, x[at], y[at]));
          const near = it.revealing({x: 0, y: 0, scale: 1}, given.size, x[1], y[1]);
          return [view, [before, after], seen, it.onScreen(near, given.size, x[1], y[1])];
        })()""",
        {"size": size, "places": places},
        tmp_path,
    )
    assert kept[0] == pytest.approx(kept[1])
    assert all(40 <= x <= 760 and 40 <= y <= 460 for x, y in seen)
    assert view["scale"] == pytest.approx(720 / 4_000)
    assert near == [760, 260]


@pytest.mark.lengthy
def test_what_comes_later_moves_nothing(tmp_path: Path) -> None:
    """What a version came of is to its left, what came of it to its right; a round more leaves all where it is."""
    lineage = Lineage()
    centre = lineage.version(0)
    before, after, aside = (
        lineage.version(1),
        lineage.version(0, centre),
        lineage.version(2, centre, kind="FORKED_FROM"),
    )
    lineage.edge(before, centre)
    first = lineage.around(tmp_path / "first")
    assert first[centre] == (0, 0)
    assert first[before][0] < 0 < first[after][0] == first[aside][0]
    assert len(set(first)) == 4
    further = [lineage.version(3, after, kind="FORKED_FROM", round_=1) for _ in range(6)]
    lineage.edge(aside, after, "MERGED_INTO", 1)
    second = lineage.around(tmp_path / "second")
    assert second[:4] == first
    assert len(set(second)) == 10
    assert all(second[node][0] > second[after][0] for node in further)
