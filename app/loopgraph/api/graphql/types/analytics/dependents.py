"""Who and what would feel the deprecation of a pattern."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.api.graphql.types.nodes import EXPERIMENT, PATTERN, RUN, SESSION, VERSION, link
from loopgraph.contracts.analytics import dependents as contracts

_LAST = "When it was last used there, in UTC."
_USES = "How often it was used there."


@strawberry.type(description="An agent, a user or a project that used a pattern.")
class AffectedGroup:
    name: str | None = strawberry.field(description="What it is called; null for an agent client itself.")
    uses: Long = strawberry.field(description=_USES)
    sessions: Long = strawberry.field(description="In how many sessions.")
    last_used_at: datetime = strawberry.field(description=_LAST)


@strawberry.type(description="A session that used a pattern.")
class AffectedSession:
    session_id: strawberry.ID
    uses: Long = strawberry.field(description=_USES)
    last_used_at: datetime = strawberry.field(description=_LAST)
    session = link("session", "session_id", SESSION, "The session itself.")


@strawberry.type(description="A version of the pattern that was used.")
class AffectedVersion:
    node_id: strawberry.ID
    uses: Long = strawberry.field(description="How often it was used.")
    last_used_at: datetime = strawberry.field(description="When it was last used, in UTC.")
    version = link("version", "node_id", VERSION, "The version itself.")


@strawberry.type(description="An experiment over the pattern that goes on.")
class AffectedExperiment:
    experiment_id: strawberry.ID
    experiment = link("experiment", "experiment_id", EXPERIMENT, "The experiment itself.")


@strawberry.type(description="A run of the loop over the pattern that goes on.")
class AffectedRun:
    run_id: strawberry.ID
    run = link("run", "run_id", RUN, "The run itself.")


@strawberry.type(description="Another pattern, of which versions descend from the pattern.")
class DerivedPattern:
    pattern_id: strawberry.ID
    versions: Long = strawberry.field(description="How many of its versions descend from it.")
    in_force: bool = strawberry.field(description="Whether the version in use is one of them.")
    depth: int = strawberry.field(description="Fewest edges from a version of the pattern to one of them.")
    last_used_at: datetime | None = strawberry.field(description="When one of them was last used, in UTC; null: never.")
    pattern = link("pattern", "pattern_id", PATTERN, "That other pattern.")


OF_FIRST = ListSize(
    slicing_arguments=["first"],
    sized_fields=[
        "versions",
        "agents",
        "users",
        "projects",
        "sessions",
        "derivedPatterns",
        "liveExperiments",
        "openRuns",
    ],
)
"""Each list of a blast radius has at most ``first`` items."""


@strawberry.type(
    description="Who and what would feel the deprecation of a pattern. Each list has at most `first` items; the most used first."
)
class BlastRadius:
    pattern_id: strawberry.ID
    since: datetime = strawberry.field(description="Uses that began before do not count.")
    uses: Long = strawberry.field(description="How many uses of its versions have begun since then and are over.")
    agent_count: Long = strawberry.field(description="How many agents used it.")
    session_count: Long = strawberry.field(description="How many sessions used it.")
    user_count: Long = strawberry.field(description="How many users it was used for.")
    project_count: Long = strawberry.field(description="For how many projects, or in how many folders, it was used.")
    derived_count: Long = strawberry.field(description="How many other patterns have versions that descend from it.")
    complete: bool = strawberry.field(
        description="Whether nothing was left out; else there were too many uses, versions or descendants to count all."
    )
    versions: list[AffectedVersion] = strawberry.field(description="Its versions that were used.")
    agents: list[AffectedGroup] = strawberry.field(description="The agents that used it.")
    users: list[AffectedGroup] = strawberry.field(description="The users it was used for, as far as clients name them.")
    projects: list[AffectedGroup] = strawberry.field(
        description="What its uses were for, or the folders that its sessions worked in."
    )
    sessions: list[AffectedSession] = strawberry.field(description="The sessions that used it.")
    derived_patterns: list[DerivedPattern] = strawberry.field(
        description="Patterns with versions that descend from it; those that are in force first, then the nearest."
    )
    live_experiments: list[AffectedExperiment] = strawberry.field(description="Experiments over it that go on.")
    open_runs: list[AffectedRun] = strawberry.field(description="Runs of the loop over it that go on.")
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern itself.")

    @classmethod
    def of(cls, found: contracts.BlastRadius) -> Self:
        def shaped(type_: Any, items: Any) -> list[Any]:
            return [shape(type_, item) for item in items]

        return shape(
            cls,
            found,
            complete=found.whole,
            versions=shaped(AffectedVersion, found.versions),
            agents=shaped(AffectedGroup, found.agents),
            users=shaped(AffectedGroup, found.users),
            projects=shaped(AffectedGroup, found.projects),
            sessions=shaped(AffectedSession, found.sessions),
            derived_patterns=shaped(DerivedPattern, found.derived),
            live_experiments=[AffectedExperiment(experiment_id=strawberry.ID(id_)) for id_ in found.experiment_ids],
            open_runs=[AffectedRun(run_id=strawberry.ID(id_)) for id_ in found.run_ids],
        )
