"""Log lines, as text for people or as JSON for machines, each with the request that it belongs to.

What a client sends begins no line, moves no cursor and makes no field: in text control characters are escaped, in JSON a line is
one object whose fields are ours.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from loopgraph.settings import LogFormat

CONTROL: Final = {
    code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0xD800, 0xE000))
}
"""What moves the cursor or begins a line, and what is written instead."""

_CORRELATION: Final[ContextVar[str | None]] = ContextVar("loopgraph_correlation_id", default=None)

FIELDS: Final = "fields"
"""The name by which a record brings more than a sentence: ``logger.info(…, extra={FIELDS: {…}})``."""


@contextlib.contextmanager
def belonging_to(correlation_id: str) -> Iterator[None]:
    """What is logged in this block, and by the tasks that it starts, has this correlation id."""
    token = _CORRELATION.set(correlation_id)
    try:
        yield
    finally:
        _CORRELATION.reset(token)


def current_id() -> str | None:
    """The correlation id that a line would have now."""
    return _CORRELATION.get()


class TextLines(logging.Formatter):
    """Each record as one line, and its traceback as indented ones."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line = super().formatMessage(record)
        if (correlation_id := _CORRELATION.get()) is not None:
            line += f" [{correlation_id}]"
        return line.translate(CONTROL)

    def formatException(self, ei: Any) -> str:
        """The lines of a traceback; the text of an error can hold what a client has sent."""
        return "\n".join("  " + line.translate(CONTROL) for line in super().formatException(ei).split("\n"))


class JsonLines(logging.Formatter):
    """Each record as one JSON object a line: ``time`` (RFC 3339, UTC), ``level``, ``logger``, ``message``, ``correlation_id``
    where there is one, ``exception`` with its traceback, and the fields that the record brings."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (correlation_id := _CORRELATION.get()) is not None:
            fields["correlation_id"] = correlation_id
        fields |= getattr(record, FIELDS, None) or {}
        if record.exc_info and record.exc_info[0] is not None:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=True, default=str)


def configure(level: str, form: LogFormat = LogFormat.TEXT, stream: TextIO | None = None) -> None:
    """Log lines of this level and above, on standard error or a stream."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form is LogFormat.JSON else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    # The driver tells of every conflict that it retries and of every connection that is lost; what is not mended reaches us
    # as an error.
    logging.getLogger("neo4j").setLevel(logging.CRITICAL)
    # It tells of each change of a file, and agents write all the time.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
