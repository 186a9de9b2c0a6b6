"""Uses of skills by sessions that were assigned to an arm are executions of the experiment, whatever is known first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loopgraph.computes.agents import uses
from loopgraph.computes.definitions.choice import choose
from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.loop.assignment import assign
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.traces.events import TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, Recordable
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop import assignments
from loopgraph.effects.loop.assignments import AssignmentRecords
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from support.traces import NOON, at, make_experiment, statement
from support.uses import define

FORMER, LATER = "# Triage A{}\n1. Restate the bug.\n", "# Triage B{}\n1. Name the file first.\n"


class Arms:
    """A skill with two versions that an open experiment compares."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.mark, self.experiment = graph, new_id(), ""
        self.nodes: dict[Arm, str] = {}

    async def open(self) -> Arms:
        texts = [text.format(self.mark) for text in (FORMER, LATER)]
        control, treatment = await define(self.graph, DefinitionKind.SKILL, f"triage-{self.mark}", *texts)
        self.nodes = {Arm.CONTROL: control, Arm.TREATMENT: treatment}
        self.experiment = await make_experiment(self.graph, control, treatment)
        await statement(
            self.graph,
            """MATCH (e:Experiment {experiment_id: $id})
            MATCH (control:PatternVersion {node_id: $control}), (treatment:PatternVersion {node_id: $treatment})
            CREATE (e)-[:CONTROL]->(control) CREATE (e)-[:TREATMENT]->(treatment)""",
            id=self.experiment,
            control=control,
            treatment=treatment,
        )
        return self

    def session_of(self, arm: Arm) -> str:
        """A session that is assigned to an arm."""
        return next(id_ for _ in range(1_000) if assign(self.experiment, id_ := new_id()) is arm)

    async def assign(self, session: str) -> None:
        await AssignmentRecords(self.graph).record(self.experiment, session, assign(self.experiment, session))

    async def used(self, session: str, arm: Arm, *, with_text: bool = True) -> None:
        """A session uses the skill, and is given the text of an arm."""
        prompt, text = new_id(), self.text(arm)
        told = {"digests": (body_digest(text),), "text": text} if with_text else {}
        events: list[Recordable] = [
            _told(TraceStarted(correlation_id=prompt, session_id=session, timestamp=at(0))),
            _told(
                uses.skill_used(session, f"toolu_{new_id()}", prompt, f"triage-{self.mark}", timestamp=at(1), **told)
            ),
            _told(TraceCompleted(correlation_id=prompt, timestamp=at(5), status=TraceStatus.SUCCESS)),
        ]
        await self.record(events)

    def text(self, arm: Arm) -> str:
        return {Arm.CONTROL: FORMER, Arm.TREATMENT: LATER}[arm].format(self.mark)

    async def record(self, events: list[Recordable]) -> None:
        for outcome in await TraceWrites(self.graph, choosing=choose).record(events, received_at=NOON):
            assert not isinstance(outcome, UserError), outcome

    async def executions(self, session: str) -> list[dict[str, Any]]:
        rows = await statement(
            self.graph,
            """MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(:Trace)-[:RAN]->(h:HookExecution)-[u:USED]->(v:PatternVersion)
            RETURN v.node_id AS node_id, h.experiment_id AS experiment_id, h.arm AS arm, h.unit AS unit,
                   h.unit_rule AS unit_rule, h.set_aside AS set_aside, u.experiment_id AS drawn, u.arm AS drawn_arm,
                   u.set_aside AS drawn_aside""",
            id=session,
        )
        assert all((row.pop("drawn"), row.pop("drawn_arm")) == (row["experiment_id"], row["arm"]) for row in rows)
        return [dict(row) for row in rows]


def _told(event: Any) -> Observation:
    return Observation(event=event, source="transcript")


@pytest.fixture(autouse=True)
def long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions are assigned before they use anything."""
    monkeypatch.setattr(assignments, "now", lambda: NOON - timedelta(hours=1))


@pytest.mark.parametrize("arm", Arm)
async def test_a_session_that_was_assigned_uses_its_arm(graph: Graph, arm: Arm) -> None:
    arms = await Arms(graph).open()
    session = arms.session_of(arm)
    await arms.assign(session)
    await arms.used(session, arm)
    assert await arms.executions(session) == [
        {
            "node_id": arms.nodes[arm], "experiment_id": arms.experiment, "arm": arm.value, "unit": session,
            "unit_rule": "given", "set_aside": None, "drawn_aside": None,
        }
    ]  # fmt: skip


async def test_a_session_that_was_not_assigned_is_in_no_experiment(graph: Graph) -> None:
    arms = await Arms(graph).open()
    session = new_id()
    await arms.used(session, Arm.CONTROL)
    [one] = await arms.executions(session)
    assert (one["node_id"], one["experiment_id"], one["arm"]) == (arms.nodes[Arm.CONTROL], None, None)
    assert (one["unit"], one["unit_rule"]) == (session, "session")


@pytest.mark.parametrize("arm", Arm)
async def test_hooks_alone_know_the_arm_by_the_assignment(graph: Graph, arm: Arm) -> None:
    """Hooks do not tell what text the model was given."""
    arms = await Arms(graph).open()
    session = arms.session_of(arm)
    await arms.assign(session)
    await arms.used(session, arm, with_text=False)
    [one] = await arms.executions(session)
    assert (one["node_id"], one["arm"], one["set_aside"]) == (arms.nodes[arm], arm.value, None)
    assert (one["experiment_id"], one["unit"], one["unit_rule"]) == (arms.experiment, session, "given")


async def test_a_session_is_assigned_while_its_skill_begins(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client tells that it calls a skill, and then lets the skill fetch its text."""
    arms = await Arms(graph).open()
    session, prompt, call = arms.session_of(Arm.CONTROL), new_id(), f"toolu_{new_id()}"
    monkeypatch.setattr(assignments, "now", lambda: at(200))
    begun: list[Recordable] = [
        _told(TraceStarted(correlation_id=prompt, session_id=session, timestamp=at(0))),
        _told(uses.skill_used(session, call, prompt, f"triage-{arms.mark}", timestamp=at(1))),
    ]
    await arms.record(begun)
    [one] = await arms.executions(session)
    assert (one["experiment_id"], one["arm"]) == (None, None)
    await arms.assign(session)
    await arms.record([_told(TraceCompleted(correlation_id=prompt, timestamp=at(300), status=TraceStatus.SUCCESS))])
    [one] = await arms.executions(session)
    assert (one["node_id"], one["arm"], one["set_aside"]) == (arms.nodes[Arm.CONTROL], "control", None)


@pytest.mark.parametrize("arm", Arm)
async def test_a_use_is_no_longer_set_aside_when_its_text_is_of_its_arm(graph: Graph, arm: Arm) -> None:
    """First only the file is known, which is that of the other arm, and then the text."""
    arms = await Arms(graph).open()
    session, prompt, call = arms.session_of(arm), new_id(), f"toolu_{new_id()}"
    [other] = set(Arm) - {arm}
    await arms.assign(session)
    [file] = await statement(
        graph, "MATCH (v:PatternVersion {node_id: $id}) RETURN v.template_hash AS hash", id=arms.nodes[other]
    )
    text = arms.text(arm)
    for told, aside, evidence in (
        (other, "other_arm", {"file_digest": file["hash"]}),
        (arm, None, {"digests": (body_digest(text),), "text": text}),
    ):
        used = uses.skill_used(session, call, prompt, f"triage-{arms.mark}", timestamp=at(1), **evidence)
        await arms.record(
            [_told(TraceStarted(correlation_id=prompt, session_id=session, timestamp=at(0))), _told(used)]
        )
        [one] = await arms.executions(session)
        assert (one["arm"], one["set_aside"], one["drawn_aside"]) == (told.value, aside, aside)


async def test_what_is_only_proposed_is_in_force_for_nobody(graph: Graph) -> None:
    arms = await Arms(graph).open()
    await statement(
        graph, "MATCH (v:PatternVersion {node_id: $id}) SET v.status = 'draft'", id=arms.nodes[Arm.TREATMENT]
    )
    session = new_id()
    await arms.used(session, Arm.CONTROL, with_text=False)
    assert [one["node_id"] for one in await arms.executions(session)] == [arms.nodes[Arm.CONTROL]]


async def test_a_text_of_the_other_arm_is_set_aside(graph: Graph) -> None:
    """A client that the service was away from prints the last text that it knows."""
    arms = await Arms(graph).open()
    session = arms.session_of(Arm.CONTROL)
    await arms.assign(session)
    await arms.used(session, Arm.TREATMENT)
    [one] = await arms.executions(session)
    assert (one["node_id"], one["arm"], one["set_aside"]) == (arms.nodes[Arm.TREATMENT], "treatment", "other_arm")


async def test_what_was_used_before_it_was_assigned_is_in_no_experiment(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    arms = await Arms(graph).open()
    session = arms.session_of(Arm.CONTROL)
    monkeypatch.setattr(assignments, "now", lambda: NOON + timedelta(hours=1))
    await arms.assign(session)
    await arms.used(session, Arm.CONTROL)
    [one] = await arms.executions(session)
    assert one["experiment_id"] is None
