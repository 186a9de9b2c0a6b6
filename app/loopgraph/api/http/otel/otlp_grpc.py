"""OTLP over gRPC, as the ``Export`` of three services; with the extra ``grpc``.

Requests are handed on as bytes, so that they are read in the one place where those of the HTTP door are; they share its room for
bodies.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc

from loopgraph.api.access import Action, identified, is_known, one_of, require
from loopgraph.api.access.principals import Shown
from loopgraph.api.errors import problem
from loopgraph.api.http.bodies import aside
from loopgraph.api.http.otel.otlp_signals import SIGNALS, Signal
from loopgraph.api.http.serving.limits import Room
from loopgraph.contracts.base import Principal
from loopgraph.errors import Forbidden, LoopgraphError, SetupError, Unauthenticated
from loopgraph.orchestrators.access.callers import Callers
from loopgraph.orchestrators.access.rate_limits import RateLimits
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.settings import Settings

_GRACE_S = 5.0
_MOST_CALLS = 128

_Export = Callable[[bytes, "grpc.aio.ServicerContext"], Awaitable[bytes]]


@contextlib.asynccontextmanager
async def otlp_grpc(
    settings: Settings,
    recorder: Recorder,
    room: Room | None = None,
    callers: Callers | None = None,
    limits: RateLimits | None = None,
) -> AsyncIterator[None]:
    """Serves OTLP over gRPC until the end of the block, on the host and the port that the settings name. ``callers`` is None
    where nobody is told apart.

    Raises SetupError if the port is taken.
    """
    room = room or Room(settings.max_bodies_bytes)
    entrance = _Entrance(callers, limits or RateLimits(None, None, None))
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", settings.max_batch_bytes), ("grpc.so_reuseport", 0)],
        maximum_concurrent_rpcs=_MOST_CALLS,
    )
    server.add_generic_rpc_handlers([_handler(signal, recorder, room, entrance) for signal in SIGNALS.values()])
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        server.add_insecure_port(f"{host}:{settings.otlp_grpc_port}")
    except RuntimeError as error:
        raise SetupError(f"OTLP over gRPC cannot be served on {host}:{settings.otlp_grpc_port}: {error}") from error
    await server.start()
    try:
        yield
    finally:
        await server.stop(_GRACE_S)


def _handler(signal: Signal, recorder: Recorder, room: Room, entrance: _Entrance) -> grpc.GenericRpcHandler:
    method = grpc.unary_unary_rpc_method_handler(_export(signal, recorder, room, entrance))
    return grpc.method_handlers_generic_handler(signal.service, {"Export": method})


def _export(signal: Signal, recorder: Recorder, room: Room, entrance: _Entrance) -> _Export:
    async def export(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
        try:
            sender = await entrance.sender(context)
            with room.share() as share:
                share.grow(len(body))
                report = await aside(signal.from_protobuf, body)
                outcomes = await recorder.record(report.observations, sender=sender)
        except Unauthenticated as error:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(error))
        except Forbidden as error:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, str(error))
        except LoopgraphError as error:
            # By the protocol, clients try again after UNAVAILABLE and not after INVALID_ARGUMENT.
            final = problem(error)[0] < 429
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT if final else grpc.StatusCode.UNAVAILABLE, str(error))
        return signal.protobuf(signal.answer(report, outcomes))

    return export


class _Entrance:
    """Who sends, and whether they may: asked as at every other door."""

    def __init__(self, callers: Callers | None, limits: RateLimits) -> None:
        self._callers, self._limits = callers, limits

    async def sender(self, context: grpc.aio.ServicerContext) -> Principal:
        """Who sends this. Raises Unauthenticated, Forbidden, RateLimited, and what the graph and the provider raise."""
        address = context.peer().rpartition(":")[0]  # ipv4:127.0.0.1:4317
        sender = await identified(Shown(_authorization(context)), self._callers, self._limits, address)
        require(sender, Action.WRITE_EVENTS)
        self._limits.ask(sender.subject if is_known(sender) else address, events=True)
        return sender


def _authorization(context: grpc.aio.ServicerContext) -> str | None:
    metadata = context.invocation_metadata() or ()
    return one_of([value for name, value in metadata if name == "authorization"])
