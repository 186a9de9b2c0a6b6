"""The demo as a user runs it: the command in a process of its own, and the graph that it leaves, asked from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from scipy import stats

from conftest import settings_for
from loopgraph.demo.workloads import WORKLOADS
from support.engines import EngineUnderTest
from support.engines.plan import EMBEDDED
from support.quick import first_quick
from support.waiting import PATIENCE_S, comes_true

pytestmark = pytest.mark.slow

Json = dict[str, Any]

RUNS_PER_ARM = 12
"""So few that noise may hide that some way is better, but hardly of all three, which are several times as fast."""

EVIDENCE = """
query Evidence($decisionId: ID!) {
  decision(decisionId: $decisionId) {
    improvement { candidate { nodeId status templateCode performanceBaseline { p50Ms } incomingEdges { relationshipType } } }
    experiment {
      minSampleSize
      control { nodeId }
      treatment { nodeId templateCode }
      executions(first: 500) { edges { decisionId node { correlationId arm success durationMs version { nodeId } } } }
    }
  }
}
"""
WATCHED = """
query Watched($watchId: ID!) {
  watch(watchId: $watchId) { executions(first: 500) { edges { evidence node { durationMs unit } } } }
}
"""
TRACE = """
query Trace($correlationId: ID!) {
  trace(correlationId: $correlationId) {
    sessionId
    status
    durationMs
    promptText
    routingDecision { selectedAgent patternId routingDurationMs }
    hookExecutions { executionId toolName durationMs startedAt completedAt experimentId }
  }
}
"""
ASSIGNED_NOW = (
    'query Now($id: ID!) { assignVariant(patternId: $id, unit: "next") { version experimentId templateCode } }'
)


def environment(**more: str) -> dict[str, str]:
    """Ours, without the settings that choose a graph."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOOPGRAPH_GRAPH")} | more


@contextlib.contextmanager
def demo(*options: str, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "loopgraph", "demo", "--runs-per-arm", str(RUNS_PER_ARM), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        try:
            yield process
        finally:
            process.terminate()  # it ends as on Ctrl-C, and its service with it
            process.communicate()


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(child) for child in found.split()]


def listens(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) == 0


class Kept:
    """A demo that keeps serving: its document, and GraphQL at its service."""

    def __init__(self, document: Json, opened: Path) -> None:
        self.document, self.opened = document, opened
        self.url: str = document["service"]["url"]

    def query(self, document: str, **variables: Any) -> Json:
        body = {"query": document, "variables": variables}
        answer = httpx.post(f"{self.url}/graphql", json=body, timeout=PATIENCE_S, trust_env=False).json()
        assert "errors" not in answer, answer["errors"]
        data: Json = answer["data"]
        return data


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One demo on an embedded engine of its own; it must have ended well when Ctrl-C has ended it, and leave nothing."""
    folder, opened = tmp_path_factory.mktemp("demo"), tmp_path_factory.mktemp("browser") / "opened"
    browser = opened.with_name("browser")
    browser.write_text(f'#!/bin/sh\necho "$1" >> {opened}\n')
    browser.chmod(0o755)
    with demo("--keep", "--open", "--json", env=environment(TMPDIR=str(folder), BROWSER=f"{browser} %s")) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        kept = Kept(json.loads(line), opened)
        yield kept
        assert list(folder.glob("loopgraph-demo-*/graph/engine.lock"))
        (service,) = children(process.pid)
        process.send_signal(signal.SIGINT)
        progress = process.stderr.read()
        assert process.wait(PATIENCE_S) == 0, progress
        assert "$ loopgraph import claude-code sessions\n10 files read" in progress
        assert progress.index("never used in this time: release-notes") < progress.index("6 patterns created")
        assert "Decisions" in progress
        assert "✓ 12 more of the changed tasks, with v3, which is in use then" in progress
        assert "on the changed tasks: v2 " in progress
    assert not listens(kept.url)
    assert not Path(f"/proc/{service}").exists()
    assert not list(folder.iterdir())


@pytest.mark.exhaustive
def test_the_first_look_tells_which_version_of_a_skill_did_better(kept: Kept) -> None:
    report, by_skill = (kept.document["firstLook"][name] for name in ("report", "bySkill"))
    activity = report["total"]["activity"]
    assert {name: activity[name] for name in ("sessions", "prompts", "succeeded", "failed")} == {
        "sessions": 8, "prompts": 8, "succeeded": 7, "failed": 1
    }  # fmt: skip
    assert [row["key"] for row in report["rows"]] == ["2026-11-28", "2026-11-29"]
    assert report["total"]["usage"]["cost_usd"] > 0
    told = [
        (use["name"], use["version"], use["uses"], use["exact"], use["succeeded"], use["failed"])
        for use in by_skill["versions"]
    ]
    assert told == [("triage", 2, 3, 3, 3, 0), ("triage", 1, 3, 3, 2, 1)]
    later, former = by_skill["versions"]
    assert later["cost_usd"] < former["cost_usd"]
    assert later["avg_duration_ms"] < former["avg_duration_ms"]
    assert [one["name"] for one in by_skill["never_used"]] == ["release-notes"]


def test_a_browser_is_shown_the_console(kept: Kept) -> None:
    assert comes_true(kept.opened.exists)
    assert kept.opened.read_text() == f"{kept.url}/\n"
    page = httpx.get(f"{kept.url}/", timeout=PATIENCE_S, trust_env=False)
    assert "<title>Loopgraph</title>" in page.text


def test_what_does_not_stay_cannot_be_opened() -> None:
    with demo("--open", env=environment()) as process:
        shown, said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, shown) == (2, "")
    assert "needs --keep" in said


def test_one_way_is_applied_and_one_rejected(kept: Kept) -> None:
    document = kept.document
    patterns = {pattern["workload"]: pattern for pattern in document["patterns"]}
    assert list(patterns) == [workload.name for workload in WORKLOADS]
    assert document["applied"]
    assert "find-ids" in document["rejected"]
    for workload, pattern in patterns.items():
        status = pattern["improvement"]["status"]
        assert (workload in document["applied"]) == (status == "APPLIED")
        assert pattern["currentVersion"]["version"] == {"APPLIED": 2, "REJECTED": 1, "ROLLED_BACK": 3}[status]
        later = {"APPLIED": ["ACTIVE"], "REJECTED": ["REJECTED"], "ROLLED_BACK": ["DEPRECATED", "ACTIVE"]}[status]
        assert [version["status"] for version in pattern["versions"]] == ["ACTIVE", *later]


def test_what_was_applied_and_got_worse_is_rolled_back(kept: Kept) -> None:
    [workload] = [workload for workload in WORKLOADS if workload.later_input]
    assert kept.document["rolledBack"] == [workload.name]
    [pattern] = [pattern for pattern in kept.document["patterns"] if pattern["workload"] == workload.name]
    watch, restored = pattern["watch"], pattern["versions"][2]
    assert (watch["status"], watch["breached"]) == ("ROLLED_BACK", ["DURATION_MS"])
    executions = kept.query(WATCHED, watchId=watch["watchId"])["watch"]["executions"]["edges"]
    evidence = [edge["node"] for edge in executions if edge["evidence"]]
    assert len(evidence) == watch["executionCount"] >= 10
    guard = watch["metricGuard"]
    assert guard["mean"] == pytest.approx(sum(run["durationMs"] for run in evidence) / len(evidence))
    assert guard["proofMean"] == pytest.approx(pattern["decision"]["result"]["treatment"]["mean"])
    assert guard["lossInterval"]["low"] > guard["margin"]
    assert (restored["evolutionType"], restored["nodeId"]) == ("REPLACEMENT", pattern["currentVersion"]["nodeId"])
    into = {edge["relationshipType"] for edge in pattern["edges"] if edge["targetNodeId"] == restored["nodeId"]}
    assert into == {"DERIVED_FROM", "DEPRECATED_BY"}
    assert restored["usageCount"] > 0


def test_every_decision_rests_on_the_recorded_runs_of_both_ways(kept: Kept) -> None:
    for workload, pattern in zip(WORKLOADS, kept.document["patterns"], strict=True):
        decision = kept.query(EVIDENCE, decisionId=pattern["decision"]["decisionId"])["decision"]
        experiment = decision["experiment"]
        edges = [edge for edge in experiment["executions"]["edges"] if edge["decisionId"]]
        assert {edge["decisionId"] for edge in edges} == {pattern["decision"]["decisionId"]}
        arms = {
            arm: [edge["node"] for edge in edges if edge["node"]["arm"] == arm.upper()]
            for arm in ("control", "treatment")
        }
        for arm, runs in arms.items():
            assert {run["version"]["nodeId"] for run in runs} == {experiment[arm]["nodeId"]}
            assert all(run["success"] for run in runs)
            assert len(runs) >= RUNS_PER_ARM
        assert experiment["treatment"]["templateCode"] == workload.candidate.source
        control, treatment = ([run["durationMs"] for run in arms[arm]] for arm in ("control", "treatment"))
        welch = stats.ttest_ind(treatment, control, equal_var=False)
        result = pattern["decision"]["result"]
        assert result["effect"] == pytest.approx(sum(treatment) / len(treatment) - sum(control) / len(control))
        assert result["pValue"] == pytest.approx(welch.pvalue, rel=1e-6)
        applied = welch.pvalue < 0.05 and result["effect"] < 0
        assert pattern["decision"]["verdict"] == ("APPLY" if applied else "REJECT")

        candidate = decision["improvement"]["candidate"]
        types = {edge["relationshipType"] for edge in candidate["incomingEdges"]}
        assert ("IMPROVED_VERSION" in types) == applied
        assert (candidate["performanceBaseline"] is not None) == applied


def test_every_task_is_a_trace_with_its_routing_and_its_measured_run(kept: Kept) -> None:
    for pattern in kept.document["patterns"]:
        assert sum(version["usageCount"] for version in pattern["versions"]) == pattern["tasks"]
        unit = f"{pattern['patternId']}-{pattern['tasks']:04}"
        trace = kept.query(TRACE, correlationId=unit)["trace"]
        assert trace["status"] == "SUCCESS"
        assert trace["sessionId"] == unit
        assert pattern["patternId"] == f"{kept.document['demoId']}-{pattern['workload']}"
        assert trace["promptText"].startswith(pattern["title"])
        routing = trace["routingDecision"]
        assert (routing["selectedAgent"], routing["patternId"]) == (pattern["workload"], pattern["patternId"])
        assert routing["routingDurationMs"] > 0
        (hook,) = trace["hookExecutions"]
        assert (hook["executionId"], hook["toolName"]) == (f"{unit}-run", pattern["workload"])
        assert hook["durationMs"] > 0
        # Its turn was long after its version was asked for, and nothing was done for it meanwhile.
        assert trace["durationMs"] == pytest.approx(routing["routingDurationMs"] + hook["durationMs"], abs=0.01)
        assert hook["startedAt"] < hook["completedAt"]
        rolled_back = pattern["workload"] in kept.document["rolledBack"]  # the last task came after all that
        assert hook["experimentId"] == (None if rolled_back else pattern["decision"]["experimentId"])


def test_the_next_task_gets_what_won(kept: Kept) -> None:
    for workload, pattern in zip(WORKLOADS, kept.document["patterns"], strict=True):
        now = kept.query(ASSIGNED_NOW, id=pattern["patternId"])["assignVariant"]
        won = workload.candidate if workload.name in kept.document["applied"] else workload.baseline
        assert (now["templateCode"], now["experimentId"]) == (won.source, None)


def test_the_timings_add_up(kept: Kept) -> None:
    timings = kept.document["timingsSeconds"]
    steps = sum(seconds for step, seconds in timings.items() if step != "total")
    assert 0 < steps <= timings["total"] < steps + 10


@pytest.mark.exhaustive
def test_it_runs_on_any_engine_by_url(engine: EngineUnderTest) -> None:
    if engine.name == EMBEDDED:
        pytest.skip("embedded: the other tests of this module run on it")
    settings = settings_for(engine)
    login = {"USER": engine.user, "PASSWORD": engine.password, "DATABASE": settings.graph_database or ""}
    env = environment(**{f"LOOPGRAPH_GRAPH_{name}": value for name, value in login.items() if value})
    with demo("--graph-url", engine.url, env=env) as process:
        shown, problems = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, problems
    assert engine.agent in shown
    assert "applied, faster" in shown
    assert "rejected, slower" in shown
    assert "Rolled back: read-arguments v2" in shown
    assert len([line for line in shown.splitlines() if not line.startswith("  … ")]) <= 52


def test_a_demo_that_is_ended_politely_cleans_up(tmp_path: Path) -> None:
    with demo(env=environment(TMPDIR=str(tmp_path))) as process:
        assert comes_true(lambda: bool(children(process.pid)))
        (service,) = children(process.pid)
        process.terminate()
        _, problems = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, problems) == (1, "loopgraph: the demo was ended by SIGTERM\n")
    assert not Path(f"/proc/{service}").exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.exhaustive
def test_a_killed_demo_leaves_no_service(embedded_engine: EngineUnderTest, tmp_path: Path) -> None:
    code = """
        import asyncio, sys
        from loopgraph.demo.service import running_service
        async def main():
            async with running_service(sys.argv[1]) as service:
                print(service.url, flush=True)
                await asyncio.Event().wait()
        asyncio.run(main())
    """
    login = {"LOOPGRAPH_GRAPH_USER": embedded_engine.user, "LOOPGRAPH_GRAPH_PASSWORD": embedded_engine.password}
    if embedded_engine.database:
        login["LOOPGRAPH_GRAPH_DATABASE"] = embedded_engine.database
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), embedded_engine.url],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(TMPDIR=str(tmp_path), **login),
    ) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        assert listens(url)
        owner.kill()
    assert comes_true(lambda: not listens(url))


@pytest.mark.parametrize(
    ("url", "code", "problems"),
    first_quick(
        [
            ("postgres://localhost", 2, ["is not a graph URL"]),
            ("bolt://127.0.0.1:1", 1, ["loopgraph: the service ended with exit code", "127.0.0.1:1"]),
        ]
    ),
)
def test_a_graph_that_is_not_there_is_said_plainly(url: str, code: int, problems: list[str]) -> None:
    with demo("--graph-url", url, env=environment()) as process:
        shown, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code
    assert all(problem in said for problem in problems)
    assert "✓" not in shown
