"""``/livez``, and ``/healthz`` as it was called first: the process answers. ``/readyz``: the graph answers, stores what it is
given, and its schema is in place; or why not. Before the service is up, ``starting`` answers for both."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from loopgraph import __version__
from loopgraph.api.access import Action, Door
from loopgraph.effects.schema.schema import SCHEMA_VERSION, recorded_version
from loopgraph.errors import LoopgraphError, ServiceError, ShuttingDown


async def healthz(request: Request) -> JSONResponse:
    """200 while the process lives."""
    return JSONResponse({"status": "ok", "version": __version__})


async def readyz(request: Request) -> JSONResponse:
    """200 while requests can be served, 503 with the reason while they cannot."""
    if request.app.state.upgrade.pending:
        body = {"status": "upgrading", "code": "UPGRADING", "message": request.app.state.upgrade.message}
        return JSONResponse(body, status_code=503, headers={"retry-after": "5"})
    services = request.app.state.services
    if services.recorder.closed:
        body = {"status": "stopping", "code": ShuttingDown.code, "message": "the service is stopping"}
        return JSONResponse(body, status_code=503, headers={"retry-after": "5"})
    graph = services.graph
    try:
        latency_ms = await graph.health.ready()
        recorded = await graph.health.patiently(recorded_version(graph))
    except LoopgraphError as error:
        body = {"status": "unavailable", "code": error.code, "message": str(error)}
        wait_s = error.retry_after_s if isinstance(error, ServiceError) else 1
        return JSONResponse(body, status_code=503, headers={"retry-after": str(wait_s)})
    ready = recorded == SCHEMA_VERSION
    answer: dict[str, object] = {
        "status": "ok" if ready else "unavailable",
        "engine": graph.server.engine.value,
        "agent": graph.server.agent,
        "schema_version": recorded,
        "latency_ms": round(latency_ms, 3),
    }
    if request.app.state.traffic is not None:  # a broker that is away keeps nobody from being served
        answer["kafka"] = request.app.state.traffic.standing
    if not ready:
        answer |= {
            "code": "SCHEMA",
            "message": f"the database has schema version {recorded}, this loopgraph wants {SCHEMA_VERSION}: another one has "
            "changed it; run the newest loopgraph, and start this one again",
        }
    return JSONResponse(answer, status_code=200 if ready else 503)


health_routes = [
    Door("/livez", healthz, Action.SEE_HEALTH),
    Door("/healthz", healthz, Action.SEE_HEALTH),
    Door("/readyz", readyz, Action.SEE_HEALTH),
]
