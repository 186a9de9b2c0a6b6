"""What the console is shown with: a graph that holds something for each of its pages, made by the service's own functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.learned import fill_learned
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.loop.feedback import ImprovementStatus
from loopgraph.contracts.loop.schedules import NewSchedule
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.lineage.writes import Lineage
from support.feedback import Subject
from support.proposals import proposed
from support.service import Service
from support.waiting import until

TESTER = Origin(actor_type=ActorType.USER, actor_id="tester", correlation_id="test-console")

FIRST = "Review the change.\n\nSay what is wrong first.\n"
SECOND = "Review the change.\n\n1. Run the tests.\n2. Say what is wrong first.\n"

HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>\u202egnp.exe\u202c\x1b[31mred\x1b[0m\x07 "
    "\U0001f469\u200d\U0001f680 ẞ 測試 \u0644"
)
"""Markup, a text that is turned around, a terminal's colours and bell, and letters of many kinds."""


@dataclass(frozen=True)
class Filled:
    """The ids of what there is."""

    trace: str
    again: str
    session: str
    subject: Subject
    concluded: str
    reviews: tuple[Subject, Subject]
    going_on: str
    learned: str


async def fill(service: Service) -> Filled:
    """Something for each page."""
    subject = await _pattern(service, "code-review")
    concluded = await _concluded(subject)
    reviews = (await _awaiting_review(service, "commit-message"), await _awaiting_review(service, "release-notes"))
    tested = await _pattern(service, "write-tests")
    going_on = await _going_on(tested)
    nightly = NewSchedule(name="every night", cron="0 3 * * *", time_zone="Europe/Berlin", tag="documents", inputs={})
    await service.parts.schedules.create(nightly, TESTER)
    session, began = new_id(), now() - timedelta(minutes=20)
    trace, again = new_id(), new_id()
    await record(service, [*episode(trace, session, began, subject.node_id, fails=True)])
    await record(service, [*episode(again, session, began + timedelta(minutes=5), subject.node_id)])
    for one, prompt in ((subject, "Review what I changed in the parser"), (tested, "Write tests for empty fields")):
        start = TraceStarted(correlation_id=f"{one.pattern_id}-work", prompt_text=prompt)
        await record(service, [start, TraceCompleted(correlation_id=start.correlation_id, success=True)])
    await service.parts.rolling.caught_up()
    await proposed(service.parts.graph)
    return Filled(trace, again, session, subject, concluded, reviews, going_on, await fill_learned(service))


async def fill_hostile(service: Service, siblings: int = 5_000) -> str:
    """The id of a trace with so many steps beside each other, and with markup and the like in all that may hold a text."""
    trace = f"hostile/../{new_id()}#a=b@c+:/"  # as far as ids may go
    await record(service, [*_hostile(trace, siblings)])
    return trace


async def record(service: Service, events: list[TraceEvent]) -> None:
    """Records what must all be accepted."""
    for begin in range(0, len(events), 1_000):
        outcomes = await service.parts.recorder.record(events[begin : begin + 1_000])
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)], outcomes


async def _pattern(service: Service, name: str) -> Subject:
    graph = service.parts.graph
    new = NewPattern(name=f"{name}-{new_id()[-6:]}", pattern_type="skill", description="What a reviewer is asked for.")
    created = await Lineage(graph).create_pattern(new, NewVersion(activate=True, template_code=FIRST), TESTER)
    return Subject(graph, created.pattern.pattern_id, created.version.node_id)


async def _concluded(subject: Subject) -> str:
    """A run that has put a better version into use."""
    improvement = await subject.propose(SECOND, description="fewer defects get through")
    run = await subject.start(min_sample_size=10)
    await until(lambda: _experiments(subject, improvement.improvement_id))
    [experiment] = await _experiments(subject, improvement.improvement_id)
    for node_id, mean in ((subject.node_id, 200.0), (improvement.candidate_node_id, 100.0)):
        await subject.record(node_id, [mean + n % 7 for n in range(12)], experiment_id=experiment.experiment_id)
    await until(lambda: _over(subject, run.run_id), 0.2)
    return run.run_id


async def _experiments(subject: Subject, improvement_id: str) -> list:  # type: ignore[type-arg]
    return list((await subject.reads.experiments_of_improvements([improvement_id]))[improvement_id])


async def _over(subject: Subject, run_id: str) -> bool:
    return not (await subject.loop.advance(run_id)).status.open


async def _awaiting_review(service: Service, name: str) -> Subject:
    subject = await _pattern(service, name)
    improvement = await subject.propose(SECOND, description="shorter, and says what is wrong first")
    run = await subject.start(enable_ab_testing=False)
    await subject.advance(run)

    async def waits() -> bool:
        [found] = (await subject.reads.improvements([improvement.improvement_id])).values()
        return found.status is ImprovementStatus.AWAITING_REVIEW

    await until(waits, 0.2)
    return subject


async def _going_on(subject: Subject) -> str:
    """A run whose experiment has a part of its executions."""
    improvement = await subject.propose(SECOND)
    run = await subject.start(min_sample_size=30)
    await until(lambda: _experiments(subject, improvement.improvement_id))
    await subject.work(20, {subject.node_id: 120.0, improvement.candidate_node_id: 110.0})
    return run.run_id


def episode(
    trace: str, session: str, began: datetime, node_id: str | None = None, *, fails: bool = False
) -> Iterator[TraceEvent]:
    """A prompt that is answered by commands, an edit and a subagent."""
    at = began

    def step(name: str, ms: int, **more: object) -> HookExecuted:
        nonlocal at
        begin, at = at, at + timedelta(milliseconds=ms)
        of = str(more.pop("of", trace))
        given = {"success": True, "tool_name": name, "hook_type": "ToolUse", "session_id": session, **more}
        return HookExecuted(
            correlation_id=of, execution_id=new_id(), started_at=begin, completed_at=at, **given,  # type: ignore[arg-type]
        )  # fmt: skip

    yield TraceStarted(
        correlation_id=trace, session_id=session, timestamp=began,
        prompt_text="# Mend the parser\n\nIt takes `a,,b` for **two** fields.\n\n- keep it fast\n- add a test",
        context={"cwd": "/home/ada/parser"},
    )  # fmt: skip
    if node_id:
        yield step("Skill", 40, node_id=node_id, quality_score=0.9)
    for number in range(8):
        yield step("Read", 30 + number, tool_input={"file_path": f"/home/ada/parser/{number}.py"}, tool_response="…")
    call = new_id()
    yield EndpointCalled(
        correlation_id=trace, call_id=call, service_name="api", endpoint_path="/v1/messages", model="claude-sonnet-4-5",
        input_tokens=12_000, cache_read_tokens=9_000, output_tokens=700, started_at=at,
        completed_at=at + timedelta(milliseconds=900), success=True,
    )  # fmt: skip
    at += timedelta(milliseconds=900)
    yield step(
        "Edit", 60,
        tool_input={
            "file_path": "/home/ada/parser/fields.py",
            "old_string": "def fields(line):\n    return line.split(',')\n",
            "new_string": "def fields(line):\n    # an empty field is a field\n    return line.split(',')\n",
        },
        tool_response={"filePath": "/home/ada/parser/fields.py"},
    )  # fmt: skip
    failed: dict[str, object] = (
        {"success": False, "error_type": "exit_1", "error_message": "1 test failed"} if fails else {}
    )
    yield step(
        "Bash", 700, tool_input={"command": "pytest -q"},
        tool_response={"stdout": "\x1b[32m12 passed\x1b[0m, \x1b[31m1 failed\x1b[0m", "stderr": ""}, **failed,
    )  # fmt: skip
    spawner, child = step("Task", 10, tool_input={"description": "look for other splits"}), new_id()
    yield spawner
    yield TraceStarted(
        correlation_id=child, parent_id=trace, root_id=trace, session_id=session, agent_type="Explore", source="subagent",
        spawned_by=spawner.execution_id, timestamp=at, prompt_text="Look for other places that split lines.",
    )  # fmt: skip
    for _ in range(5):
        yield step("Grep", 55, of=child, tool_input={"pattern": "split"}, tool_response="3 files")
    yield TraceCompleted(correlation_id=child, timestamp=at, success=True, response_text="There are **three**.")
    yield TraceCompleted(
        correlation_id=trace, timestamp=at, success=True, response_text="It is mended:\n\n```\na,,b → 3\n```"
    )


def _hostile(trace: str, siblings: int) -> Iterator[TraceEvent]:
    at = now() - timedelta(minutes=30)
    yield TraceStarted(
        correlation_id=trace, session_id=f"{trace}/session", timestamp=at, prompt_text=f"{HOSTILE}\n{'x' * 200_000}",
        context={"cwd": f"/{HOSTILE}"}, agent_type=HOSTILE[:100],
    )  # fmt: skip
    for number in range(siblings):
        begin, at = at, at + timedelta(milliseconds=5)
        extreme = number == 0
        yield HookExecuted(
            correlation_id=trace, execution_id=f"{trace}-{number:05}", hook_type="ToolUse",
            tool_name=HOSTILE[:100] if number % 2 == 0 else f"tool {number}", started_at=begin, completed_at=at,
            tool_input={"command": HOSTILE, HOSTILE: [HOSTILE]} if extreme else None,
            tool_response={"stdout": f"{HOSTILE}\n{'y' * 100_000}", "stderr": HOSTILE} if extreme else None,
            success=number != 1, error_type=HOSTILE if number == 1 else None, error_message=HOSTILE if number == 1 else None,
        )  # fmt: skip
    yield TraceCompleted(correlation_id=trace, timestamp=at, success=True, response_text=HOSTILE)
