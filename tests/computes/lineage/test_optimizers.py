"""GEPA's results, read and made lineage."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from loopgraph.computes.lineage.optimizers import best_candidates, lineage_of, read_gepa
from loopgraph.contracts.lineage.changes import template_hash
from loopgraph.contracts.lineage.patterns import EvolutionType, Pattern, PatternStatus, PatternVersion, RelationshipType
from loopgraph.effects.clock import now
from loopgraph.errors import InvalidInput

RESULT: dict[str, Any] = {
    "candidates": [{"answer": text} for text in ("seed", "second", "third", "merged", "second\n")],
    "parents": [[None], [0], [0], [1, 2], [2]],
    "val_aggregate_scores": [0.5, 0.6, 0.4, 0.75, 0.6],
    "val_subscores": [{"0": 0.5}] * 5,
    "per_val_instance_best_candidates": {"0": [3], "1": [1, 3]},
    "discovery_eval_counts": [1, 2, 3, 4, 5],
    "total_metric_calls": 120,
    "run_dir": "/home/somebody/run",
    "seed": 7,
    "best_idx": 3,
    "validation_schema_version": 2,
}
"""The form of ``GEPAResult.to_dict()``, schema version 2."""

PATTERN = Pattern(
    pattern_id="p",
    name="answer",
    pattern_type="prompt",
    latest_version=1,
    created_at=now(),
    created_by="t",
    updated_at=now(),
)


def version(text: str) -> PatternVersion:
    return PatternVersion(
        node_id="p-1", pattern_id="p", version=1, pattern_name="answer", pattern_type="prompt", status=PatternStatus.ACTIVE,
        evolution_type=EvolutionType.CREATION, template_code=text, template_hash=template_hash(text), parameters={"depth": 3},
        created_at=now(), created_by="t", updated_at=now(),
    )  # fmt: skip


def changed(**fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(RESULT), **fields}


def test_a_result_is_a_graph_of_candidates() -> None:
    graph = read_gepa(RESULT)
    assert [candidate.parents for candidate in graph.candidates] == [(), (0,), (0,), (1, 2), (2,)]
    assert [candidate.best_on for candidate in graph.candidates] == [0, 1, 0, 2, 0]
    assert graph.about == {"component": "answer", "total_metric_calls": 120, "seed": 7}
    older = changed(validation_schema_version=0, per_val_instance_best_candidates=[[3], [1, 3]])
    assert read_gepa(older) == graph
    plain = changed(_str_candidate_key="answer")
    assert read_gepa(plain) == graph


def test_candidates_become_drafts_with_all_their_parents() -> None:
    graph = read_gepa(RESULT)
    lineage = lineage_of(graph, PATTERN, version("seed\r\n"))
    made = {item.node_id: item.version for item in lineage.versions}
    assert [each.template_code for each in made.values()] == ["second", "third", "merged"]
    assert lineage.node_ids == ["p-1", *made, lineage.node_ids[1]]
    second, third, merged = lineage.node_ids[1:4]
    links = {id_: [(link.relationship_type, link.node_id) for link in each.parents or ()] for id_, each in made.items()}
    assert links == {
        second: [(RelationshipType.DERIVED_FROM, "p-1")],
        third: [(RelationshipType.DERIVED_FROM, "p-1")],
        merged: [(RelationshipType.MERGED_INTO, second), (RelationshipType.MERGED_INTO, third)],
    }
    assert (made[merged].evolution_type, made[merged].parameters) == (EvolutionType.MERGE, {"depth": 3})
    assert made[merged].metadata["score"] == 0.75
    assert not any(each.activate for each in made.values())
    assert lineage_of(graph, PATTERN, version("seed")) == lineage, "the same graph has the same ids"
    assert best_candidates(graph, lineage, 5) == [3, 1]
    assert best_candidates(graph, lineage, 1) == [3]

    rooted = lineage_of(graph, PATTERN, version("another text"))
    assert rooted.versions[0].version.parents == ()
    assert best_candidates(graph, rooted, 5) == [3, 1]


@pytest.mark.parametrize(
    ("result", "field", "problem"),
    [
        ([], "result", "is no result of GEPA"),
        ({"candidates": "x"}, "result", "is no result of GEPA"),
        (changed(validation_schema_version=3), "result", "has the form 3; forms up to 2 are understood"),
        (changed(parents=[[None]]), "result", "has 5 candidates, parents of 1, and scores of 5"),
        (
            changed(candidates=[], parents=[], val_aggregate_scores=[]),
            "result",
            "must have 1 to 10,000 candidates, and has 0",
        ),
        (changed(parents=[[None], [4], [0], [1], [2]]), "result", "candidate 1 stands before a parent of its own"),
        (changed(parents=[[None], ["a"], [0], [1], [2]]), "result", "candidates.1.parents.0"),
        (changed(parents=[[None], [-1], [0], [1], [2]]), "result", "candidates.1.parents.0"),
        (changed(parents=[3, [0], [0], [1], [2]]), "result", "candidates.0.parents"),
        (changed(val_aggregate_scores=[0.1, 0.2, float("nan"), 0.1, 0.1]), "result", "candidates.2.score"),
        (changed(candidates=["seed"] * 5), "result", "each candidate must be a map from components to texts"),
        (changed(candidates=[{"answer": 4}] * 5), "result", "candidates.0.text"),
        (
            changed(candidates=[{"a": "x", "b": "y"}] * 5),
            "component",
            "say which text is meant: the candidates have a, b",
        ),
    ],
)
def test_what_is_no_result_says_why(result: Any, field: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_gepa(result)
    assert refused.value.field == field
    assert problem in refused.value.problem


def test_of_several_components_one_is_named() -> None:
    several = changed(candidates=[{"a": f"x{n}", "b": "same"} for n in range(5)])
    assert [candidate.text for candidate in read_gepa(several, "a").candidates] == ["x0", "x1", "x2", "x3", "x4"]
    lineage = lineage_of(read_gepa(several, "b"), PATTERN, None)
    assert (len(lineage.versions), len(set(lineage.node_ids))) == (1, 1)
    assert best_candidates(read_gepa(several, "b"), lineage, 5) == []
    with pytest.raises(InvalidInput, match="'c' is none of them: the candidates have a, b"):
        read_gepa(several, "c")
