"""OpenCode's sessions, imported and followed while it writes them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.traces.transcripts import Position, TranscriptNews, TranscriptProgress
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.transcripts.clients import CLIENTS
from loopgraph.orchestrators.transcripts.following import TranscriptFollower
from loopgraph.orchestrators.transcripts.importing import TranscriptImport
from support.opencode import Sessions, client, database, put
from support.rollouts import tokens
from support.traces import Traces, statement
from support.waiting import until

CLIENT = CLIENTS["opencode"]


@pytest.fixture
def sessions() -> Sessions:
    return Sessions.fresh()


async def imported(graph: Graph, path: Path, **how: Any) -> TranscriptProgress:
    recorder = Recorder(Traces(graph, PriceList()), Privacy())
    try:
        return await TranscriptImport(CLIENT, recorder, Positions(graph), **how).run([path])
    finally:
        await recorder.close(10)


async def story(graph: Graph, sessions: Sessions) -> list[dict[str, Any]]:
    rows = await statement(
        graph,
        """UNWIND $ids AS id
        MATCH (s:Session {session_id: id})-[:HAS_TRACE]->(t:Trace)
        OPTIONAL MATCH (t)-[:RAN]->(h:HookExecution)
        RETURN t.prompt_text AS prompt, t.response_text AS response, t.status AS status, t.agent_type AS agent,
               t.spawn_rule AS rule, t.correlation_id AS trace, collect(h.tool_name + ' ' + h.status) AS steps""",
        ids=sessions.ids,
    )
    return sorted(({**row, "steps": sorted(row["steps"])} for row in rows), key=lambda row: row["trace"])


@pytest.mark.lengthy
async def test_a_database_is_imported_once_and_what_is_new_later(
    graph: Graph, sessions: Sessions, tmp_path: Path
) -> None:
    first = sessions.ids[0]
    path = database(tmp_path / "opencode" / "opencode.db", sessions.at(sessions.rows[1]["time_updated"]))
    begun = await imported(graph, path)
    assert (begun.files, begun.sessions, begun.failed) == (2, 1, 0)
    database(path, sessions.rows)
    rest = await imported(graph, path.parent)
    assert (rest.files, rest.unchanged, rest.refused) == (2, 1, 0)
    assert rest.recorded > 0
    assert rest.bytes == rest.total_bytes > 10_000
    again = await imported(graph, path)
    assert (again.files, again.unchanged, again.recorded + again.known) == (0, 3, 0)
    told = await story(graph, sessions)
    assert {one["prompt"]: one["status"] for one in told if not one["agent"]} == {
        '"Look-around please"': "success",
        '"And once more"': "success",
        '"Sleep long"': "in_progress",
    }
    assert [(one["agent"], one["rule"]) for one in told if one["agent"]] == [("general", "exact: client")]
    row = sessions.rows[0]
    sums = row["tokens_input"] + row["tokens_cache_read"], row["tokens_output"] + row["tokens_reasoning"]
    child = sessions.rows[1]
    both = sums[0] + child["tokens_input"] + child["tokens_cache_read"]
    assert (await tokens(graph, first))[1] == both
    positions = await statement(
        graph, "MATCH (f:TranscriptFile) WHERE f.path STARTS WITH $path RETURN f.path AS path", path=str(path)
    )
    assert {row["path"] for row in positions} == {f"{path}#{id_}" for id_ in sessions.ids}
    closed = await imported(graph, path, quiet_for=timedelta(0))
    assert closed.recorded > 0
    assert [one["status"] for one in await story(graph, sessions) if one["prompt"] == '"Sleep long"'] == ["interrupted"]


@pytest.mark.lengthy
async def test_the_files_of_older_versions_come_to_the_same(graph: Graph, sessions: Sessions, tmp_path: Path) -> None:
    sessions.files(tmp_path / "opencode")
    progress = await imported(graph, tmp_path / "opencode")
    assert (progress.files, progress.sessions, progress.refused) == (3, 2, 0)
    of_files = await story(graph, sessions)
    assert len(of_files) == 4
    database(tmp_path / "opencode" / "opencode.db", sessions.rows)
    more = await imported(graph, tmp_path / "opencode")
    assert (more.files, more.unchanged) == (3, 3)
    assert await story(graph, sessions) == of_files, "the client has moved what it had in files into its database"


@pytest.mark.lengthy
async def test_a_database_that_cannot_be_read_does_not_stop_the_others(
    graph: Graph, sessions: Sessions, tmp_path: Path
) -> None:
    database(tmp_path / "opencode.db", sessions.rows)
    (tmp_path / "opencode-broken.db").write_bytes(b"no database" * 1000)
    progress = await imported(graph, tmp_path)
    assert (progress.files, progress.failed) == (3, 1)


class Asked(Positions):
    """Notes how many were asked for."""

    asked: list[int]

    async def by_id(self, file_ids: Iterable[str]) -> dict[str, Position]:
        ids = list(file_ids)
        self.asked.append(len(ids))
        return await super().by_id(ids)


@pytest.mark.lengthy
async def test_of_many_sessions_only_those_that_change_are_asked_for_again(
    graph: Graph, sessions: Sessions, tmp_path: Path
) -> None:
    path, positions = database(tmp_path / "opencode.db", sessions.rows), Asked(graph)
    positions.asked = []
    recorder = Recorder(Traces(graph, PriceList()), Privacy())
    importer = TranscriptImport(CLIENT, recorder, positions)

    async def asked() -> int:
        before = sum(positions.asked)
        await importer.run([path], follow=True)
        return sum(positions.asked) - before

    assert [await asked() for _ in range(3)] == [3, 3, 0]
    row = sessions.rows[0]
    database(path, [{**row, "time_updated": row["time_updated"] + 1}])
    assert [await asked() for _ in range(3)] == [1, 1, 0]
    await recorder.close(5)


@pytest.mark.lengthy
async def test_it_is_followed_while_its_client_writes(
    graph: Graph, sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    home = tmp_path / "opencode"
    (home / "log").mkdir(parents=True)
    recorder, told = Recorder(Traces(graph, PriceList()), Privacy()), list[TranscriptNews]()
    follower = TranscriptFollower([CLIENT], recorder, Positions(graph), news=lambda _, news: told.append(news))
    following = asyncio.create_task(follower.run_forever())
    first = sessions.ids[0]
    own = [row for row in sessions.rows if first in (row["id"], row.get("session_id"))]
    try:
        with client(home / "opencode.db") as connection:
            put(connection, sessions.rows[:3])
            for row in own[1:]:
                put(connection, [row])
                await asyncio.sleep(0)

            async def is_over() -> bool:
                return (await tokens(graph, first))[0] >= 8

            await until(is_over)
            put(connection, sessions.rows)

            async def is_same() -> bool:
                found = await story(graph, sessions)
                return len(found) == 4 and [one["status"] for one in found].count("success") == 3

            await until(is_same)
            await until(lambda: sum(news.prompts for news in told if news.place.endswith(first)) >= 2)
            assert {one["prompt"] for one in await story(graph, sessions) if not one["agent"]} == {
                *('"Look-around please"', '"And once more"', '"Sleep long"'),
            }
        assert {news.place.partition("#")[2] for news in told} == set(sessions.ids)
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        await recorder.close(5)
