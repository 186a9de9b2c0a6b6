"""A start or an end that fails says why in one plain sentence, a start before the graph is opened where that can be known."""

from __future__ import annotations

import errno
import importlib.util
import socket

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopgraph.api.access.hosts import is_loopback
from loopgraph.api.http.serving.gate import check_names
from loopgraph.computes.pricing.own import OwnPrices
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.errors import InvalidSetting, SetupError
from loopgraph.settings import Settings

_EXPORTER = "opentelemetry.exporter.otlp.proto.http"


def check_settings(settings: Settings) -> None:
    """Raises InvalidSetting, naming the setting, for one that cannot work."""
    check_names(settings)
    Privacy.configured(settings)
    if settings.prices_file is not None:
        OwnPrices.read(settings.prices_file)
    if settings.success_file is not None:
        OwnCriteria.read(settings.success_file)
    if settings.oidc_issuer and not all(map(importlib.util.find_spec, ("jwt", "cryptography"))):
        raise InvalidSetting("LOOPGRAPH_OIDC_ISSUER needs an extra: pip install '.[oidc]' in Loopgraph's checkout")
    reached_by_others = settings.allowed_hosts or not is_loopback(settings.host.strip("[]").lower())
    if settings.oidc_client_id and not settings.public_url and reached_by_others:
        raise InvalidSetting(
            "LOOPGRAPH_PUBLIC_URL is needed with LOOPGRAPH_OIDC_CLIENT_ID: the provider leads browsers back there"
        )
    if settings.otlp_grpc_port is not None and importlib.util.find_spec("grpc") is None:
        raise InvalidSetting("LOOPGRAPH_OTLP_GRPC_PORT needs an extra: pip install '.[grpc]' in Loopgraph's checkout")
    if settings.kafka_brokers and importlib.util.find_spec("aiokafka") is None:
        raise InvalidSetting("LOOPGRAPH_KAFKA_BROKERS needs an extra: pip install '.[kafka]' in Loopgraph's checkout")
    if (settings.kafka_consume or settings.kafka_produce) and not settings.kafka_brokers:
        raise InvalidSetting(
            "LOOPGRAPH_KAFKA_BROKERS is needed with LOOPGRAPH_KAFKA_CONSUME and LOOPGRAPH_KAFKA_PRODUCE"
        )
    _check_topics(settings)
    if settings.otel_url:
        _check_telemetry(settings)


def _check_topics(settings: Settings) -> None:
    """What is read must not come of what is read: it would never end."""
    read = settings.kafka_consume
    for topic in dict.fromkeys(settings.dead_letters_of(topic) for topic in read):
        if topic in read:
            raise InvalidSetting(
                f"LOOPGRAPH_KAFKA_CONSUME: {topic} is where dead letters go, and cannot be read as well"
            )
    if settings.kafka_produce in read:
        raise InvalidSetting(
            f"LOOPGRAPH_KAFKA_CONSUME: {settings.kafka_produce} is published in, and cannot be read as well"
        )


def _check_telemetry(settings: Settings) -> None:
    try:
        is_there = importlib.util.find_spec("opentelemetry.sdk") and importlib.util.find_spec(_EXPORTER)
    except ModuleNotFoundError:
        is_there = None
    if is_there is None:
        raise InvalidSetting("LOOPGRAPH_OTEL_URL needs an extra: pip install '.[otel]' in Loopgraph's checkout")


def check_ports(settings: Settings) -> None:
    """Raises SetupError for a port of the settings that cannot be listened on now, naming the setting that changes it."""
    _check_port(settings.host, settings.port, "--port or LOOPGRAPH_PORT")
    if settings.otlp_grpc_port is not None:
        _check_port(settings.host, settings.otlp_grpc_port, "LOOPGRAPH_OTLP_GRPC_PORT")


def _check_port(host: str, port: int, setting: str) -> None:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise InvalidSetting(
            f"{host} is no address to listen on ({error.strerror}); set --host or LOOPGRAPH_HOST"
        ) from error
    failures = [failure for family, _, _, _, address in addresses if (failure := _cannot_listen(family, address))]
    for failure in failures:
        if failure.errno == errno.EADDRINUSE:
            raise SetupError(f"port {port} of {host} is in use; choose another one with {setting}") from failure
        if failure.errno in (errno.EACCES, errno.EPERM):
            raise SetupError(f"port {port} is not open to this user; choose another one with {setting}") from failure
    if len(failures) == len(addresses):
        raise InvalidSetting(
            f"{host} is no address of this machine ({failures[0].strerror}); set --host or LOOPGRAPH_HOST"
        ) from failures[0]


def _cannot_listen(family: int, address: object) -> OSError | None:
    """Why one address cannot be listened on, as the server would try it; None if it can."""
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            tried.bind(address)  # type: ignore[arg-type]
            tried.listen(1)
        except OSError as error:
            return error
    return None


_ENDED_AT_ONCE = ("asyncio.exceptions.CancelledError", "KeyboardInterrupt")
"""What ends the application where the server does not wait for it any more, after a second Ctrl-C."""


class PlainStart:
    """Wraps the whole application, for servers that log why a start or an end failed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def plain(message: Message) -> None:
            if message["type"] in ("lifespan.startup.failed", "lifespan.shutdown.failed"):
                *_, last = message.get("message", "").strip().splitlines() or [""]
                kind, _, sentence = last.partition(": ")
                if kind.startswith("loopgraph.errors."):
                    message = {**message, "message": sentence}
                elif kind in _ENDED_AT_ONCE:
                    message = {**message, "message": "ended at once, as was wanted"}
            await send(message)

        await self._app(scope, receive, plain if scope["type"] == "lifespan" else send)
