"""For which project a trace was, whoever says so: figures, costs and filters are told apart by it."""

from __future__ import annotations

import random

import pytest

from loopgraph.clients import Recorder, SyncRecorder
from loopgraph.contracts.traces.events import EndpointCalled, TraceStarted
from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.effects.clock import new_id, now
from support.otlp import attributes, logs, span, traces
from support.service import Json, Service, nodes
from support.traces import at


def telling(**project: str) -> Observation:
    """What says where a session works, and what for."""
    told = SessionSeen(session_id=project.pop("session_id"), timestamp=at(0), **project)
    return Observation(event=told, source="hook.SessionStart")


async def executions(service: Service, project: str) -> int:
    subject = {"kind": "PROJECT", "name": project}
    window = {"since": "2026-02-01T00:00:00Z", "until": "2027-02-01T00:00:00Z"}
    found = await service.execute("analytics_subject", subject=subject, window=window)
    return int(found["usage"]["executions"])


async def listed(service: Service, project: str) -> set[str]:
    return {
        trace["correlationId"] for trace in nodes(await service.execute("traces_page", filter={"project": project}))
    }


def a_span(trace: str, *values: Json) -> Json:
    """A root span of that trace."""
    return {
        **span(random.getrandbits(60)),
        "traceId": trace,
        "attributes": attributes({k: v for each in values for k, v in each.items()}),
    }


@pytest.mark.slow
async def test_an_application_names_its_project(service: Service) -> None:
    shop, till = f"shop {new_id()}", f"till {new_id()}"
    started, routed = new_id(), new_id()
    body = {"correlation_id": started, "project": shop, "timestamp": at(0).isoformat()}
    assert (await service.http.post("/api/traces/start", json=body)).status_code == 200
    input_ = {"correlationId": routed, "project": shop, "timestamp": at(0).isoformat()}
    await service.execute("traces_start", input=input_)
    async with Recorder(service.url, project=shop) as recorder:
        with recorder.trace(timestamp=at(1)) as own, recorder.trace(project=till) as other:
            pass
    with SyncRecorder(service.url, project=till) as sync, sync.trace() as last:
        pass
    mine = {started, routed, own.correlation_id}
    assert (await listed(service, shop), await executions(service, shop)) == (mine, 3)
    assert await listed(service, till) == {other.correlation_id, last.correlation_id}
    trace = (await service.query("query($id: ID!) { trace(correlationId: $id) { project } }", id=started))["trace"]
    assert trace == {"project": shop}


@pytest.mark.lengthy
@pytest.mark.parametrize("name", ["loopgraph.project", "openinference.project.name"])
async def test_opentelemetry_names_it_in_a_resource_or_a_span(service: Service, name: str) -> None:
    shop, till = f"shop {new_id()}", f"till {new_id()}"
    by_resource, by_span = (f"{random.getrandbits(127):032x}" for _ in range(2))
    for body in (
        traces(a_span(by_resource), **{name: shop}),
        traces(a_span(by_span, {name: till}), **{name: shop}),
    ):
        assert (await service.http.post("/v1/traces", json=body)).status_code == 200
    assert await listed(service, shop) == {by_resource}
    assert await listed(service, till) == {by_span}
    assert (await executions(service, shop), await executions(service, till)) == (1, 1)


@pytest.mark.lengthy
async def test_without_a_name_the_folder_counts_and_a_name_that_comes_late_moves_the_trace(service: Service) -> None:
    session, other, folder, shop, till = (new_id() for _ in range(5))
    record = service.parts.recorder.record
    plain, named, elsewhere = (new_id() for _ in range(3))
    call = EndpointCalled(
        correlation_id=plain, call_id=new_id(), service_name="llm", endpoint_path="/", model="m", input_tokens=5, cost_usd=0.5,
        timestamp=at(1), success=True,
    )  # fmt: skip
    await record(
        [
            telling(session_id=session, cwd=folder),
            TraceStarted(correlation_id=plain, session_id=session, timestamp=at(0)),
            TraceStarted(correlation_id=named, session_id=session, timestamp=at(0), project=till),
            TraceStarted(correlation_id=elsewhere, session_id=other, timestamp=at(0)),
            call,
        ]
    )
    assert (await listed(service, folder), await executions(service, folder)) == ({plain}, 1)
    assert (await listed(service, till), await executions(service, till)) == ({named}, 1)
    usage = await service.execute("analytics_model_usage", by=["PROJECT"], project=folder)
    assert [(row["project"], row["costUsd"]) for row in usage] == [(folder, 0.5)]
    await record([telling(session_id=session, project=shop), telling(session_id=other, project=shop)])
    assert (await listed(service, folder), await executions(service, folder)) == (set(), 0)
    assert (await listed(service, shop), await executions(service, shop)) == ({plain, elsewhere}, 2)
    assert (await listed(service, till), await executions(service, till)) == ({named}, 1)
    usage = await service.execute("analytics_model_usage", by=["PROJECT"], project=shop)
    assert [(row["project"], row["costUsd"]) for row in usage] == [(shop, 0.5)]
    found = await service.query("query($id: ID!) { session(id: $id) { project cwd } }", id=session)
    assert found["session"] == {"project": shop, "cwd": folder}


async def test_an_agent_client_whose_telemetry_names_it(service: Service) -> None:
    session, prompt, shop = new_id(), new_id(), f"shop {new_id()}"
    line = {
        "timeUnixNano": str(int(now().timestamp() * 1e9)),
        "body": {"stringValue": "claude_code.user_prompt"},
        "attributes": attributes(
            {
                "event.name": "user_prompt",
                "session.id": session,
                "prompt.id": prompt,
                "prompt": "sort",
                "prompt_length": "4",
            }
        ),
    }
    body = logs(line, **{"service.name": "claude-code", "loopgraph.project": shop})
    assert (await service.http.post("/v1/logs", json=body)).status_code == 200
    found = await service.query("query($id: ID!) { session(id: $id) { project } }", id=session)
    assert found["session"] == {"project": shop}
    assert len(await listed(service, shop)) == 1
