"""Finds for uses the versions that they are of, inside the transaction that needs to know; what is of none is made a version
of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.lineage.definitions import UNCOMMITTED
from loopgraph.contracts.lineage.patterns import PatternStatus
from loopgraph.contracts.traces.uses import OBSERVED, Candidate, Choosing, Conclusion, Use
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.graph.values import json_value
from loopgraph.effects.uses.observed import make_observed

_BY_DIGEST = query("uses/candidates_by_digest")
_PATTERNS_OF_KEYS = query("uses/patterns_of_keys")
_OF_PATTERNS = query("uses/candidates_of_patterns")
_OBSERVED_TEXTS = query("uses/observed_texts")

_PROPOSED = (PatternStatus.DRAFT, PatternStatus.REJECTED)

_MOST = 1_000
"""So many versions of one pattern, or with one body, are looked at."""
_FEW = 50
"""Of so many patterns of one name all are looked at; of more, as each project has a ``CLAUDE.md``, those that can hold where the
use was."""


async def conclusions(tx: Transaction, uses: Sequence[Use], choose: Choosing, at: datetime) -> dict[str, Conclusion]:
    """The version of each use, by execution id. Versions that are made of what was seen are there by then."""
    uses = await _with_texts(tx, uses)
    candidates = await _same(tx, {digest for use in uses for digest in use.digests})
    found: dict[str, Conclusion] = {}
    left: list[Use] = []
    for use in uses:
        conclusion = choose(use, candidates) if use.version is None and use.digests else Conclusion()
        if conclusion.final:
            found[use.execution_id] = conclusion
        else:
            left.append(use)
    of_names = await _named(tx, left) if left else {}
    for use in left:
        of_name = [each for key in use.keys for each in of_names.get(key, ())]
        known = {each.node_id: each for each in (*candidates, *of_name)}
        found[use.execution_id] = choose(use, list(known.values()))
    made = await make_observed(tx, [(use, found[use.execution_id]) for use in uses], at)
    return {
        id_: conclusion._replace(node_id=made[id_]) if conclusion.observed else conclusion
        for id_, conclusion in found.items()
    }


async def _with_texts(tx: Transaction, uses: Sequence[Use]) -> list[Use]:
    """The uses with the texts that they were seen with, of which earlier versions were made."""
    wanted = sorted({use.node_id for use in uses if use.node_id and use.text is None and use.digests})
    rows = await tx.run(_OBSERVED_TEXTS, node_ids=wanted, tag=OBSERVED) if wanted else []
    texts = {row["node_id"]: row["text"] for row in rows}
    return [replace(use, text=texts.get(use.node_id)) if use.text is None and use.node_id else use for use in uses]


async def _same(tx: Transaction, digests: Iterable[str]) -> list[Candidate]:
    wanted = sorted(digests)
    return [_candidate(row) for row in await tx.run(_BY_DIGEST, digests=wanted, limit=_MOST)] if wanted else []


async def _named(tx: Transaction, uses: Sequence[Use]) -> Mapping[str, list[Candidate]]:
    """The versions that uses can be of by their names, by key."""
    by_key: defaultdict[str, list[Use]] = defaultdict(list)
    for use in uses:
        for key in use.keys:
            by_key[key].append(use)
    patterns: defaultdict[str, list[Row]] = defaultdict(list)
    for row in await tx.run(_PATTERNS_OF_KEYS, keys=sorted(by_key)):
        patterns[row["key"]].append(row)
    rows = [
        {"key": key, "pattern_id": row["pattern_id"]}
        for key, found in sorted(patterns.items())
        for row in found
        if len(found) <= _FEW or _may_hold(json_value(row["metadata"]) or {}, by_key[key])
    ]
    named: defaultdict[str, list[Candidate]] = defaultdict(list)
    for row in await tx.run(_OF_PATTERNS, rows=rows, limit=_MOST) if rows else []:
        named[row["version"]["definition_key"]].append(_candidate(row))
    return named


def _may_hold(metadata: Mapping[str, Any], uses: Iterable[Use]) -> bool:
    folders = tuple(f"{folder.rstrip('/')}/" for folder in _folders(metadata.get("folders"), metadata.get("scope")))
    return not folders or any(f"{path}/".startswith(folders) for use in uses for path in (use.path, use.cwd) if path)


def _candidate(row: Row) -> Candidate:
    version, metadata = row["version"], json_value(row["metadata"]) or {}
    names = ("node_id", "pattern_id", "version", "created_at", "label", "template_hash", "body_digest", "template_code")

    def text(name: str) -> str | None:
        return value if isinstance(value := metadata.get(name), str) else None

    return Candidate.model_construct(
        **{name: version.get(name) for name in names},
        kind=version["pattern_type"],
        name=version["pattern_name"],
        origin=text("origin"),
        scope=text("scope"),
        folders=_folders(metadata.get("folders"), text("scope")),
        path=text("path"),
        observed=OBSERVED in (version["tags"] or ()),
        uncommitted=UNCOMMITTED in (version["tags"] or ()),
        proposed=version["status"] in _PROPOSED,
    )


def _folders(folders: object, scope: object) -> tuple[str, ...]:
    """Where the patterns of a project hold."""
    known = tuple(each for each in folders if isinstance(each, str)) if isinstance(folders, list) else ()
    if isinstance(scope, str) and scope.startswith("folder:"):
        known = (*known, scope.removeprefix("folder:"))
    return known
