"""A graph that is copied to another database is there what it was: to a new folder of the embedded engine, and to another
engine."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from conftest import ENGINES
from loopgraph.contracts.base import Page
from loopgraph.contracts.catalogue.nodes import KEYS
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.views import LearnedFilter
from loopgraph.effects.archive.copying import LABELS, Kind, Whole
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.learning.offers import OfferLog
from loopgraph.effects.learning.offline_model import OfflineModel
from loopgraph.effects.learning.patterns import LearnedReads
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.effects.schema import schema
from loopgraph.errors import ForeignData, InvalidInput, SetupError
from loopgraph.orchestrators.archive.copying import copy
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.settings import Settings
from support import learning
from support.command import command
from support.engines.plan import NEO4J
from support.filled import fill
from support.lineage import Room
from support.old_databases import make_empty
from support.own_engine import OwnEngine, own_embedded, own_engine_of
from support.prepared import prepared
from support.traces import statement

pytestmark = pytest.mark.slow

MODEL = OfflineModel()
_NODES = "MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties"
_TIES = (
    "MATCH (a)-[r]->(b) RETURN labels(a) AS begins, properties(a) AS begin, type(r) AS type, properties(r) AS properties, "
    "labels(b) AS ends, properties(b) AS end_"
)


@pytest.fixture(scope="module")
def engine_of_the_source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    with own_embedded(tmp_path_factory.mktemp("source")) as engine:
        yield engine


@pytest.fixture(scope="module")
async def source(engine_of_the_source: OwnEngine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Graph]:
    """A graph with something of everything."""
    async with Graph.open(engine_of_the_source.with_new_database(prepared=True)) as graph:
        await schema.prepare(graph)
        await fill(graph, tmp_path_factory.mktemp("archive"))
        await PromptSearch(PromptReads(graph), MODEL).embed_all()
        yield graph


@pytest.fixture(
    params=[pytest.param(name, id=name, marks=pytest.mark.engine(name)) for name in ENGINES.asked_for if name != NEO4J]
)
async def target(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Graph]:
    """An empty database of an engine of its own."""
    with own_engine_of(request.param, tmp_path) as engine:
        async with Graph.open(engine.with_new_database()) as graph:
            if request.param.startswith("neo4j"):
                await make_empty(graph)
            yield graph


def plainly(label: str, properties: dict[str, Any]) -> str:
    return json.dumps([label, sorted(properties.items())], default=str)


async def contents(graph: Graph) -> tuple[Counter[str], Counter[str]]:
    """All nodes with all that they hold, and all relationships between them; but for what the database says of its schema."""
    nodes = [(*row["labels"], row["properties"]) for row in await statement(graph, _NODES)]
    ties = Counter[str]()
    for row in await statement(graph, _TIES):
        ends = [(label, row[end][KEYS[label]]) for [label], end in ((row["begins"], "begin"), (row["ends"], "end_"))]
        ties[f"{ends} {plainly(row['type'], row['properties'])}"] += 1
    return Counter(plainly(label, properties) for label, properties in nodes if label in LABELS), ties


async def learned(graph: Graph) -> dict[str, Any]:
    """What is learned, as whoever asks is told it."""
    reads, prompts, log = LearnedReads(graph), PromptReads(graph), OfferLog(graph)
    page = await reads.page(LearnedFilter(), Page(first=100))
    ids = [
        row["id"] for row in await statement(graph, "MATCH (l:LearnedPattern) RETURN l.pattern_id AS id ORDER BY id")
    ]
    answer = await Matching(PromptSearch(prompts, MODEL), prompts).answer(
        "auth.py times out on login, please repair it", MatchContext(project="shop"), 0.0, 25
    )
    return {
        "patterns": list(page.items),
        "exemplars": await reads.exemplars(ids, None),
        "plans": [await log.plan(id_) for id_ in ids],
        "offers": [(await log.page(id_, Page(first=100), None)).offers for id_ in ids],
        "matches": answer,
        "embedded": await prompts.counts(),
        "health": await reads.health(),
    }


@pytest.mark.exhaustive
async def test_all_that_a_graph_holds_is_in_the_copy(source: Graph, target: Graph) -> None:
    told: list[tuple[int, int]] = []
    copied = await copy(source, target, lambda done, whole: told.append((done, whole)))
    nodes, ties = await contents(source)
    assert (copied.nodes, copied.relationships) == (nodes.total(), ties.total())
    assert told[-1] == (copied.nodes + copied.relationships, copied.nodes + copied.relationships)
    their_nodes, their_ties = await contents(target)
    assert nodes - their_nodes == Counter() == their_nodes - nodes
    assert ties - their_ties == Counter() == their_ties - ties

    here, there = await learned(source), await learned(target)
    assert here == there
    assert here["matches"].matches
    assert (here["matches"].semantic, here["matches"].complete) == (True, True)
    assert here["patterns"]
    assert any(here["plans"])
    assert any(here["offers"])

    # And it goes on there: what is learned next is learned by what came along, and written beside it.
    await schema.prepare(target)
    await Room.on(target).pattern()
    [trace] = await learning.tell(target, learning.told("fix the harbour"))
    await learning.learn(learning.learner(target), [trace])
    [taught] = await learning.taught(target, [trace])
    assert taught["pattern_id"] in {view.pattern.pattern_id for view in here["patterns"]}
    with pytest.raises(InvalidInput, match="must be an empty database; it holds Pattern"):
        await copy(source, target)


@pytest.mark.exhaustive
async def test_what_cannot_be_copied_whole_is_refused_before_anything_is_written(
    engine_of_the_source: OwnEngine,
) -> None:
    async with (
        Graph.open(engine_of_the_source.with_new_database()) as source,
        Graph.open(engine_of_the_source.with_new_database()) as target,
    ):
        with pytest.raises(SetupError, match="is empty"):
            await copy(source, target)
        await schema.prepare(source)
        await Room.on(source).pattern()
        await source.run_alone("CREATE (:Pattern {pattern_id: 'p'})-[:ODD]->(:Foreign {name: 'f'})")
        with pytest.raises(SetupError, match=r"of which only \d+ and \d+ are Loopgraph's"):
            await copy(source, target)
        await source.run_alone("MATCH (f:Foreign) DETACH DELETE f")
        await target.run_alone("CREATE (:Foreign {name: 'f'})")
        with pytest.raises(InvalidInput, match=r"target: must be an empty database; .* holds something else"):
            await copy(source, target)
        await target.run_alone("MATCH (f:Foreign) DETACH DELETE f")
        assert (await copy(source, target)).nodes > 1


@pytest.mark.exhaustive
async def test_what_an_interrupted_copy_leaves_is_taken_for_no_graph(engine_of_the_source: OwnEngine) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(done: int, whole: int) -> None:
        raise Interrupted

    async with (
        Graph.open(engine_of_the_source.with_new_database(prepared=True)) as source,
        Graph.open(engine_of_the_source.with_new_database(prepared=True)) as target,
    ):
        for graph in (source, target):  # a target that was set up, and holds nothing else, is empty
            await schema.prepare(graph)
        await Room.on(source).pattern()
        with pytest.raises(Interrupted):
            await copy(source, target, interrupt)
        with pytest.raises(
            ForeignData, match=r"holds other data .*, or what a `loopgraph copy` has left that did not end"
        ):
            await schema.prepare(target)
        with pytest.raises(InvalidInput, match=r"what a copy has left that was interrupted, .* or empty bolt://"):
            await copy(source, target)
        await target.run_alone("MATCH (n) DETACH DELETE n")
        assert (await copy(source, target)).nodes
        assert await schema.look(target) == ()


async def test_of_two_copies_at_once_one_is_whole_and_the_other_says_that_another_writes_there(
    engine_of_the_source: OwnEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = engine_of_the_source.with_new_database()
    async with (
        Graph.open(engine_of_the_source.with_new_database(prepared=True)) as source,
        Graph.open(empty) as target,
        Graph.open(empty) as target_of_another,
    ):
        await schema.prepare(source)
        await Room.on(source).pattern()
        create, both = Whole.create_nodes, asyncio.Barrier(2)

        async def together(self: Whole, label: str, rows: Sequence[Row]) -> None:
            if label == LABELS[0]:  # each has seen that the target is empty
                await both.wait()
            await create(self, label, rows)

        monkeypatch.setattr(Whole, "create_nodes", together)
        ends = await asyncio.gather(copy(source, target), copy(source, target_of_another), return_exceptions=True)
        [refusal] = [end for end in ends if isinstance(end, SetupError)]
        assert str(refusal).startswith(
            f"somebody else is writing to {target.named}, such as another copy: this one has ended"
        )
        [copied] = [end for end in ends if not isinstance(end, BaseException)]
        monkeypatch.undo()
        nodes, ties = await contents(source)
        assert (copied.nodes, copied.relationships) == (nodes.total(), ties.total())
        assert await contents(target) == (nodes, ties)
        assert await schema.look(target) == ()


async def test_a_source_that_is_written_meanwhile_is_not_said_to_hold_what_others_wrote(
    engine_of_the_source: OwnEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        Graph.open(engine_of_the_source.with_new_database(prepared=True)) as source,
        Graph.open(engine_of_the_source.with_new_database()) as target,
    ):
        await schema.prepare(source)
        totals = Whole.totals

        async def written_before(self: Whole) -> tuple[int, int]:
            await Room.on(source).pattern()
            return await totals(self)

        monkeypatch.setattr(Whole, "totals", written_before)
        with pytest.raises(SetupError, match="is being written: stop every service"):
            await copy(source, target)
        assert await schema.look(target) is None


async def test_a_source_that_is_written_meanwhile_is_copied_by_nobody(
    engine_of_the_source: OwnEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        Graph.open(engine_of_the_source.with_new_database(prepared=True)) as source,
        Graph.open(engine_of_the_source.with_new_database()) as target,
    ):
        await schema.prepare(source)
        await Room.on(source).pattern()
        create = Whole.create_relationships

        async def written_before(self: Whole, kind: Kind, rows: Sequence[Row]) -> None:
            monkeypatch.setattr(Whole, "create_relationships", create)
            await Room.on(source).pattern()
            await create(self, kind, rows)

        monkeypatch.setattr(Whole, "create_relationships", written_before)
        with pytest.raises(SetupError, match="was written while it was copied"):
            await copy(source, target)
        with pytest.raises(ForeignData):
            await schema.look(target)


@pytest.mark.exhaustive
async def test_the_command_copies_to_a_new_folder(tmp_path: Path) -> None:
    here, there = (f"embedded:{tmp_path / name}" for name in ("here", "there"))
    code, _, problem = await command("copy", there, LOOPGRAPH_GRAPH_URL=here)
    assert code != 0
    assert not (tmp_path / "there").exists()
    prepared(tmp_path / "here")
    async with Graph.open(Settings(graph_url=here)) as graph:
        await schema.prepare(graph)
        await Room.on(graph).pattern()
    code, out, problem = await command("copy", there, "--json", LOOPGRAPH_GRAPH_URL=here)
    assert code == 0, problem
    found = json.loads(out)
    assert found["target"] == there
    assert found["nodes"] > 1
    code, _, problem = await command("copy", there, LOOPGRAPH_GRAPH_URL=here)
    assert code == 2
    assert "target: must be an empty database; it holds" in problem
    (tmp_path / "link").symlink_to(tmp_path / "here")
    for same in (here, f"embedded:{tmp_path}/there/../here", f"embedded:{tmp_path}/link"):
        code, _, problem = await command("copy", same, LOOPGRAPH_GRAPH_URL=here)
        assert code == 2
        assert "TARGET: is the graph that is to be copied" in problem
    async with Graph.open(Settings(graph_url=there)) as graph:  # what an interrupted copy leaves
        await schema.lay(graph)
    code, _, problem = await command("copy", there, LOOPGRAPH_GRAPH_URL=here)
    assert code == 2
    assert f"must be an empty database; {there} holds" in problem
    assert f"or remove {tmp_path / 'there'}\n" in problem
    code, _, problem = await command("migrate", LOOPGRAPH_GRAPH_URL=there)
    assert code == 1
    assert problem.startswith(f"loopgraph: {there} holds other data")
    assert "name an empty folder with LOOPGRAPH_GRAPH_URL" in problem
    code, _, problem = await command("copy", "somewhere", LOOPGRAPH_GRAPH_URL=here)
    assert code == 2
    assert "is not a graph URL" in problem
    code, _, problem = await command("copy", there, "--password-env", "NOT_SET_HERE", LOOPGRAPH_GRAPH_URL=here)
    assert code == 2
    assert "NOT_SET_HERE, which is not set" in problem
