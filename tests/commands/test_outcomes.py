"""``loopgraph outcomes`` against a running service, and a real repository."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from conftest import settings_for
from loopgraph.contracts.base import Page
from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.effects.clock import new_id
from support.command import command
from support.engines import EngineUnderTest
from support.repositories import A, Repo
from support.service import Service, serving
from support.traces import NOON


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine)) as running:
        yield running


async def outcomes_of(service: Service, trace: str) -> dict[str, tuple[float, str]]:
    """The outcomes of a trace that count: value and source, by name."""
    page = (await service.parts.outcomes_reported.of_traces([trace], Page(first=100)))[trace]
    return {one.outcome.name: (one.outcome.value, one.outcome.source) for one in page.items if one.counts}


async def started(service: Service) -> str:
    trace = new_id()
    await service.parts.recorder.record([TraceStarted(correlation_id=trace, timestamp=NOON)])
    return trace


@pytest.mark.lengthy
async def test_an_outcome_is_reported(service: Service) -> None:
    trace, id_ = await started(service), new_id()
    told = ("outcomes", "report", "tests", "passed", "--source", "ci", "--trace", trace, "--url", service.url)
    code, output, _ = await command(*told, "--id", id_, "--evidence", "build 7")
    assert (code, output) == (0, f"reported: tests passed, by ci: {id_}\n")
    code, output, _ = await command(*told, "--id", id_, "--evidence", "build 7")
    assert (code, output) == (0, f"reported again: tests passed, by ci: {id_}\n")
    code, output, _ = await command(
        "outcomes",
        "report",
        "tests",
        "0.5",
        "--source",
        "ci",
        "--trace",
        trace,
        "--url",
        service.url,
        "--at",
        "2001-01-01T00:00:00Z",
    )
    assert (code, output.endswith("; a later one counts in its place\n")) == (0, True), output
    assert await outcomes_of(service, trace) == {"tests": (1.0, "ci")}


@pytest.mark.lengthy
async def test_what_cannot_be_reported_is_told(service: Service) -> None:
    trace = await started(service)
    for arguments, sentence in (
        (["maybe", "--trace", trace], "must be true or false (passed, failed; yes, no) or a finite number"),
        (["nan", "--trace", trace], "finite"),
        (["true"], "exactly one of"),
        (["true", "--trace", "nothing-here"], "nothing-here"),
    ):
        code, output, told = await command(
            "outcomes", "report", "tests", *arguments, "--source", "ci", "--url", service.url
        )
        assert (code, output) == (2, ""), arguments
        assert sentence in " ".join(told.split()), told
    assert await outcomes_of(service, trace) == {}


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_became_of_commits_is_told_and_corrected(service: Service, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo")
    repo.commit("begin", readme="hello")
    repo.write("a", A)
    repo.git("add", "--all")
    printed = repo.git("commit", "-m", "add a")
    trace, agent = new_id(), new_id()
    project = str(repo.folder.resolve())
    commit = HookExecuted(
        correlation_id=agent,
        execution_id=f"{agent}-commit",
        hook_type="ToolUse",
        tool_name="Bash",
        tool_input={"command": "git add --all && git commit -m 'add a'"},
        tool_response={"stdout": printed, "stderr": ""},
        started_at=NOON,
        completed_at=NOON + timedelta(seconds=1),
        success=True,
    )
    await service.parts.recorder.record(
        [
            TraceStarted(correlation_id=trace, project=project, timestamp=NOON),
            TraceStarted(correlation_id=agent, parent_id=trace, root_id=trace, project=project, timestamp=NOON),
            commit,
        ]
    )

    async def run(*more: str) -> str:
        code, output, told = await command(
            "outcomes", "git", repo.folder, "--days", "3650", "--url", service.url, *more
        )
        assert code == 0, told
        return output

    output = await run("--dry-run")
    assert "1 step ran git commit, 1 commit of 1 trace are known" in output
    assert "would report 5 outcomes" in output
    assert await outcomes_of(service, agent) == {}
    assert "reported 5 outcomes" in await run()
    first = await outcomes_of(service, agent)
    assert {name: value for name, (value, _) in first.items()} == {
        "merged": 1.0, "survived": 1.0, "reverted": 0.0, "lost": 0.0, "fixed_up": 0.0,
    }  # fmt: skip
    assert "reported 0 outcomes" in await run()
    repo.git("revert", "--no-edit", "HEAD")
    assert "reported 5 outcomes" in await run()
    second = await outcomes_of(service, agent)
    assert [second[name][0] for name in ("merged", "survived", "reverted")] == [1.0, 0.0, 1.0]
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    await run()
    assert await outcomes_of(service, agent) == first, "told again, as it was before"
    assert "reported 0 outcomes" in await run()
    page = (await service.parts.outcomes_reported.of_traces([agent], Page(first=1)))[agent]
    assert page.items[0].outcome.rule == "exact: hash in output"
    assert f"{agent}-commit" in (page.items[0].outcome.evidence or "")
