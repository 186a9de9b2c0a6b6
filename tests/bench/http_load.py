"""A client that costs little: prepared bytes over one kept-alive connection, so that a benchmark measures the service."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

import orjson


def request(path: str, body: bytes, media_type: str = "application/json") -> bytes:
    """A POST as the bytes that go over the connection."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(frozen=True)
class Connection:
    """One kept-alive connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, port: int) -> AsyncIterator[Connection]:
        """A connection to this port of the machine itself, closed at the end of the block."""
        connection = cls(*await asyncio.open_connection("127.0.0.1", port))
        try:
            yield connection
        finally:
            connection.writer.close()

    async def ask(self, data: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer to a request."""
        self.writer.write(data)
        await self.writer.drain()
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return int(head[9:12]), await self.reader.readexactly(length)


@dataclass
class Sent:
    """What came back: milliseconds of each request, and events by what became of them."""

    taken_ms: list[float] = field(default_factory=list)
    acknowledged: int = 0
    refused: int = 0


async def send(port: int, requests: Iterable[tuple[bytes, int]], sent: Sent) -> None:
    """Sends requests, each with so many events, one after the other over one connection."""
    async with Connection.open(port) as connection:
        for data, events in requests:
            began = time.perf_counter()
            status, body = await connection.ask(data)
            sent.taken_ms.append((time.perf_counter() - began) * 1000)
            if not 200 <= status < 300:
                sent.refused += events
            elif events == 1 or not body:  # an OTLP answer in protobuf is empty if nothing was refused
                sent.acknowledged += events
            else:
                sent.acknowledged += sum("error" not in result for result in orjson.loads(body)["results"])


async def send_side_by_side(port: int, clients: list[list[tuple[bytes, int]]]) -> tuple[Sent, float]:
    """What came back to all clients together, and the seconds it took."""
    sent, began = Sent(), time.perf_counter()
    await asyncio.gather(*(send(port, requests, sent) for requests in clients))
    return sent, time.perf_counter() - began
