"""Versions that are made of what was seen: of a text that a model was given, or of the name that a reporter gave a version.

Their ids follow from what they are made of, so whoever sees it again, or at the same time, finds the same version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.lineage.bodies import digest_of_version
from loopgraph.contracts.lineage.changes import NewVersion, request_hash
from loopgraph.contracts.lineage.definitions import VersionBasis
from loopgraph.contracts.lineage.patterns import Pattern, PatternStatus
from loopgraph.contracts.traces.uses import OBSERVED, Conclusion, Use
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.transaction import Row, Transaction
from loopgraph.effects.lineage import steps
from loopgraph.effects.lineage.additions import Addition, add_versions
from loopgraph.effects.lineage.audit import make_event
from loopgraph.effects.lineage.creations import Creation, create_patterns

_PATTERNS_BY_ID = query("lineage/patterns_by_id")
_STANDING = query("lineage/versions_standing")

_SET_DIGESTS = query("uses/set_digests")
_UNUSED = query("uses/unused_observed")

_ORIGIN = Origin()
_FOUND = "what was seen is known to be another version by now"


async def make_observed(
    tx: Transaction, concluded: Iterable[tuple[Use, Conclusion]], at: datetime
) -> dict[str, str | None]:
    """The versions of the uses that are of none which is known, by execution id; made if they are not there yet. None where
    nothing is known that one could be made of."""
    seen = [(use, conclusion) for use, conclusion in concluded if conclusion.observed]
    if not seen:
        return {}
    ids = {use.execution_id: _node_id(conclusion) for use, conclusion in seen}
    there = {row["node_id"] for row in await tx.run(_STANDING, node_ids=sorted(set(ids.values())))}
    wanted: dict[str, tuple[Use, Conclusion]] = {}
    for use, conclusion in sorted(seen, key=lambda each: (each[0].at, each[0].execution_id)):
        node_id = ids[use.execution_id]
        if node_id not in there and (use.text is not None or conclusion.rule is VersionBasis.REPORTED):
            wanted.setdefault(node_id, (use, conclusion))
    if wanted:
        await _make(tx, wanted, at)
        there |= wanted.keys()
    return {id_: node_id if node_id in there else None for id_, node_id in ids.items()}


def _node_id(conclusion: Conclusion) -> str:
    told = f"{conclusion.pattern_id}|{conclusion.rule}|{conclusion.evidence}"
    return "seen-" + hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


async def _make(tx: Transaction, wanted: dict[str, tuple[Use, Conclusion]], at: datetime) -> None:
    patterns = sorted({conclusion.pattern_id for _, conclusion in wanted.values()})
    rows = await tx.run(_PATTERNS_BY_ID, pattern_ids=patterns)
    known = {row["pattern"]["pattern_id"] for row in rows}
    creations, additions = [], []
    for node_id, (use, conclusion) in wanted.items():
        if conclusion.pattern_id in known:
            own = conclusion.pattern_id.startswith("seen-")
            additions.append(_addition(node_id, use, conclusion, at, activate=own))
        else:
            known.add(conclusion.pattern_id)
            creations.append(_creation(node_id, use, conclusion, at))
    if creations:
        await create_patterns(tx, creations)
    if additions:
        await add_versions(tx, additions)
    await tx.write(_SET_DIGESTS, [row for node_id, each in wanted.items() if (row := _other_digest(node_id, *each))])


def _other_digest(node_id: str, use: Use, conclusion: Conclusion) -> Row | None:
    """The digest of a text as it was seen, where what is stored of it has been redacted or cut."""
    if conclusion.rule is not VersionBasis.CONTENT or use.text is None:
        return None
    if digest_of_version(use.kind, use.text) == conclusion.evidence:
        return None
    return {"node_id": node_id, "body_digest": conclusion.evidence}


async def retire(tx: Transaction, node_ids: Iterable[str], at: datetime) -> None:
    """Takes those versions out of use that were made of what was seen, and of which no use is left."""
    rows = await tx.run(_UNUSED, node_ids=sorted(set(node_ids)), tag=OBSERVED)
    for row in rows:
        was_in_use = row["status"] == PatternStatus.ACTIVE
        status = PatternStatus.DEPRECATED if was_in_use else PatternStatus.REJECTED
        kind = EventType.VERSION_DEPRECATED if was_in_use else EventType.VERSION_REJECTED
        event = make_event(kind, _ORIGIN, node_id=row["node_id"], data={"reason": _FOUND})
        await steps.change_status(tx, row["node_id"], status, at, event, reason=_FOUND)


def _creation(node_id: str, use: Use, conclusion: Conclusion, at: datetime) -> Creation:
    new = _new(node_id, use, conclusion, activate=True)
    told = {"origin": use.origin, "scope": conclusion.scope, "path": use.path}
    pattern = Pattern(
        pattern_id=conclusion.pattern_id,
        name=use.name,
        pattern_type=use.kind,
        tags=(OBSERVED,),
        metadata={name: value for name, value in told.items() if value},
        latest_version=1,
        created_at=use.at,
        created_by=_ORIGIN.actor_id,
        updated_at=at,
    )
    version = steps.build_version(pattern, new, node_id, 1, at, _ORIGIN)
    return Creation(
        pattern=pattern,
        version=version,
        edges=(),
        names_pattern=True,
        names_version=True,
        names_edges=frozenset(),
        request_hash=request_hash(conclusion.pattern_id, new),
        event=steps.created_event(EventType.PATTERN_CREATED, _ORIGIN, version, (), name=pattern.name),
        turn=new_id(),
    )


def _addition(node_id: str, use: Use, conclusion: Conclusion, at: datetime, *, activate: bool) -> Addition:
    new = _new(node_id, use, conclusion, activate=activate)
    return Addition(
        pattern_id=conclusion.pattern_id,
        new=new,
        node_id=node_id,
        links=(),
        edge_id=new_id(),
        request_hash=request_hash(conclusion.pattern_id, new),
        origin=_ORIGIN,
        event=make_event(EventType.VERSION_ADDED, _ORIGIN, pattern_id=conclusion.pattern_id, node_id=node_id),
        at=at,
        turn=new_id(),
    )


def _new(node_id: str, use: Use, conclusion: Conclusion, *, activate: bool) -> NewVersion:
    return NewVersion(
        node_id=node_id,
        label=use.version,
        template_code=use.text or "",
        change_summary="Made of what was seen in use; no file of it is known.",
        tags=(OBSERVED,),
        metadata={"observed": True},
        activate=activate,
        created_at=use.at,
        parents=(),
    )
