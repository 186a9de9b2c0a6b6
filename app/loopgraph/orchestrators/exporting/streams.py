"""Records on their way out: a slice is written while the next is read, and no more than that is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from loopgraph.computes.exports.table_writers import TableWriter
from loopgraph.contracts.exports.columns import Values
from loopgraph.orchestrators.archive.ahead import ahead

Chunks = AsyncGenerator[bytes, None]
Tell = Callable[[int], None]


@dataclass(frozen=True)
class Export:
    """A file that is being made. ``chunks`` are its bytes, one after the other; close them (``aclosing``) if they are left early.

    A failure on the way is raised there: what was given before is no whole file. ``truncated`` says of a graph that there is more
    than it holds, ``pending`` of usage how many traces are not counted yet, because very many came at once.
    """

    filename: str
    media_type: str
    chunks: Chunks
    truncated: bool = False
    pending: int = 0


async def begun(chunks: Chunks) -> Chunks:
    """The same chunks, the first of them made: what fails at once is raised here, and not on the way."""
    try:
        first = await anext(chunks, b"")
    except BaseException:
        await chunks.aclose()
        raise

    async def all_of_them() -> Chunks:
        async with aclosing(chunks):
            yield first
            async for chunk in chunks:
                yield chunk

    return all_of_them()


async def table_chunks(
    writer: TableWriter,
    rows_of: Callable[[Iterable[Any]], list[Values]],
    slices: AsyncGenerator[Sequence[Any], None],
    tell: Tell | None = None,
) -> Chunks:
    """A table that is written as its records are read. ``tell`` is told of how many rows more are written.

    The first chunk comes with the first slice, so that whoever waits for it knows that there is something to read from.
    """
    waiting = writer.begin()
    async with aclosing(ahead(slices)) as coming:
        async for records in coming:
            if records:
                waiting += await asyncio.to_thread(_written, writer, rows_of, records)
            if tell is not None:
                tell(len(records))
            if waiting:
                yield waiting
                waiting = b""
    yield waiting + await asyncio.to_thread(writer.end)


def _written(writer: TableWriter, rows_of: Callable[[Iterable[Any]], list[Values]], records: Sequence[Any]) -> bytes:
    return writer.rows(rows_of(records))


async def text_chunks(parts: Iterator[bytes]) -> Chunks:
    """Parts that take some time to make."""
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        yield part


async def one_slice(records: Sequence[Any]) -> AsyncGenerator[Sequence[Any], None]:
    """Records that are there already."""
    yield records
