"""Who and what depends on a pattern, and so would feel its deprecation."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from loopgraph.contracts.base import Contract, Id, Instant
from loopgraph.contracts.lineage.patterns import Pattern, PatternVersion


class UseGroup(NamedTuple):
    """Uses of one version in one session, by one agent (None: the agent client itself) for one user."""

    node_id: str
    agent: str | None
    session_id: str | None
    user_id: str | None
    project: str | None
    uses: int
    last_used_at: datetime


class RecentUses(NamedTuple):
    """The uses of some versions since an instant. ``whole``: there are no others."""

    groups: list[UseGroup]
    whole: bool


class Affected(Contract):
    """An agent, a user or a project, by its name, and how much it used a pattern. None: the agent client itself."""

    name: str | None
    uses: int
    sessions: int
    last_used_at: Instant


class AffectedSession(Contract):
    """A session that used a pattern."""

    session_id: Id
    uses: int
    last_used_at: Instant


class AffectedVersion(Contract):
    """A version of the pattern that was used."""

    node_id: Id
    uses: int
    last_used_at: Instant


class DerivedPattern(Contract):
    """Another pattern, of which versions descend from the pattern. ``in_force``: the version in use is one of them. ``depth`` is
    the fewest edges to one of them; ``last_used_at`` when one was last used by anybody, None: never."""

    pattern_id: Id
    versions: int
    in_force: bool
    depth: int
    last_used_at: Instant | None


class Standing(NamedTuple):
    """What the lineage and the loop say of a pattern: its experiments and runs that go on, and the versions that descend from
    its versions, with their depth; ``whole``: there are no others."""

    experiment_ids: tuple[str, ...]
    run_ids: tuple[str, ...]
    descendants: tuple[tuple[PatternVersion, int], ...]
    patterns: dict[str, Pattern]
    whole: bool


class BlastRadius(Contract):
    """Who and what would feel the deprecation of a pattern. Lists begin with the most uses (of descendants: with those in force,
    the nearest first) and are cut, ``…_count`` are how many there are. ``whole``: nothing was left out of what is counted."""

    pattern_id: Id
    since: Instant
    uses: int
    agent_count: int
    session_count: int
    user_count: int
    project_count: int
    derived_count: int
    versions: tuple[AffectedVersion, ...]
    agents: tuple[Affected, ...]
    users: tuple[Affected, ...]
    projects: tuple[Affected, ...]
    sessions: tuple[AffectedSession, ...]
    derived: tuple[DerivedPattern, ...]
    experiment_ids: tuple[str, ...]
    run_ids: tuple[str, ...]
    whole: bool
