"""What would feel the deprecation of a pattern: its recent uses told apart by who used it, and what descends from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from loopgraph.contracts.analytics.dependents import (
    Affected,
    AffectedSession,
    AffectedVersion,
    BlastRadius,
    DerivedPattern,
    RecentUses,
    Standing,
    UseGroup,
)


def blast_radius(pattern_id: str, since: datetime, uses: RecentUses, standing: Standing, first: int) -> BlastRadius:
    """It; ``first`` items of each list at most."""
    groups = uses.groups
    agents = _affected(groups, lambda group: group.agent)
    users = _affected([group for group in groups if group.user_id is not None], lambda group: group.user_id)
    projects = _affected([group for group in groups if group.project is not None], lambda group: group.project)
    sessions = [
        AffectedSession(session_id=id_, uses=count, last_used_at=last)
        for id_, count, last in _counted(groups, lambda group: group.session_id)
    ]
    versions = [
        AffectedVersion(node_id=id_, uses=count, last_used_at=last)
        for id_, count, last in _counted(groups, lambda group: group.node_id)
    ]
    derived = _derived(pattern_id, standing)
    return BlastRadius(
        pattern_id=pattern_id,
        since=since,
        uses=sum(group.uses for group in groups),
        agent_count=len(agents),
        session_count=len(sessions),
        user_count=len(users),
        project_count=len(projects),
        derived_count=len(derived),
        versions=tuple(versions[:first]),
        agents=tuple(agents[:first]),
        users=tuple(users[:first]),
        projects=tuple(projects[:first]),
        sessions=tuple(sessions[:first]),
        derived=tuple(derived[:first]),
        experiment_ids=standing.experiment_ids[:first],
        run_ids=standing.run_ids[:first],
        whole=uses.whole and standing.whole,
    )


def _counted(groups: Iterable[UseGroup], key: Callable[[UseGroup], str | None]) -> list[tuple[str, int, datetime]]:
    """How often and when last, by what has a key; the most uses first."""
    of: defaultdict[str, list[UseGroup]] = defaultdict(list)
    for group in groups:
        if (name := key(group)) is not None:
            of[name].append(group)
    counted = [
        (name, sum(group.uses for group in those), max(group.last_used_at for group in those))
        for name, those in of.items()
    ]
    return sorted(counted, key=lambda row: (-row[1], row[0]))


def _affected(groups: Iterable[UseGroup], key: Callable[[UseGroup], str | None]) -> list[Affected]:
    of: defaultdict[str | None, list[UseGroup]] = defaultdict(list)
    for group in groups:
        of[key(group)].append(group)
    found = [
        Affected(
            name=name,
            uses=sum(group.uses for group in those),
            sessions=len({group.session_id for group in those if group.session_id is not None}),
            last_used_at=max(group.last_used_at for group in those),
        )
        for name, those in of.items()
    ]
    return sorted(found, key=lambda one: (-one.uses, one.name or ""))


def _derived(pattern_id: str, standing: Standing) -> list[DerivedPattern]:
    of: defaultdict[str, list[int]] = defaultdict(list)
    for at, (version, _) in enumerate(standing.descendants):
        if version.pattern_id != pattern_id:
            of[version.pattern_id].append(at)
    found = []
    for id_, places in of.items():
        those = [standing.descendants[at] for at in places]
        pattern = standing.patterns.get(id_)
        current = pattern.current_node_id if pattern else None
        found.append(
            DerivedPattern(
                pattern_id=id_,
                versions=len(those),
                in_force=current in {version.node_id for version, _ in those},
                depth=min(depth for _, depth in those),
                last_used_at=max(_known(version.usage.last_used_at for version, _ in those), default=None),
            )
        )
    return sorted(found, key=lambda one: (not one.in_force, one.depth, one.pattern_id))


def _known(instants: Iterable[datetime | None]) -> Sequence[datetime]:
    return [instant for instant in instants if instant is not None]
