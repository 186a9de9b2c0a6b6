"""``loopgraph serve``."""

from __future__ import annotations

import logging
from math import ceil
from typing import Annotated, Any, Final

import typer

from loopgraph.commands.terminal import err, plainly
from loopgraph.effects.logs import configure
from loopgraph.settings import Settings

GRACE_S: Final = 5
"""So much longer than what is in work may take, its answers are waited for at the end."""


@plainly
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default LOOPGRAPH_HOST or 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default LOOPGRAPH_PORT or 8053.")] = None,
    graph_url: Annotated[str | None, typer.Option(help="Graph to use; default LOOPGRAPH_GRAPH_URL.")] = None,
) -> None:
    """Serve GraphQL and ingest on one process."""
    given: dict[str, Any] = {"host": host, "port": port, "graph_url": graph_url}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    configure(settings.log_level, settings.log)

    from loopgraph.api.startup import PlainStart, check_ports
    from loopgraph.checking import check_settings

    check_settings(settings)
    check_ports(settings)

    from loopgraph.effects.engine.embedded import EmbeddedEngine

    folder = settings.embedded_folder
    engine = EmbeddedEngine.configured(folder, settings) if folder else None
    if engine is not None:
        engine.start_beside()  # the rest takes as long to load as the engine takes to start

    import uvicorn

    from loopgraph.api.http.serving.ending import EndingServer
    from loopgraph.api.http.serving.patience import patient_http
    from loopgraph.api.http.serving.starting import Early
    from loopgraph.main import create_app

    app = create_app(settings, engine)
    logger, failures = logging.getLogger(__name__), list[str]()

    def failed(sentence: str) -> None:
        failures.append(sentence)
        server.should_exit = True

    early = Early(PlainStart(app), lambda: logger.info("%s", where(settings, server.port)), failed, app.state.metrics)
    config = uvicorn.Config(
        early,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=ceil(max(settings.ingest_drain_ms, settings.operation_timeout_ms) / 1000) + GRACE_S,
        http=patient_http(settings.client_timeout_ms / 1000),
        ws_max_size=settings.max_body_bytes,
    )
    server = EndingServer(
        config,
        lambda port: logger.info("listening on port %d; the graph is being opened", port),
        lambda: app.state.begin_to_end() if early.up else None,
    )
    server.run()
    for sentence in failures:
        err.print(f"loopgraph: {sentence}", markup=False, style="red")
    if failures or not server.started:
        raise typer.Exit(1)


def where(settings: Settings, port: int) -> str:
    """Where a service that listens on this port is to be found from this machine, as a sentence."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 — not to bind, to say
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}{settings.root_path}"
    console = f"the console is at {address}/, " if settings.console else ""
    return f"{console}GraphQL at {address}/graphql"
