"""Log lines: one for each record, in either form, whatever a client has sent."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.effects.logs import FIELDS, JsonLines, TextLines, belonging_to, current_id

HOSTILE = 'a\nb\r\x1b[2J\x9b31m\u2028"}{\ud800\x00'


@pytest.fixture(params=[TextLines, JsonLines])
def formatter(request: pytest.FixtureRequest) -> logging.Formatter:
    made: logging.Formatter = request.param()
    return made


def record(message: str, *arguments: Any, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("loopgraph.test", logging.WARNING, "", 0, message, arguments, None)
    vars(made).update(extra)
    return made


@pytest.mark.lengthy
@given(st.text())
def test_what_a_client_sends_begins_no_line(text: str) -> None:
    for formatter in (TextLines(), JsonLines()):
        with belonging_to("request-1"):
            line = formatter.format(record("sent: %s", text))
        assert len(line.splitlines()) == 1
        assert line.isprintable() or isinstance(formatter, TextLines)
        assert "\x1b" not in line
    assert json.loads(line)["message"] == f"sent: {text}"


def test_a_line_of_json_has_our_fields_and_those_of_the_record(formatter: logging.Formatter) -> None:
    with belonging_to("task-4711"):
        line = formatter.format(record("told %s", HOSTILE, **{FIELDS: {"status": 200, "route": HOSTILE}}))
    assert len(line.splitlines()) == 1
    if isinstance(formatter, TextLines):
        assert line.endswith(" [task-4711]")
        return
    told = json.loads(line)
    assert told.keys() == {"time", "level", "logger", "message", "correlation_id", "status", "route"}
    assert (told["level"], told["logger"], told["correlation_id"]) == ("warning", "loopgraph.test", "task-4711")
    assert told["route"] == HOSTILE
    assert told["time"].endswith("Z")


def test_a_traceback_stays_with_its_line(formatter: logging.Formatter) -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError as error:
        made = record("it failed")
        made.exc_info = (type(error), error, error.__traceback__)
    lines = formatter.format(made).split("\n")
    if isinstance(formatter, JsonLines):
        assert len(lines) == 1
        assert "ValueError" in json.loads(lines[0])["exception"]
    else:
        assert all(line.startswith("  ") for line in lines[1:])
        assert "\x1b" not in "".join(lines)


async def test_tasks_of_a_request_belong_to_it_and_to_no_other() -> None:
    seen = []

    async def look() -> None:
        await asyncio.sleep(0)
        seen.append(current_id())

    with belonging_to("one"):
        first = asyncio.create_task(look())
    with belonging_to("two"):
        second = asyncio.create_task(look())
    await asyncio.gather(first, second)
    assert (seen, current_id()) == (["one", "two"], None)


@pytest.fixture
def lines(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.getLogger("loopgraph")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(before)


def test_a_logger_without_a_request_has_no_id(lines: io.StringIO) -> None:
    logging.getLogger("loopgraph.test").info("nobody asked")
    assert "correlation_id" not in lines.getvalue()
    assert "nobody asked" in lines.getvalue()
