"""``loopgraph rate`` against a running service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from conftest import settings_for
from loopgraph.contracts.base import Page
from loopgraph.contracts.loop.user_feedback import Feedback, Sentiment
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import new_id
from support.command import command
from support.engines import EngineUnderTest
from support.service import Service, serving
from support.traces import NOON


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine)) as running:
        yield running


class Work:
    """Two prompts in a folder, the later one with a subagent, and one elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.session = str(folder), new_id()
        self.first, self.last, self.agent, self.elsewhere = (new_id() for _ in range(4))

    async def record(self, service: Service) -> None:
        def prompt(id_: str, minute: int, session: str, project: str, parent: str | None = None) -> TraceStarted:
            return TraceStarted(
                correlation_id=id_, session_id=session, project=project, parent_id=parent, root_id=parent,
                prompt_text=f"sort\nnumber {minute}", timestamp=NOON + timedelta(minutes=minute),
            )  # fmt: skip

        await service.parts.recorder.record(
            [
                prompt(self.first, 1, self.session, self.folder),
                prompt(self.last, 2, self.session, self.folder),
                prompt(self.agent, 3, self.session, self.folder, self.last),
                prompt(self.elsewhere, 4, new_id(), f"{self.folder}-2"),
            ]
        )


@pytest.fixture
async def work(service: Service, tmp_path: Path) -> Work:
    done = Work(tmp_path)
    await done.record(service)
    return done


async def said_of(service: Service, trace: str) -> list[Feedback]:
    found = await service.parts.feedback_said.of_traces([trace], Page(first=10))
    return list(found[trace].items)


@pytest.mark.lengthy
async def test_the_last_prompt_of_the_folder_is_rated(
    service: Service, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work.folder)
    code, output, _ = await command(
        "rate", "-r", "2", "-c", "That was wrong", "--tag", "a", "--tag", "b", LOOPGRAPH_URL=service.url
    )
    assert (code, output) == (
        0,
        f"rated 2 of 5: {work.last} “sort number 2”\nthe comment is taken for negative\n",
    )
    [feedback] = await said_of(service, work.last)
    assert (feedback.rating, feedback.comment, feedback.tags) == (2, "That was wrong", ("a", "b"))
    assert feedback.sentiment is Sentiment.NEGATIVE
    for other in (work.first, work.agent, work.elsewhere):
        assert await said_of(service, other) == []


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_another_prompt_is_named(service: Service, work: Work) -> None:
    for arguments, meant in (
        ([work.first], work.first),
        (["--session", work.session], work.last),
        (["--project", f"{work.folder}-2"], work.elsewhere),
    ):
        code, output, _ = await command("rate", *arguments, "--rating", "5", "--url", service.url)
        assert (code, output.startswith(f"rated 5 of 5: {meant} ")) == (0, True), output
        assert [one.rating for one in await said_of(service, meant)] == [5]


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_cannot_be_rated_is_told(service: Service, work: Work, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for arguments, wrong, sentence in (
        ([work.first], 2, "say something"),
        (["nothing-here", "-r", "1"], 1, "there is no trace 'nothing-here'"),
        (["--session", new_id(), "-r", "1"], 1, "no prompt of the session"),
        (["--project", empty, "-r", "1"], 1, f"no prompt of {empty} is known"),
        ([work.first, "--session", work.session, "-r", "1"], 2, "is one way to say which prompt"),
        ([work.first, "-c", " "], 2, "at least 1 character"),
    ):
        code, output, told = await command("rate", *arguments, "--url", service.url)
        assert (code, output) == (wrong, ""), arguments
        assert sentence in " ".join(told.split())
    code, output, _ = await command("rate", work.first, "-r", "6", "--url", service.url)
    assert (code, output) == (2, "")
    assert await said_of(service, work.first) == []


@pytest.mark.lengthy
async def test_a_service_that_is_away() -> None:
    code, output, told = await command("rate", "x", "-r", "1", "--url", "http://127.0.0.1:9")
    assert (code, output) == (1, "")
    assert "nothing was rated: the service at http://127.0.0.1:9 does not answer" in " ".join(told.split())


class Deaf:
    """A way to a service on which the answers to the first so many submissions are lost."""

    def __init__(self, port: int, losses: int) -> None:
        self._port, self.losses = port, losses

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        body = await reader.readexactly(int(length))
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        back.write(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) + body)
        answer = await there.read()
        back.close()
        if b"submitFeedback" in body and self.losses > 0:
            self.losses -= 1
        else:
            writer.write(answer)
            await writer.drain()
        writer.close()


@pytest.mark.lengthy
@pytest.mark.parametrize(("losses", "code", "words"), [(1, 0, ""), (2, 1, "it is not known whether it is rated")])
async def test_an_answer_that_is_lost_rates_once(
    service: Service, work: Work, losses: int, code: int, words: str
) -> None:
    deaf = Deaf(int(service.url.rpartition(":")[2]), losses)
    server = await asyncio.start_server(deaf.carry, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ended, _, told = await command("rate", work.first, "-r", "4", "--url", url)
    assert (ended, deaf.losses) == (code, 0), told
    assert words in " ".join(told.split())
    assert [one.rating for one in await said_of(service, work.first)] == [4]


@pytest.mark.lengthy
async def test_what_a_client_set_off_by_itself_is_no_prompt(service: Service, work: Work) -> None:
    by_itself = TraceStarted(
        correlation_id=new_id(),
        session_id=work.session,
        source="task_notification",
        timestamp=NOON + timedelta(minutes=9),
    )
    await service.parts.recorder.record([by_itself])
    code, output, told = await command("rate", "--session", work.session, "-r", "3", "--url", service.url)
    assert (code, output.startswith(f"rated 3 of 5: {work.last} ")) == (0, True), told


@pytest.mark.lengthy
async def test_what_nobody_sees_of_a_prompt_is_not_printed(service: Service) -> None:
    told = TraceStarted(correlation_id=new_id(), prompt_text="sort\x1b[2J \u202eit\u2066 all", timestamp=NOON)
    await service.parts.recorder.record([told])
    code, output, _ = await command("rate", told.correlation_id, "-r", "3", "--url", service.url)
    assert (code, output) == (0, f"rated 3 of 5: {told.correlation_id} “sort [2J it all”\n")
