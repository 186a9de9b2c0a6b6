"""A recorded session of a real agent client that used a command, a skill, a subagent and a memory file: which versions these
were, by transcripts, by hooks and by OpenTelemetry, each alone and all together in any order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from loopgraph.computes.definitions.choice import choose
from loopgraph.contracts.observations import Observation
from loopgraph.contracts.traces import Recorded
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.writes import TraceWrites
from loopgraph.orchestrators.traces.uses import UseLinker
from support.uses import Skills, usage, used

ARRIVED = datetime(2026, 11, 28, 14, 0, tzinfo=UTC)

Told = dict[tuple[str, str], tuple[str | None, str | None, str]]
"""By pattern and trace: the name whose version it was found to be, by which rule, and how it ended."""


async def record(graph: Graph, things: Sequence[Sequence[Observation]], size: int = 1) -> None:
    writes = TraceWrites(graph, choosing=choose)
    for start in range(0, len(things), size):
        batch = [observation for thing in things[start : start + size] for observation in thing]
        outcomes = await writes.record(batch, received_at=ARRIVED)
        assert all(isinstance(outcome, Recorded) for outcome in outcomes), outcomes


async def story(graph: Graph, skills: Skills, ids: dict[str, str]) -> Told:
    names = {id_: name for name, id_ in ids.items()}
    places = {skills.prompt: "prompt", skills.notice: "notice", f"{skills.session}/{skills.agent}": "subagent"}
    rows = (await used(graph, skills.session)).values()
    found = {
        (row["name"].removesuffix(f"-{skills.mark}"), places[row["trace"]]): (
            names.get(row["node_id"]),
            row["rule"],
            row["status"],
        )
        for row in rows
    }
    assert len(found) == len(rows), "each use is one execution, whoever tells of it"
    return found


def by(rule: str, *, memory: bool = True) -> Told:
    told: Told = {
        ("fix", "prompt"): ("fix", rule, "success"),
        ("triage", "prompt"): ("triage", rule, "success"),
        ("reviewer", "subagent"): ("reviewer", rule, "success"),
    }
    if memory:
        told |= {("CLAUDE.md", place): ("CLAUDE.md", rule, "success") for place in ("prompt", "notice")}
    return told


@pytest.mark.parametrize("size", [1, 100])
async def test_by_transcripts_alone(graph: Graph, size: int) -> None:
    skills = Skills.told()
    ids = await skills.define(graph)
    await record(graph, skills.written(), size)
    assert await story(graph, skills, ids) == by("exact: content")


@pytest.mark.parametrize("size", [1, 100])
async def test_by_hooks_alone(graph: Graph, size: int) -> None:
    skills = Skills.told()
    ids = await skills.define(graph)
    await record(graph, skills.sent(by_hooks=True), size)
    assert await story(graph, skills, ids) == by("inferred: time")


@pytest.mark.parametrize("size", [1, 100])
async def test_by_hooks_that_the_shim_hands_on(graph: Graph, tmp_path: Path, size: int) -> None:
    skills = Skills.told(str(tmp_path))
    ids = await skills.define(graph)
    await record(graph, skills.shimmed(tmp_path), size)
    assert await story(graph, skills, ids) == by("exact: file")


@pytest.mark.parametrize("size", [1, 100])
async def test_by_opentelemetry_alone(graph: Graph, size: int) -> None:
    skills = Skills.told()
    ids = await skills.define(graph)
    await record(graph, skills.sent(by_hooks=False), size)
    assert await story(graph, skills, ids) == by("inferred: time", memory=False)


@pytest.mark.parametrize("seed", range(6))
async def test_all_together_in_any_order(graph: Graph, seed: int) -> None:
    chance, skills = random.Random(seed), Skills.told()
    things: list[Any] = [*skills.written(), *skills.sent(by_hooks=True), *skills.sent(by_hooks=False)]
    things += chance.sample(things, 5)
    chance.shuffle(things)
    size = chance.choice([1, 5, 40])
    known = chance.randrange(len(things))
    await record(graph, things[:known], size)
    ids = await skills.define(graph)
    await record(graph, things[known:], size)
    await UseLinker(graph, choose).look()
    assert await story(graph, skills, ids) == by("exact: content")
    assert [each[:2] for each in await usage(graph, *(ids[name] for name in sorted(ids)))] == [
        (2, 2),
        (1, 1),
        (1, 1),
        (1, 1),
    ]


async def test_without_any_file(graph: Graph) -> None:
    """As on a machine on which only the transcripts are left."""
    skills = Skills.told()
    await record(graph, skills.written(), 100)
    rows = (await used(graph, skills.session)).values()
    found = {row["name"].removesuffix(f"-{skills.mark}"): (row["text"], row["observed"], row["rule"]) for row in rows}
    assert found == {
        name: (text, True, "exact: content")
        for name, text in {
            "fix": skills.text("fix").split("---\n")[2],
            "triage": skills.text("triage").split("---\n")[2],
            "reviewer": skills.text("reviewer").split("---\n")[2].strip(),
            "CLAUDE.md": skills.text("CLAUDE.md").strip(),
        }.items()
    }
