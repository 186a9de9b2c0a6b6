"""``loopgraph report``, as a user runs it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import settings_for
from loopgraph.commands.app import app
from loopgraph.computes.agents.uses import skill_used
from loopgraph.computes.definitions.choice import choose
from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.schema import schema
from support.engines import EngineUnderTest
from support.traces import Traces, record
from support.uses import define


@pytest.fixture(scope="module")
async def project(embedded_engine: EngineUnderTest) -> str:
    """A folder in which a session did two prompts: one well, with a subagent; one not, with a model that has no price."""
    folder, session = f"/home/dev/{new_id()}", new_id()
    async with Graph.open(settings_for(embedded_engine)) as graph:
        await schema.prepare(graph)
        traces, at = Traces(graph), now() - timedelta(hours=1)
        await record(
            traces, Observation(event=SessionSeen(session_id=session, cwd=folder, timestamp=at), source="test")
        )
        for model, success, cost in (("claude-opus-5-5", True, 4.0), ("ours-[9]", False, None)):
            prompt = new_id()
            await record(
                traces,
                TraceStarted(correlation_id=prompt, session_id=session, timestamp=at),
                EndpointCalled(
                    correlation_id=prompt, call_id=new_id(), service_name="anthropic", endpoint_path="/v1/messages", success=True,
                    model=model, input_tokens=1_000_000, output_tokens=10, cost_usd=cost, started_at=at,
                ),
                TraceCompleted(correlation_id=prompt, success=success, timestamp=at + timedelta(seconds=9)),
            )  # fmt: skip
        await record(
            traces,
            TraceStarted(
                correlation_id=(subagent := new_id()), session_id=session, source="subagent", agent_id=new_id(),
                agent_type="reviewer", timestamp=at,
            ),
            TraceCompleted(correlation_id=subagent, success=True, timestamp=at + timedelta(seconds=3)),
        )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
async def at_work(embedded_engine: EngineUnderTest) -> str:
    """A folder in which a prompt is at work and another was denied, with a use of a skill and two steps: of one only a call is
    known."""
    folder, session, text = f"/home/dev/{new_id()}", new_id(), f"# {new_id()}"
    async with Graph.open(settings_for(embedded_engine)) as graph:
        await schema.prepare(graph)
        await define(graph, DefinitionKind.SKILL, f"skill-{folder[-6:]}", text, folder=folder)
        traces, at, going, denied = Traces(graph, choosing=choose), now() - timedelta(hours=1), new_id(), new_id()
        used = skill_used(
            session, f"toolu_{new_id()}", going, f"skill-{folder[-6:]}", cwd=folder, timestamp=at,
            digests=(body_digest(text),),
        )  # fmt: skip
        step = HookExecuted(
            correlation_id=going, execution_id=new_id(), hook_type="Bash", status=TraceStatus.ERROR, timestamp=at
        )
        calls = [
            EndpointCalled(
                correlation_id=going, call_id=new_id(), service_name="anthropic", endpoint_path="/v1/messages", success=True,
                model="m", cost_usd=cost, started_at=at, hook_execution_id=of_step,
            )
            for cost, of_step in ((0.1, None), (0.2, new_id()))
        ]  # fmt: skip
        await record(
            traces,
            Observation(event=SessionSeen(session_id=session, cwd=folder, timestamp=at), source="test"),
            TraceStarted(correlation_id=going, session_id=session, timestamp=at),
            TraceStarted(correlation_id=denied, session_id=session, timestamp=at),
            TraceCompleted(correlation_id=denied, status=TraceStatus.DENIED, timestamp=at),
            Observation(event=used, source="test"),
            step,
            *calls,
        )
    return folder


@pytest.fixture(scope="module")
async def idle(embedded_engine: EngineUnderTest) -> str:
    """The name of a skill that nothing uses."""
    async with Graph.open(settings_for(embedded_engine)) as graph:
        await schema.prepare(graph)
        name = f"idle-{new_id()}"
        await define(graph, DefinitionKind.SKILL, name, f"# Idle {name}", folder=f"/home/dev/{name}")
    return name


def told(engine: EngineUnderTest, *arguments: str) -> tuple[int, str, str]:
    environment = {
        "LOOPGRAPH_GRAPH_URL": engine.url, "LOOPGRAPH_GRAPH_USER": engine.user, "LOOPGRAPH_GRAPH_PASSWORD": engine.password,
        "LOOPGRAPH_GRAPH_DATABASE": str(engine.database), "COLUMNS": "200",
    }  # fmt: skip
    result = CliRunner(env=environment).invoke(app, ["report", *arguments])
    return result.exit_code, result.stdout, result.stderr


def cells(line: str) -> Sequence[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


@pytest.mark.lengthy
def test_a_table_by_model(embedded_engine: EngineUnderTest, project: str) -> None:
    code, output, complaints = told(embedded_engine, "--project", project, "--by", "model")
    assert code == 0, complaints
    head, names, *rows = output.splitlines()
    assert head.endswith("1 session · 2 prompts · 2 calls of models · $4.00 (API-equivalent)")
    assert cells(names) == ["model", "calls", "input", "cached", "output", "cost"]
    assert [cells(row) for row in rows] == [
        ["claude-opus-5-5", "1", "1.0 M", "0", "10", "$4.00"],
        ["ours-[9]", "1", "1.0 M", "0", "10", "–"],
        ["total", "2", "2.0 M", "0", "20", "$4.00"],
    ]
    assert complaints == "1 call without a price, of ours-[9]: not in the costs above\n"


@pytest.mark.lengthy
def test_a_table_by_day_has_ends(embedded_engine: EngineUnderTest, project: str) -> None:
    code, output, _ = told(embedded_engine, "--project", project)
    assert code == 0
    _, names, row, total = output.splitlines()
    assert cells(names)[:6] == ["day", "sessions", "prompts", "ok", "failed", "stopped"]
    assert cells(row)[1:6] == cells(total)[1:6] == ["1", "2", "1", "1", "0"]


@pytest.mark.lengthy
def test_json_and_csv_say_the_same(embedded_engine: EngineUnderTest, project: str) -> None:
    report = json.loads(told(embedded_engine, "--project", project, "--by", "project", "--json")[1])
    assert (report["by"], report["cut"], len(report["rows"])) == ("project", False, 1)
    row, total = csv.DictReader(io.StringIO(told(embedded_engine, "--project", project, "--by", "project", "--csv")[1]))
    assert (row["kind"], total["kind"]) == ("row", "total")
    assert row["project"] == project == report["rows"][0]["key"]
    assert total["project"] == ""
    assert {name: total[name] for name in ("sessions", "prompts", "calls", "cost_usd")} == {
        "sessions": "1", "prompts": "2", "calls": "2", "cost_usd": "4.0"
    }  # fmt: skip
    assert float(row["cost_usd"]) == report["rows"][0]["usage"]["cost_usd"] == report["total"]["usage"]["cost_usd"]
    assert int(row["prompts"]) == report["rows"][0]["activity"]["prompts"] == 2
    assert row["unpriced_models"] == "ours-[9]"


@pytest.fixture(scope="module")
async def named(embedded_engine: EngineUnderTest) -> str:
    """The name of the project of an application's trace."""
    name = f"shop {new_id()}"
    async with Graph.open(settings_for(embedded_engine)) as graph:
        await schema.prepare(graph)
        await record(Traces(graph), TraceStarted(correlation_id=new_id(), project=name, timestamp=now()))
    return name


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_an_application_is_told_by_the_name_of_its_project(
    embedded_engine: EngineUnderTest, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, output, _ = told(embedded_engine, "--project", named, "--by", "project", "--json")
    assert (code, [row["key"] for row in json.loads(output)["rows"]]) == (0, [named])
    for folder in (f"./{named}", f"../{tmp_path.name}/{named}"):
        report = json.loads(told(embedded_engine, "--project", folder, "--json")[1])
        assert (report["project"], report["rows"]) == (str(tmp_path / named), [])
    (tmp_path / named).mkdir()  # what is a folder here is meant as one
    assert json.loads(told(embedded_engine, "--project", named, "--json")[1])["project"] == str(tmp_path / named)


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_prompts_at_work_and_denied_ones_have_columns_where_there_are_any(
    embedded_engine: EngineUnderTest, at_work: str
) -> None:
    """Steps are those of the work: the use of a pattern is none. Figures have the digits that mean something."""
    _, names, row, total = told(embedded_engine, "--project", at_work)[1].splitlines()
    assert cells(names)[:9] == [
        "day", "sessions", "prompts", "ok", "failed", "denied", "stopped", "at work", "steps"
    ]  # fmt: skip
    assert cells(row)[1:10] == cells(total)[1:10] == ["1", "2", "0", "0", "1", "0", "1", "2", "1"]
    _, names, row = told(embedded_engine, "--project", at_work, "--by", "skill")[1].splitlines()[:3]
    assert "at work" in cells(names)
    assert dict(zip(cells(names), cells(row), strict=True))["at work"] == "1"
    output = told(embedded_engine, "--project", at_work, "--csv")[1]
    assert [(row["cost_usd"], row["in_progress"], row["steps"]) for row in csv.DictReader(io.StringIO(output))] == [
        ("0.3", "1", "2"),
        ("0.3", "1", "2"),
    ]
    report = json.loads(told(embedded_engine, "--project", at_work, "--json")[1])
    assert (report["total"]["usage"]["cost_usd"], report["total"]["activity"]["in_progress"]) == (0.3, 1)


@pytest.mark.lengthy
def test_the_main_agent_has_a_row_beside_those_with_a_name(embedded_engine: EngineUnderTest, project: str) -> None:
    code, output, _ = told(embedded_engine, "--project", project, "--by", "agent")
    assert code == 0
    _, _, *rows = output.splitlines()
    assert [cells(row)[:5] for row in rows] == [
        ["(main)", "1", "2", "1", "1"],
        ["reviewer", "1", "0", "1", "0"],
        ["total", "1", "2", "1", "1"],
    ]


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_days_and_instants_bound_the_time(embedded_engine: EngineUnderTest, project: str) -> None:
    def sessions(*arguments: str) -> list[str]:
        output = told(embedded_engine, "--project", project, "--csv", *arguments)[1]
        return [row["sessions"] for row in csv.DictReader(io.StringIO(output)) if row["kind"] == "row"]

    at = now()
    day, ago = f"{at - timedelta(hours=1):%Y-%m-%d}", at - timedelta(minutes=59)
    assert sessions("--since", day, "--until", day) == ["1"]
    assert sessions("--since", "2026-01-01T00:00:00Z", "--until", ago.isoformat()) == ["1"]
    assert sessions("--since", ago.isoformat()) == sessions("--since", "all", "--until", "2h") == []
    _, output, _ = told(embedded_engine, "--project", project, "--since", day, "--until", day)
    assert output.startswith(f"{day} to {day} · ")


@pytest.mark.exhaustive
@pytest.mark.lengthy
def test_csv_has_what_was_never_used(embedded_engine: EngineUnderTest, idle: str) -> None:
    output = told(embedded_engine, "--by", "skill", "--csv", "--first", "10000")[1]
    rows = list(csv.DictReader(io.StringIO(output)))
    [unused] = [row for row in rows if row["name"] == idle]
    assert (unused["kind"], unused["pattern_type"], unused["uses"], unused["version"]) == (
        "never_used", "skill", "0", ""
    )  # fmt: skip
    assert [row["kind"] for row in rows].count("total") == 1


@pytest.mark.lengthy
def test_nothing_in_a_time_is_said(embedded_engine: EngineUnderTest) -> None:
    code, output, _ = told(embedded_engine, "--project", (folder := f"/nowhere/{new_id()}") + "/", "--since", "1m")
    assert (code, output.splitlines()[1:]) == (
        0,
        [
            f"nothing was recorded of {folder} in this time",
            "`--since all` looks further back; `loopgraph import claude-code` (or codex, gemini, opencode) reads what agents did "
            "on this machine",
        ],
    )


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--since", "yesterday"), "--since"),
        (("--until", "2026-02-30"), "--until"),
        (("--since", "2026-11-02", "--until", "2026-11-01"), "--since"),
        (("--since", "2999-01-01"), "--since"),
        (("--json", "--csv"), "--csv"),
        (("--by", "phase"), "--by"),
    ],
)
def test_what_is_wrong_is_named(embedded_engine: EngineUnderTest, arguments: Sequence[str], named: str) -> None:
    code, _, complaints = told(embedded_engine, *arguments)
    assert code in (1, 2)
    assert named in complaints
    assert "Traceback" not in complaints
