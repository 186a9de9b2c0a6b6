"""OTLP over gRPC, as the ``Export`` of three services; with the extra ``loopgraph[grpc]``.

Requests are handed on as bytes, so that they are read in the one place where those of the HTTP door are; they share its room for
bodies.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc

from loopgraph.api.access import Action, principal_of, require
from loopgraph.api.errors import problem
from loopgraph.api.http.bodies import aside
from loopgraph.api.http.limits import Room
from loopgraph.api.http.otlp_signals import SIGNALS, Signal
from loopgraph.errors import Forbidden, LoopgraphError, SetupError
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.settings import Settings

_GRACE_S = 5.0
_MOST_CALLS = 128

_Export = Callable[[bytes, "grpc.aio.ServicerContext"], Awaitable[bytes]]


@contextlib.asynccontextmanager
async def otlp_grpc(settings: Settings, recorder: Recorder, room: Room | None = None) -> AsyncIterator[None]:
    """Serves OTLP over gRPC until the end of the block, on the host and the port that the settings name.

    Raises SetupError if the port is taken.
    """
    room = room or Room(settings.max_bodies_bytes)
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", settings.max_batch_bytes), ("grpc.so_reuseport", 0)],
        maximum_concurrent_rpcs=_MOST_CALLS,
    )
    server.add_generic_rpc_handlers([_handler(signal, recorder, room) for signal in SIGNALS.values()])
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


def _handler(signal: Signal, recorder: Recorder, room: Room) -> grpc.GenericRpcHandler:
    method = grpc.unary_unary_rpc_method_handler(_export(signal, recorder, room))
    return grpc.method_handlers_generic_handler(signal.service, {"Export": method})


def _export(signal: Signal, recorder: Recorder, room: Room) -> _Export:
    async def export(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
        try:
            require(principal_of(_authorization(context)), Action.WRITE_EVENTS)
            with room.share() as share:
                share.grow(len(body))
                report = await aside(signal.from_protobuf, body)
                outcomes = await recorder.record(report.observations)
        except Forbidden as error:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, str(error))
        except LoopgraphError as error:
            # By the protocol, clients try again after UNAVAILABLE and not after INVALID_ARGUMENT.
            final = problem(error)[0] < 429
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT if final else grpc.StatusCode.UNAVAILABLE, str(error))
        return signal.protobuf(signal.answer(report, outcomes))

    return export


def _authorization(context: grpc.aio.ServicerContext) -> str | None:
    said = dict(context.invocation_metadata() or ())
    return said.get("authorization")
