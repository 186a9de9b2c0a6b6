"""Candidates of optimizers as lineage: what GEPA writes (``GEPAResult.to_dict()``), read, and made versions of a pattern.

Its form is that of github.com/gepa-ai/gepa, ``src/gepa/core/result.py``, schema version 2 and before: ``candidates`` are maps
from a component of the program to its text, ``parents[i]`` the positions of what candidate ``i`` was made of (``[null]`` for
the seed, several after a merge), ``val_aggregate_scores`` the mean scores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from loopgraph.contracts.base import JsonMap
from loopgraph.contracts.counted import counted
from loopgraph.contracts.lineage.bodies import plain
from loopgraph.contracts.lineage.changes import ImportedVersion, NewPattern, NewVersion, ParentLink, request_hash
from loopgraph.contracts.lineage.optimizers import MOST_CANDIDATES, CandidateGraph
from loopgraph.contracts.lineage.patterns import EvolutionType, Pattern, PatternVersion, RelationshipType
from loopgraph.contracts.lineage.text_form import given
from loopgraph.errors import InvalidInput, in_our_words

GEPA: Final = "gepa"
_SCHEMA: Final = 2
_ABOUT: Final = ("total_metric_calls", "num_full_val_evals", "seed", "total_reflection_cost")


def read_gepa(result: Any, component: str | None = None) -> CandidateGraph:
    """The candidates of a result of GEPA. ``component`` says which text of a candidate is meant, where it has several.

    Raises InvalidInput (field ``result`` or ``component``) for what is no such result, and for one of a newer form.
    """
    if not isinstance(result, dict) or not isinstance(result.get("candidates"), list):
        raise InvalidInput(
            "result", "is no result of GEPA: it must be what `GEPAResult.to_dict()` gives, with `candidates`"
        )
    schema = result.get("validation_schema_version") or 0
    if not isinstance(schema, int) or schema > _SCHEMA:
        raise InvalidInput("result", f"has the form {schema!r}; forms up to {_SCHEMA} are understood")
    programs, parents, scores = (_list(result, name) for name in ("candidates", "parents", "val_aggregate_scores"))
    if not len(programs) == len(parents) == len(scores):
        raise InvalidInput(
            "result",
            f"has {counted(len(programs), 'candidate')}, parents of {len(parents)}, and scores of {len(scores)}",
        )
    if not 0 < len(programs) <= MOST_CANDIDATES:
        raise InvalidInput("result", f"must have 1 to {MOST_CANDIDATES:,} candidates, and has {len(programs):,}")
    name = _component(programs, component or result.get("_str_candidate_key"))
    best_on = _best_on(result.get("per_val_instance_best_candidates"), len(programs))
    try:
        return CandidateGraph.model_validate(
            {
                "optimizer": GEPA,
                "candidates": [
                    {
                        "text": program.get(name, ""),
                        "parents": _parents(made_of),
                        "score": score,
                        "best_on": best_on[at],
                    }
                    for at, (program, made_of, score) in enumerate(zip(programs, parents, scores, strict=True))
                ],
                "about": {
                    "component": name,
                    **{key: result[key] for key in _ABOUT if isinstance(result.get(key), int | float)},
                },
            }
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        problem = in_our_words(first["msg"])
        raise InvalidInput("result", f"{where}: {problem}" if where else problem) from error


class CandidateLineage(NamedTuple):
    """Candidates as versions: those that are to be made, and the version that each candidate is, by its position."""

    versions: list[ImportedVersion]
    node_ids: list[str]


def lineage_of(graph: CandidateGraph, pattern: Pattern, current: PatternVersion | None) -> CandidateLineage:
    """The candidates as drafts of a pattern, with the parameters that are in use. Those with the same text are one version, and
    what says the same as the version in use is that one. The same graph has the same ids."""
    digest = request_hash(pattern.pattern_id, graph)[:16]
    in_use = {} if current is None else {_key(given(pattern.pattern_type, current.template_code)): current.node_id}
    known, versions, node_ids = dict(in_use), list[ImportedVersion](), list[str]()
    parameters = current.parameters if current else {}
    for position, candidate in enumerate(graph.candidates):
        key = _key(candidate.text)
        if key not in known:
            known[key] = f"{graph.optimizer}:{digest}:{position}"
            parents = list(dict.fromkeys(node_ids[parent] for parent in candidate.parents))
            versions.append(_version(graph, pattern, position, known[key], parents, parameters))
        node_ids.append(known[key])
    return CandidateLineage(versions, node_ids)


def best_candidates(graph: CandidateGraph, lineage: CandidateLineage, count: int) -> list[int]:
    """The positions of the best candidates, one for each version, that did better than the first; the best first."""
    seed = graph.candidates[0]
    order = sorted(range(len(graph.candidates)), key=lambda at: (-graph.candidates[at].score, at))
    made = {version.node_id for version in lineage.versions}
    found: dict[str, int] = {}
    for position in order:
        node_id = lineage.node_ids[position]
        if graph.candidates[position].score > seed.score and node_id in made and node_id != lineage.node_ids[0]:
            found.setdefault(node_id, position)
    return list(found.values())[:count]


def _version(
    graph: CandidateGraph,
    pattern: Pattern,
    position: int,
    node_id: str,
    parents: Sequence[str],
    parameters: JsonMap,
) -> ImportedVersion:
    candidate = graph.candidates[position]
    merged = len(parents) > 1
    kind = RelationshipType.MERGED_INTO if merged else RelationshipType.DERIVED_FROM
    evolution = EvolutionType.MERGE if merged else EvolutionType.DERIVATION if parents else EvolutionType.CREATION
    about = {
        "optimizer": graph.optimizer,
        "candidate": position,
        "score": candidate.score,
        "best_on": candidate.best_on,
    }
    return ImportedVersion(
        pattern=NewPattern(pattern_id=pattern.pattern_id, name=pattern.name, pattern_type=pattern.pattern_type),
        version=NewVersion(
            node_id=node_id,
            evolution_type=evolution,
            template_code=candidate.text,
            parameters=parameters,
            change_summary=f"candidate {position} of {graph.optimizer}, score {candidate.score:.4g}",
            tags=(graph.optimizer,),
            metadata={**about, **graph.about},
            parents=tuple(
                ParentLink(
                    node_id=parent,
                    relationship_type=kind,
                    edge_id=f"{node_id}:{number}",
                    metadata={"optimizer": graph.optimizer, "score": candidate.score},
                )
                for number, parent in enumerate(parents, start=1)
            ),
        ),
    )


def _list(result: Mapping[str, Any], name: str) -> list[Any]:
    value = result.get(name)
    if not isinstance(value, list):
        raise InvalidInput("result", f"is no result of GEPA: {name!r} must be a list")
    return value


def _component(programs: Sequence[Any], wanted: Any) -> str:
    names = sorted({str(name) for program in programs if isinstance(program, dict) for name in program})
    if not all(isinstance(program, dict) for program in programs):
        raise InvalidInput("result", "is no result of GEPA: each candidate must be a map from components to texts")
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted not in names:
        problem = f"{wanted!r} is none of them" if wanted is not None else "say which text is meant"
        raise InvalidInput("component", f"{problem}: the candidates have {', '.join(names) or 'no texts'}")
    return str(wanted)


def _parents(made_of: Any) -> Any:
    """Positions; what the seed was made of is null, or nothing."""
    return tuple(one for one in made_of if one is not None) if isinstance(made_of, list) else made_of


def _best_on(fronts: Any, count: int) -> list[int]:
    """For each candidate, on how many examples it is among the best."""
    found = [0] * count
    each = fronts.values() if isinstance(fronts, dict) else fronts if isinstance(fronts, list) else ()
    for front in each:
        for position in front if isinstance(front, list) else ():
            if isinstance(position, int) and 0 <= position < count:
                found[position] += 1
    return found


def _key(text: str) -> str:
    return hashlib.sha256(plain(text).encode("utf-8", "surrogatepass")).hexdigest()
