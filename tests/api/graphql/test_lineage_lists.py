"""The lists of a large lineage are made in slices, and each version once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from loopgraph.api.graphql.types.lineage.traversal import LineageGraph
from loopgraph.contracts.lineage import patterns as contracts

AT = datetime(2026, 1, 1, tzinfo=UTC)


def version(number: int) -> contracts.PatternVersion:
    return contracts.PatternVersion(
        node_id=f"v{number}",
        pattern_id="p",
        pattern_name="p",
        pattern_type="prompt",
        status=contracts.PatternStatus.DRAFT,
        evolution_type=contracts.EvolutionType.CREATION,
        created_by="test",
        version=number,
        template_hash="0" * 64,
        created_at=AT,
        updated_at=AT,
    )


def graph(count: int) -> contracts.LineageGraph:
    nodes = (contracts.LineageNode(version=version(n), depth=0, in_degree=0, out_degree=0) for n in range(1, count + 1))
    return contracts.LineageGraph(start_ids=(), nodes=tuple(nodes), edges=(), reached=count, truncated=False)


def test_what_a_list_holds_is_made_as_it_is_completed() -> None:
    answer = LineageGraph.of(graph(5))
    lists = answer.nodes(), answer.edges(), answer.roots(), answer.leaves()
    assert all(isinstance(one, Iterator) for one in lists)
    assert not answer.presented
    next(lists[0])
    assert list(answer.presented) == ["v1"]


def test_a_version_is_one_object_in_all_lists() -> None:
    answer = LineageGraph.of(graph(5))
    of_nodes = [node.version for node in answer.nodes()]
    assert [one.node_id for one in of_nodes] == ["v1", "v2", "v3", "v4", "v5"]
    assert list(map(id, of_nodes)) == list(map(id, answer.roots())) == list(map(id, answer.leaves()))
