"""A start or an end that fails says why in one plain sentence, a start before the graph is opened where that can be known."""

from __future__ import annotations

import errno
import socket

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loopgraph.errors import InvalidSetting, SetupError
from loopgraph.settings import Settings


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
