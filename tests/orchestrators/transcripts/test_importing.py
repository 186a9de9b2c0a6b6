"""Importing transcripts into every engine: once, again, as they grow, and wherever it is broken off."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import json
import os
import random
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.transcripts.reading import TranscriptReader
from loopgraph.contracts.traces.observations import Recordable
from loopgraph.contracts.traces.transcripts import TranscriptProgress
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.errors import GraphUnavailable
from loopgraph.orchestrators.recording import patience
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.transcripts import importing
from loopgraph.orchestrators.transcripts.clients import CLIENTS, TranscriptClient
from loopgraph.orchestrators.transcripts.importing import TranscriptImport
from support.quick import first_quick
from support.traces import Traces, statement
from support.transcripts import RECORDED, Fresh, copied

CLIENT = CLIENTS["claude-code"]


class Counted(Recorder):
    """Keeps the batches that were handed to it; a test can say what happens at one of them."""

    batches: list[int]
    at: Callable[[int], None] = lambda self, number: None

    async def record(self, events: Sequence[Recordable], **how: Any) -> Any:
        self.batches.append(len(events))
        self.at(len(self.batches))
        return await super().record(events, **how)


class Imports:
    """A folder of transcripts under ids of its own, imported into the graph of a test."""

    def __init__(self, graph: Graph, folder: Path, names: Sequence[str] = ("",)) -> None:
        self.graph = graph
        self.fresh = Fresh()
        self.folder = copied(RECORDED, folder, self.fresh, names)
        self.recorder = Counted(Traces(graph, PriceList()), Privacy())
        self.recorder.batches = []

    def importer(self, **how: Any) -> TranscriptImport:
        return TranscriptImport(CLIENT, self.recorder, Positions(self.graph), **how)

    async def run(self, path: Path | None = None, **how: Any) -> TranscriptProgress:
        return await self.importer(**how).run([path or self.folder])

    def file(self, prefix: str) -> Path:
        """The transcript of the session that begins so in the recording."""
        [session] = [new for old, new in self.fresh.names.items() if old.startswith(prefix) and "-" in old]
        [path] = self.folder.rglob(f"{session}.jsonl")
        return path

    async def story(self) -> dict[str, Any]:
        """What the graph holds of all sessions, under the ids of the recording."""
        sessions = [path.stem for path in self.folder.rglob("*.jsonl") if not path.name.startswith("agent-")]
        rows = await statement(
            self.graph,
            """MATCH (s:Session)-[:HAS_TRACE]->(t:Trace) WHERE s.session_id IN $ids
            OPTIONAL MATCH (t)-[:RAN]->(h:HookExecution)
            WITH s, t, collect(properties(h)) AS hooks
            OPTIONAL MATCH (t)-[:CALLED]->(c:EndpointCall)
            RETURN s.session_id AS session, properties(t) AS trace, hooks, collect(properties(c)) AS calls""",
            ids=sessions,
        )
        told = [
            {
                "session": row["session"],
                "trace": only(row["trace"], TRACE),
                "hooks": in_order(only(hook, HOOK) for hook in row["hooks"]),
                "calls": in_order(only(call, CALL) for call in row["calls"]),
            }
            for row in rows
        ]
        plain: list[dict[str, Any]] = json.loads(self.fresh.plain(json.dumps(told, default=str)))
        return {row["trace"]["correlation_id"]: row for row in plain}

    async def positions(self) -> dict[str, dict[str, Any]]:
        rows = await statement(
            self.graph,
            "MATCH (f:TranscriptFile) WHERE f.path STARTS WITH $folder RETURN properties(f) AS f",
            folder=str(self.folder),
        )
        return {Path(row["f"]["path"]).name: row["f"] for row in rows}


TRACE = (
    "correlation_id", "source", "status", "prompt_text", "response_text", "error_type", "agent_type", "root_id", "parent_id",
    "spawned_by", "spawn_rule", "tags", "started_at", "completed_at",
)  # fmt: skip
HOOK = (
    "execution_id",
    "tool_name",
    "status",
    "error_type",
    "error_message",
    "tool_input",
    "started_at",
    "completed_at",
)
CALL = (
    "call_id",
    "status",
    "model",
    "input_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "retry_count",
    "price_usd",
)


def only(properties: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: properties.get(name) for name in names}


def in_order(rows: Any) -> list[Any]:
    return sorted(rows, key=lambda row: json.dumps(row, default=str, sort_keys=True))


@pytest.fixture
async def imports(graph: Graph, tmp_path: Path) -> AsyncIterator[Imports]:
    made = Imports(graph, tmp_path / "home")
    yield made
    await made.recorder.close(1)


@pytest.fixture(scope="module")
async def whole(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What all the recorded transcripts come to."""
    made = Imports(graph, tmp_path_factory.mktemp("whole"))
    await made.run()
    await made.recorder.close(1)
    return await made.story()


@pytest.mark.lengthy
async def test_what_was_read_is_not_read_again_and_changes_nothing(imports: Imports, whole: dict[str, Any]) -> None:
    progress = await imports.run()
    files = list(imports.folder.rglob("*.jsonl"))
    assert (progress.files, progress.unchanged, progress.refused, progress.known) == (len(files), 0, 0, 0)
    assert (progress.sessions, progress.subagents) == (10, 3)
    assert progress.bytes == progress.total_bytes == sum(path.stat().st_size for path in files)
    assert await imports.story() == whole
    again = await imports.run()
    assert (again.files, again.unchanged, again.recorded, again.bytes) == (0, len(files), 0, 0)
    for path in files:  # the same in a copy elsewhere, and where only the time is another
        os.utime(path)
    touched = await imports.run()
    assert (touched.files, touched.recorded, touched.known) == (len(files), 0, 0)
    assert await imports.story() == whole


@pytest.mark.lengthy
async def test_recorded_once_more_it_is_known_and_changes_nothing(imports: Imports, whole: dict[str, Any]) -> None:
    first = await imports.run()
    await statement(
        imports.graph, "MATCH (f:TranscriptFile) WHERE f.path STARTS WITH $p DETACH DELETE f", p=str(imports.folder)
    )
    again = await imports.run()
    assert (again.recorded, again.known) == (0, first.recorded)
    assert await imports.story() == whole


@pytest.mark.lengthy
async def test_costs_are_the_client_s_own_figures_but_for_what_it_does_not_write(
    imports: Imports, whole: dict[str, Any]
) -> None:
    await imports.run()
    for prefix, unwritten in {"3333": 0, "6666": 0, "7777": 0, "8888": 0, "1111": 2}.items():
        session = imports.fresh.plain(imports.file(prefix).stem)
        lines = [json.loads(text) for text in imports.file(prefix).read_text().splitlines()]
        own = [line["totalCostUSD"] for line in lines if line["type"] == "cost-state"][-1]
        calls = [call for row in whole.values() if row["session"] == session for call in row["calls"]]
        computed = sum(call["price_usd"] for call in calls)
        # The requests of a compaction are in no line.
        assert computed * (len(calls) + unwritten) / len(calls) == pytest.approx(own, rel=1e-9), prefix


@pytest.mark.lengthy
async def test_a_fork_brings_its_own_prompt_alone_whichever_is_read_first(
    graph: Graph, tmp_path: Path, whole: dict[str, Any]
) -> None:
    expected = {id_: row for id_, row in whole.items() if row["session"][:4] in ("1111", "2222")}
    assert [row["trace"]["prompt_text"] for row in expected.values() if row["session"].startswith("2222")] == [
        "FORK-C please"
    ]
    for number, order in enumerate((("1111", "2222"), ("2222", "1111"))):
        made = Imports(graph, tmp_path / str(number), ("11111111-", "22222222-"))
        for prefix in order:
            await made.run(made.file(prefix))
        await made.recorder.close(1)
        assert await made.story() == expected


@pytest.mark.lengthy
@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("order", [("1111", "2222"), ("2222", "1111")])
async def test_a_fork_in_another_project_brings_its_own_prompt_alone(
    graph: Graph, tmp_path: Path, whole: dict[str, Any], order: tuple[str, str], follow: bool
) -> None:
    made = Imports(graph, tmp_path / "home", ("11111111-", "22222222-"))
    fork = made.file("2222")
    elsewhere = fork.parent.with_name("-another") / fork.name
    elsewhere.parent.mkdir()
    fork.rename(elsewhere)
    importer = made.importer()
    for prefix in order:
        await (importer if follow else made.importer()).run([made.file(prefix)], follow=follow)
    await made.recorder.close(1)
    assert await made.story() == {id_: row for id_, row in whole.items() if row["session"][:4] in order}


def of_older_client(lines: Sequence[dict[str, Any]], session: str, prompts: Sequence[str]) -> list[dict[str, Any]]:
    """Lines that go on from others with more prompts, each answered, as clients wrote them that named no prompts."""
    told = list(lines)
    for text in prompts:
        for kind, content in (("user", text), ("assistant", [{"type": "text", "text": f"{text}: done"}])):
            model = {
                "id": f"msg_01{new_id()}",
                "model": "claude-opus-5-5",
                "usage": {"input_tokens": 1, "output_tokens": 1},
            }
            told.append(
                {
                    "type": kind, "uuid": new_id(), "parentUuid": told[-1]["uuid"] if told else None, "sessionId": session,
                    "timestamp": f"2025-06-01T10:00:{len(told):02}.000Z",
                    "message": {"role": kind, "content": content, **(model if kind == "assistant" else {})},
                }
            )  # fmt: skip
    return told


@pytest.mark.parametrize("newest_first", [True, False])
async def test_a_session_that_an_older_client_resumed_in_a_file_of_its_own_is_told_once(
    imports: Imports, newest_first: bool
) -> None:
    first, second = new_id(), new_id()
    begun = of_older_client([], first, ["one", "two"])
    resumed = of_older_client([{**line, "sessionId": second} for line in begun], second, ["three"])
    folder = imports.folder / "projects" / "-old"
    folder.mkdir()
    files = [(first, begun), (second, resumed)]
    for session, lines in files:
        path = folder / f"{session}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        at = path.stat().st_mtime - (0 if session == second else 60)
        os.utime(path, (at, at))
    for session, _ in reversed(files) if newest_first else files:
        await imports.run(folder / f"{session}.jsonl")
    rows = await statement(
        imports.graph,
        "MATCH (s:Session)-[:HAS_TRACE]->(t:Trace) WHERE s.session_id IN $ids "
        "RETURN s.session_id AS session, t.prompt_text AS text ORDER BY t.started_at",
        ids=[first, second],
    )
    assert [(row["session"], row["text"]) for row in rows] == [(first, "one"), (first, "two"), (second, "three")]


def growing(path: Path, chance: random.Random) -> list[bytes]:
    """A file as it was at some moments: cut anywhere, also in the middle of a line."""
    content = path.read_bytes()
    return [content[:end] for end in sorted(chance.sample(range(len(content)), 4))] + [content]


@pytest.mark.lengthy
@pytest.mark.parametrize("follow", [True, False])
async def test_as_they_grow_only_what_is_new_is_recorded(imports: Imports, whole: dict[str, Any], follow: bool) -> None:
    files = sorted(imports.folder.rglob("*.jsonl"))
    moments = [growing(path, random.Random(path.stat().st_size)) for path in files]
    importer, events = imports.importer(), 0
    for moment in range(5):
        for path, contents in zip(files, moments, strict=True):
            path.write_bytes(contents[moment])
        progress = await (importer if follow else imports.importer()).run([imports.folder], follow=follow)
        events += progress.recorded + progress.known
    assert await imports.story() == whole
    await statement(
        imports.graph, "MATCH (f:TranscriptFile) WHERE f.path STARTS WITH $p DETACH DELETE f", p=str(imports.folder)
    )
    assert events == (await imports.run()).known, "each line was told once"


async def test_a_file_that_was_written_anew_is_read_anew(imports: Imports, whole: dict[str, Any]) -> None:
    path = imports.file("3333")
    content = path.read_bytes()
    path.write_bytes(imports.file("5555").read_bytes()[: len(content) // 2])
    await imports.run(path)
    path.write_bytes(content)
    progress = await imports.run(path)
    assert progress.recorded > 5
    assert (await imports.positions())[path.name]["offset"] == len(content)
    found = await imports.story()
    expected = {id_: row for id_, row in whole.items() if row["session"].startswith("3333")}
    assert {id_: found[id_] for id_ in expected} == expected


@pytest.mark.lengthy
@pytest.mark.parametrize("replaced", [True, False])
async def test_a_followed_file_that_became_a_longer_one_is_read_from_its_beginning(
    imports: Imports, whole: dict[str, Any], replaced: bool
) -> None:
    path = imports.file("3333")
    content = path.read_bytes()
    before = imports.file("5555")
    path.write_bytes(before.read_bytes()[: len(content) // 2])
    before.unlink()  # a copy of another would be read anew in any case
    importer = imports.importer()
    await importer.run([path], follow=True)
    if replaced:
        other = path.with_suffix(".new")
        other.write_bytes(content)
        other.replace(path)
    else:
        path.write_bytes(content)
    await importer.run([path], follow=True)
    position = (await imports.positions())[path.name]
    assert (position["offset"], position["digest"]) == (len(content), hashlib.sha256(content).hexdigest())
    found = await imports.story()
    expected = {id_: row for id_, row in whole.items() if row["session"].startswith("3333")}
    assert {id_: found[id_] for id_ in expected} == expected


@pytest.mark.lengthy
async def test_a_line_whose_end_never_came_is_read_when_the_file_has_been_quiet(imports: Imports) -> None:
    path = imports.file("6666")
    content = path.read_bytes()
    cut = content[: content.index(b'"finally"') + 9]  # in the middle of the answer
    path.write_bytes(content[: cut.rindex(b"\n") + 1] + b'{"half": ')
    await imports.run(path)
    [trace] = [row["trace"] for row in (await imports.story()).values()]
    assert trace["status"] == "in_progress"
    quiet = timedelta(hours=1)
    assert (await imports.run(path, quiet_for=quiet)).unchanged == 1, "somebody may be working on it"
    long_ago = path.stat().st_mtime - 7200
    os.utime(path, (long_ago, long_ago))
    assert (await imports.run(path, quiet_for=quiet)).files == 1
    [trace] = [row["trace"] for row in (await imports.story()).values()]
    assert (trace["status"], trace["error_type"]) == ("interrupted", "interrupt")
    assert (await imports.run(path, quiet_for=quiet)).unchanged == 1
    path.write_bytes(content)  # it was not over after all
    await imports.run(path)
    [trace] = [row["trace"] for row in (await imports.story()).values()]
    assert (trace["status"], trace["response_text"]) == ("success", "finally")


class Killed(BaseException):
    """Stands for whatever ends a process."""


@pytest.mark.lengthy
@pytest.mark.parametrize("batch", first_quick(range(1, 8, 2)))
async def test_broken_off_anywhere_and_repeated_it_loses_nothing_and_doubles_nothing(
    imports: Imports, whole: dict[str, Any], batch: int
) -> None:
    def stop(number: int) -> None:
        if number == batch:
            raise Killed

    imports.recorder.at = stop  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await imports.run(at_once=15)
    before = {name: position["offset"] for name, position in (await imports.positions()).items()}
    imports.recorder.at = lambda number: None  # type: ignore[method-assign]
    progress = await imports.run(at_once=15)
    assert progress.known <= 15, "what was committed is not recorded again, but for the batch that was not noted"
    assert await imports.story() == whole
    after = {name: position["offset"] for name, position in (await imports.positions()).items()}
    assert all(after[name] >= offset for name, offset in before.items())


@pytest.mark.lengthy
async def test_a_graph_that_is_away_for_a_moment_is_waited_for_and_no_longer(
    imports: Imports, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_PAUSE_S", 0.01)
    away = {1, 2, 4}

    def go(number: int) -> None:
        if number in away:
            raise GraphUnavailable("the graph has not answered")

    imports.recorder.at = go  # type: ignore[method-assign]
    progress = await imports.run()
    assert (progress.failed, progress.refused) == (0, 0)
    assert await imports.story() == whole
    assert len(imports.recorder.batches) > 2

    monkeypatch.setattr(patience, "PATIENCE_S", 0.1)
    away |= set(range(1_000))
    path = imports.file("3333")
    path.write_bytes(path.read_bytes().replace(b"please", b"at once"))
    with pytest.raises(GraphUnavailable):
        await imports.run()


@pytest.mark.lengthy
async def test_two_at_once_on_the_same_files_come_to_the_same(imports: Imports, whole: dict[str, Any]) -> None:
    other = Counted(Traces(imports.graph, PriceList()), Privacy())
    other.batches = []
    second = TranscriptImport(CLIENT, other, Positions(imports.graph))
    await asyncio.gather(imports.run(), second.run([imports.folder]))
    await other.close(1)
    assert await imports.story() == whole


async def test_secrets_are_redacted_as_on_every_door(imports: Imports) -> None:
    secret = f"ghp_{new_id().replace('-', '')}{'x' * 4}"
    path = imports.file("3333")
    path.write_text(path.read_text().replace("could not do it", f"the token is {secret}"))
    await imports.run(path)
    found = json.dumps(await imports.story())
    assert "the token is" in found
    assert secret not in found


@pytest.mark.lengthy
async def test_a_file_that_goes_while_it_is_read_is_no_failure(
    imports: Imports, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = imports.file("3333")
    take = importing.Reading.take

    def gone(reading: Any, events: int, *, last: bool = False) -> Any:
        if reading.file.path == path:
            with contextlib.suppress(OSError):
                path.unlink()
            raise FileNotFoundError(path)
        return take(reading, events, last=last)

    monkeypatch.setattr(importing.Reading, "take", gone)
    progress = await imports.run()
    assert progress.files == 12
    assert path.name not in await imports.positions()


def failing_at(path: Path) -> TranscriptClient:
    """The client, whose reader fails at the third line of one file."""

    class Failing:
        def __init__(self, reader: TranscriptReader) -> None:
            self._reader, self._lines = reader, 0

        def read(self, line: bytes) -> Any:
            self._lines += 1
            if self._lines == 3:
                raise TypeError("a line that nobody has thought of")
            return self._reader.read(line)

        def close(self) -> Any:
            return self._reader.close()

    def opened(place: Path, repeated: Any) -> TranscriptReader:
        reader = CLIENT.opened(place, repeated)
        return Failing(reader) if place == path else reader

    return dataclasses.replace(CLIENT, opened=opened)


@pytest.mark.lengthy
async def test_a_file_whose_reader_fails_is_told_of_and_the_others_are_read(
    imports: Imports, whole: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    path = imports.file("3333")
    failing = TranscriptImport(failing_at(path), imports.recorder, Positions(imports.graph))
    progress = await failing.run([imports.folder])
    assert (progress.files, progress.failed) == (12, 1)
    [said] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert str(path) in said.getMessage()
    assert said.exc_info
    others = {id_: row for id_, row in whole.items() if not row["session"].startswith("3333")}
    assert others.items() <= (await imports.story()).items()
    assert path.name not in await imports.positions()
    progress = await imports.run()
    assert (progress.files, progress.failed, progress.unchanged) == (1, 0, 12), "it is read when that is possible"
    assert await imports.story() == whole


async def test_a_line_that_would_take_too_much_memory_is_passed_over_and_told_of(
    imports: Imports, whole: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    path = imports.file("3333")
    lines = path.read_bytes().splitlines(keepends=True)
    many = b'{"type":"user","many":[' + b",".join([b'{"a":1}'] * 20_000) + b"]}\n"
    long = b'{"type":"user","long":"' + b"x" * 1_500_000 + b'"}\n'
    path.write_bytes(b"".join([*lines[:3], many, *lines[3:], long]))
    progress = await imports.run(path, line_bytes=1_000_000)
    assert (progress.too_large, progress.failed, progress.files) == (2, 0, 1)
    [first, second] = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert first.startswith(
        f"{path}: the line that ends at byte {len(b''.join(lines[:3])) + len(many):,} would take more"
    )
    assert f"ends at byte {path.stat().st_size:,} would" in second
    own = {id_: told for id_, told in whole.items() if told["session"].startswith("3333")}
    assert await imports.story() == own, "nothing else is lost"
    again = await imports.run(path, line_bytes=1_000_000)
    assert (again.unchanged, again.too_large) == (1, 0)
