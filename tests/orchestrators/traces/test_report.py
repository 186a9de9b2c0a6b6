"""A report by skills: which versions were used, how that ended and what it cost, which never, and which are nearly the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loopgraph.computes.agents import uses
from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.analytics.report import ReportDimension
from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.events import PROMPTED, EndpointCalled, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, Recordable, SessionSeen
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.analytics import Analytics
from loopgraph.effects.traces.reading.use_figures import UseReads
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from loopgraph.orchestrators.traces.report import report
from support.traces import NOON, at
from support.uses import define

TEXT = (
    "# Triage {}\n1. Restate the bug in one sentence, whoever has told of it.\n2. Name the file that is at fault.\n{}\n"
)


@pytest.mark.lengthy
async def test_versions_by_their_uses(graph: Graph) -> None:
    mark, folder = new_id(), f"/home/dev/{new_id()}"
    name, texts = f"triage-{mark}", [TEXT.format(mark, "one"), TEXT.format(mark, "two")]
    former, later = await define(graph, DefinitionKind.SKILL, name, *texts, folder=folder)
    [idle] = await define(graph, DefinitionKind.SKILL, f"idle-{mark}", TEXT.format(mark, "two") + "3.", folder=folder)
    ends = [
        (0, TraceStatus.SUCCESS),
        (0, TraceStatus.ERROR),
        (1, TraceStatus.SUCCESS),
        (1, TraceStatus.INTERRUPTED),
        (1, TraceStatus.SUCCESS),
    ]
    sessions = []
    for number, (version, end) in enumerate(ends):
        session, prompt, text = new_id(), new_id(), texts[version]
        sessions.append(session)
        used = uses.skill_used(
            session,
            f"toolu_{new_id()}",
            prompt,
            name,
            cwd=folder,
            timestamp=at(1),
            digests=(body_digest(text),),
            text=text,
        )
        call = EndpointCalled(
            correlation_id=prompt, call_id=new_id(), service_name="s", endpoint_path="/", success=True, model="m",
            cost_usd=float(number + 1), skill=name, started_at=at(2), completed_at=at(3),
        )  # fmt: skip
        events: list[Recordable] = [
            Observation(event=SessionSeen(session_id=session, cwd=folder, timestamp=at(0)), source="test"),
            Observation(event=TraceStarted(correlation_id=prompt, session_id=session, timestamp=at(0)), source="test"),
            Observation(event=used, source="test"),
            Observation(event=call, source="test"),
            Observation(event=TraceCompleted(correlation_id=prompt, timestamp=at(5), status=end), source="test"),
        ]
        for outcome in await TraceWrites(graph, choosing=choose).record(events, received_at=NOON):
            assert not isinstance(outcome, UserError), outcome
    analytics, reads, since, until = Analytics(graph), UseReads(graph, OwnCriteria().judge), at(-60), at(60)
    made = await report(analytics, reads, since, until, ReportDimension.SKILL, None, project=folder)
    told = [
        (use.node_id, use.version, use.uses, use.sessions, use.succeeded, use.failed, use.interrupted)
        for use in made.versions
    ]
    assert told == [(later, 2, 3, 3, 2, 0, 1), (former, 1, 2, 2, 1, 1, 0)]
    assert [(use.cost_usd, use.exact, use.success_rate, use.avg_duration_ms) for use in made.versions] == [
        (12.0, 3, 2 / 3, 4_000.0),
        (3.0, 2, 0.5, 4_000.0),
    ]
    assert [(use.successes, use.failures, use.unknown, use.corrected) for use in made.versions] == [
        (2, 1, 0, 0),
        (1, 1, 0, 0),
    ]
    corrected, running = sessions[2], new_id()
    more: list[Recordable] = [
        Observation(event=event, source="test")
        for event in (
            TraceStarted(
                correlation_id=new_id(),
                session_id=corrected,
                timestamp=at(6),
                source=PROMPTED,
                prompt_text="That's wrong",
            ),
            SessionSeen(session_id=running, cwd=folder, timestamp=at(0)),
            TraceStarted(correlation_id=f"{running}-p", session_id=running, timestamp=at(0)),
            uses.skill_used(
                running, new_id(), f"{running}-p", name, cwd=folder, timestamp=at(1), digests=(body_digest(texts[1]),)
            ),
        )
    ]
    for outcome in await TraceWrites(graph, choosing=choose).record(more, received_at=NOON):
        assert not isinstance(outcome, UserError), outcome
    again = await report(analytics, reads, since, until, ReportDimension.SKILL, None, project=folder)
    use = again.versions[0]
    assert (use.uses, use.succeeded, use.interrupted) == (4, 2, 1), "what was corrected ended well"
    assert (use.successes, use.failures, use.unknown, use.corrected) == (1, 2, 1, 1)
    assert use.success_rate == 1 / 3
    assert made.never_used == (), "of one project it is not said"
    everywhere = await report(analytics, reads, since, until, ReportDimension.PATTERN, None, first=10_000)
    assert f"idle-{mark}" in {one.name for one in everywhere.never_used}
    assert name not in {one.name for one in everywhere.never_used}
    assert {name, f"idle-{mark}"} in [{pair.one.name, pair.other.name} for pair in everywhere.alike]
    before = await report(
        analytics, reads, since - timedelta(days=1), since, ReportDimension.SKILL, None, project=folder
    )
    assert before.versions == ()
    assert idle
