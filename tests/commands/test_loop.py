"""``loopgraph loop …`` against a running service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conftest import settings_for
from loopgraph.commands.loop.report import FailOn, junit_of
from loopgraph.contracts.loop.feedback import RunStatus
from loopgraph.effects.clock import new_id
from support import waiting
from support.command import command
from support.engines import EngineUnderTest
from support.feedback import Subject, make_subject
from support.service import Service, serving

PROPOSED = "print('better')"


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine).model_copy(update={"loop_poll_ms": 50})) as running:
        yield running


@pytest.fixture
async def subject(service: Service) -> Subject:
    return await make_subject(service.parts.graph)


async def loop(service: Service, *arguments: str | Path) -> tuple[int, str, str]:
    return await command("loop", *arguments, LOOPGRAPH_URL=service.url)


def suite_of(report: Path) -> ElementTree.Element:
    """What a report of ours says."""
    return ElementTree.parse(report).getroot()  # noqa: S314 - we wrote it


async def told(subject: Subject, treatment: float, run_id: str) -> None:
    """Records what an experiment of the run needs, as soon as it waits for it."""

    async def waits() -> bool:
        found = await subject.reads.runs([run_id])
        return run_id in found and found[run_id].status is RunStatus.WAITING

    await waiting.until(waits)
    [improvement] = (await subject.reads.improvements_of_runs([run_id]))[run_id]
    await subject.work(60, {subject.node_id: 100.0, improvement.candidate_node_id: treatment})


@pytest.mark.lengthy
async def test_a_run_that_finds_nothing_ends_well(service: Service, subject: Subject) -> None:
    code, output, _ = await loop(service, "run", "--pattern", subject.pattern_id, "--wait", "--fail-on", "regression")
    assert code == 0
    first, message, collect, *_ = output.splitlines()
    assert first.endswith("over greet: completed")
    assert message == "  nothing is proposed for the feedback type all"
    assert collect.startswith("  collect   completed ")
    assert collect.endswith(" of them work")


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_a_regression_fails_the_job_and_is_reported(service: Service, subject: Subject, tmp_path: Path) -> None:
    improvement, run_id, junit = (
        await subject.propose(description="print & faster"),
        new_id(),
        tmp_path / "a" / "run.xml",
    )
    asked = loop(
        service, "run", "--pattern", subject.pattern_id, "--run-id", run_id, "--min-sample-size", "10", "--wait",
        "--fail-on", "regression", "--fail-on", "review", "--json", "--junit", junit,
    )  # fmt: skip
    (code, output, errors), _ = await asyncio.gather(asked, told(subject, 130.0, run_id))
    assert code == 3
    report = json.loads(output)
    [sentence] = report["failures"]
    assert sentence.startswith(
        f"{improvement.improvement_id}: regression (rejected, significant_regression): print & faster. "
        "The candidate is shown to be worse. duration_ms: "
    )
    *progress, last = errors.splitlines()
    assert last.startswith("loopgraph: " + sentence[:60])
    waits = "waits for units: 0 of 10 of the control and 0 of 10 of the treatment"
    assert f"{run_id}: validate, waiting: {waits}" in progress
    assert not any(line.startswith("loopgraph") for line in progress)
    assert (report["runId"], report["status"], report["failures"]) == (run_id, "COMPLETED", [sentence])
    assert report["failOn"] == ["regression", "review"]
    assert [one["status"] for one in report["improvements"]] == ["REJECTED"]
    assert all(stage["workMs"] is not None for stage in report["stages"])
    suite = suite_of(junit)
    took = datetime.fromisoformat(report["completedAt"]) - datetime.fromisoformat(report["createdAt"])
    assert suite.attrib["time"] == suite[0].attrib["time"] == f"{took.total_seconds():.3f}"
    assert {name: suite.attrib[name] for name in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": "loopgraph: greet", "tests": "2", "failures": "1", "errors": "0", "skipped": "0",
    }  # fmt: skip
    [case] = [case for case in suite if case.attrib["name"] == "print & faster"]
    assert [(child.tag, child.attrib["message"]) for child in case] == [("failure", sentence)]


@pytest.mark.lengthy
async def test_a_gain_is_told(service: Service, subject: Subject) -> None:
    await subject.propose(description="print faster")
    run_id = new_id()
    asked = loop(
        service, "run", "--pattern", subject.pattern_id, "--run-id", run_id, "--min-sample-size", "10", "--wait",
        "--fail-on", "regression",
    )  # fmt: skip
    (code, output, _), _ = await asyncio.gather(asked, told(subject, 80.0, run_id))
    assert code == 0
    assert "  gain +" in output
    assert "  applied, significant_improvement: print faster" in output


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_who_does_not_wait_any_longer_is_told_so(service: Service, subject: Subject, tmp_path: Path) -> None:
    await subject.propose()
    run_id, junit = new_id(), tmp_path / "run.xml"
    started = ("run", "--pattern", subject.pattern_id, "--run-id", run_id)
    code, output, _ = await loop(service, *started)
    assert (code, output.splitlines()[0].split()[0]) == (0, run_id)
    await waiting.until(lambda: stands(subject, run_id, RunStatus.WAITING))
    code, output, _ = await loop(service, "show", run_id, "--wait", "--timeout-minutes", "0", "--junit", junit)
    assert code == 5
    assert output.startswith(f"{run_id} over greet: waiting\n  ")
    assert suite_of(junit).attrib["skipped"] == "2"
    code, _, errors = await loop(service, "run", "--pattern", subject.pattern_id)
    assert (code, errors) == (
        1,
        f"loopgraph: --pattern: FeedbackRun '{run_id}': it is still open on the pattern {subject.pattern_id}; "
        "let it end or cancel it\n",
    )
    listed = json.loads((await loop(service, "list", "--pattern", subject.pattern_id, "--json"))[1])
    assert [one["runId"] for one in listed] == [run_id]
    code, output, _ = await loop(service, "list", "--status", "waiting", "--limit", "500")
    [line] = [line for line in output.splitlines() if line.startswith(run_id)]
    assert line.split()[1:] == ["waiting", "validate", subject.pattern_id, "greet"]
    shown = json.loads((await loop(service, "show", run_id, "--json"))[1])
    assert (shown["runId"], shown["failures"]) == (run_id, [])
    code, output, _ = await loop(service, "cancel", run_id, "--json")
    assert (code, json.loads(output)) == (0, {"runId": run_id, "status": "CANCELLED"})
    code, output, _ = await loop(service, "show", run_id, "--wait", "--junit", junit)
    assert (code, output.splitlines()[0]) == (4, f"{run_id} over greet: cancelled")
    assert suite_of(junit).attrib["errors"] == "1"


async def stands(subject: Subject, run_id: str, status: RunStatus) -> bool:
    return (await subject.reads.run(run_id)).status is status


def test_a_report_can_be_read_whatever_texts_hold() -> None:
    """Terminals' escapes and halves of surrogates have no place in XML."""
    hostile = "red \x1b[31m, \x00, half \ud800 <&>"
    improvement = {
        "improvementId": "i",
        "description": hostile,
        "status": "REJECTED",
        "reason": None,
        "explanation": hostile,
    }
    run = {
        "runId": hostile, "patternId": hostile, "pattern": {"name": hostile}, "status": "FAILED", "message": hostile,
        "createdAt": "2026-01-01T00:00:00Z", "completedAt": None, "stages": [],
        "improvements": {"edges": [{"node": improvement}]},
    }  # fmt: skip
    suite = ElementTree.fromstring(junit_of(run, [FailOn.REJECTED]))  # noqa: S314 - we wrote it
    plain = "red \ufffd[31m, \ufffd, half \ufffd <&>"
    assert suite.attrib["name"] == f"loopgraph: {plain}"
    assert [case.attrib["name"] for case in suite] == [f"run {plain}", plain]
    assert {child.tag: child.attrib["message"] for case in suite for child in case} == {
        "error": f"failed: {plain}",
        "failure": f"i: rejected (rejected): {plain}. {plain}",
    }


@pytest.mark.lengthy
async def test_what_is_not_there_is_told_plainly(service: Service, tmp_path: Path) -> None:
    assert await loop(service, "show", "nothing-here") == (
        1,
        "",
        f"loopgraph: there is no run 'nothing-here' at {service.url}\n",
    )
    code, _, errors = await loop(service, "run", "--pattern", "nothing-here")
    assert (code, errors) == (1, "loopgraph: --pattern: no Pattern has the id 'nothing-here'\n")
    code, _, errors = await loop(service, "cancel", "nothing-here")
    assert (code, errors) == (1, "loopgraph: RUN: no FeedbackRun has the id 'nothing-here'\n")
    code, _, errors = await command("loop", "list", LOOPGRAPH_URL="http://127.0.0.1:1")
    assert code == 1
    assert errors.startswith("loopgraph: the service at http://127.0.0.1:1 does not answer")
