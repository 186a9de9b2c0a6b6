"""``loopgraph serve``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from loopgraph.commands.terminal import configure_logging, plainly
from loopgraph.settings import Settings


@plainly
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default LOOPGRAPH_HOST or 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default LOOPGRAPH_PORT or 8053.")] = None,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
) -> None:
    """Serve GraphQL and ingest on one process."""
    import uvicorn

    from loopgraph.api.http.patience import patient_http
    from loopgraph.api.startup import PlainStart, check_ports
    from loopgraph.main import create_app

    given: dict[str, Any] = {"host": host, "port": port, "graph_url": graph_url}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    configure_logging(settings.log_level)
    app = create_app(settings)
    check_ports(settings)
    config = uvicorn.Config(
        PlainStart(app),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=settings.log_level == "debug",
        timeout_graceful_shutdown=10,
        http=patient_http(settings.client_timeout_ms / 1000),
        ws_max_size=settings.max_body_bytes,
    )
    server = uvicorn.Server(config)
    server.run()
    if not server.started:
        raise typer.Exit(1)
