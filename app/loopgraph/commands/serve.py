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
    given: dict[str, Any] = {"host": host, "port": port, "graph_url": graph_url}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    configure_logging(settings.log_level)

    from loopgraph.api.startup import PlainStart, check_ports, check_settings

    check_settings(settings)
    check_ports(settings)

    from loopgraph.effects.engine.embedded import EmbeddedEngine

    folder = settings.embedded_folder
    engine = EmbeddedEngine.configured(folder, settings) if folder else None
    if engine is not None:
        engine.start_beside()  # the rest takes as long to load as the engine takes to start

    import uvicorn

    from loopgraph.api.http.patience import patient_http
    from loopgraph.main import create_app

    config = uvicorn.Config(
        PlainStart(create_app(settings, engine)),
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
