"""Files of other clients than Claude Code: as they compress them, take turns back, and wrote them in older versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zstandard

from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.traces.transcripts import TranscriptProgress
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.transcripts.clients import CLIENTS
from loopgraph.orchestrators.transcripts.importing import TranscriptImport
from support.rollouts import Fresh, tokens
from support.traces import Traces, statement

THREAD, OTHER = "01a225a3-0a1d-7f23-868f-3e05c68ce6ae", "01a225a3-1713-7ab2-906f-f78b4f027070"


async def imported(graph: Graph, client: str, path: Path) -> TranscriptProgress:
    recorder = Recorder(Traces(graph, PriceList()), Privacy())
    try:
        return await TranscriptImport(CLIENTS[client], recorder, Positions(graph)).run([path])
    finally:
        await recorder.close(10)


async def prompts(graph: Graph, session_id: str) -> list[tuple[str, bool]]:
    """The prompts of a session, and whether each was taken back."""
    rows = await statement(
        graph,
        "MATCH (:Session {session_id: $id})-[:HAS_TRACE]->(t:Trace) WHERE t.prompt_text IS NOT NULL "
        "RETURN t.prompt_text AS text, t.tags AS tags",
        id=session_id,
    )
    return sorted((row["text"], "abandoned" in (row["tags"] or ())) for row in rows)


def rollout(home: Path, fresh: Fresh, name: str, own: str = "") -> Path:
    text = fresh.text(f"{name}.jsonl")
    file = f"rollout-2026-11-29T04-49-31-{fresh[THREAD]}" + (f"_{own}" if own else "")
    path = home / "sessions" / "2026" / "11" / "29" / f"{file}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def compressed(path: Path) -> Path:
    """As the client does it: the one is there before the other goes."""
    there = path.with_name(f"{path.name}.zst")
    there.write_bytes(zstandard.compress(path.read_bytes()))
    path.unlink()
    return there


@pytest.mark.lengthy
async def test_turns_that_were_taken_back_since_the_thread_goes_on_in_another_file(
    graph: Graph, tmp_path: Path
) -> None:
    """Whether the file that they are in has been read before, and is compressed by now."""
    for name in ("later", "compressed"):
        fresh = Fresh.of("codex")
        home = tmp_path / name
        first = rollout(home, fresh, "0.171_troubles")
        left = (await imported(graph, "codex", home)).prompts
        if name == "compressed":
            compressed(first)
        rollout(home, fresh, "0.171_reverted", OTHER)
        more = await imported(graph, "codex", home)
        assert (left, more.refused, more.failed) == (4, 0, 0)
        others = [(text, False) for text in ("After it", "Fail now", "Patch it", "Sleep long", "Touch it")]
        assert await prompts(graph, fresh[THREAD]) == sorted([*others, ("After it", True)])


@pytest.mark.lengthy
async def test_a_rollout_says_nothing_anew_once_it_is_compressed(graph: Graph, tmp_path: Path) -> None:
    fresh = Fresh.of("codex")
    path = rollout(tmp_path, fresh, "0.171_troubles")
    plain = await imported(graph, "codex", tmp_path)
    whole = await tokens(graph, fresh[THREAD])
    there = compressed(path)
    again = await imported(graph, "codex", tmp_path)
    assert (again.files, again.recorded, again.known) == (1, 0, 0)
    assert again.bytes == again.total_bytes == plain.bytes > there.stat().st_size
    assert (await imported(graph, "codex", there)).unchanged == 1
    path.write_bytes(zstandard.decompress(there.read_bytes()))  # to be written on, the client makes it plain again
    both = await imported(graph, "codex", tmp_path)
    assert (both.files, both.recorded, both.known) == (1, 0, 0)
    assert await tokens(graph, fresh[THREAD]) == whole


@pytest.mark.lengthy
async def test_a_compressed_rollout_alone(graph: Graph, tmp_path: Path) -> None:
    one, other = Fresh.of("codex"), Fresh.of("codex")
    rollout(tmp_path / "plain", one, "0.171_troubles")
    compressed(rollout(tmp_path / "compressed", other, "0.171_troubles"))
    broken = tmp_path / "compressed" / "sessions" / "rollout-2026-11-29T04-49-31-broken.jsonl.zst"
    broken.write_bytes(b"this is no frame of it")
    await imported(graph, "codex", tmp_path / "plain")
    progress = await imported(graph, "codex", tmp_path / "compressed")
    assert (progress.files, progress.failed) == (1, 1)
    assert await tokens(graph, one[THREAD]) == await tokens(graph, other[THREAD])
    assert await prompts(graph, one[THREAD]) == await prompts(graph, other[THREAD])


@pytest.mark.lengthy
async def test_a_compressed_rollout_that_was_cut_off_is_read_so_far_and_told_of(graph: Graph, tmp_path: Path) -> None:
    """It is read on when the rest is there; another file of its thread is none the worse for it."""
    fresh = Fresh.of("codex")
    first = compressed(rollout(tmp_path, fresh, "0.171_troubles"))
    rollout(tmp_path, fresh, "0.171_reverted", OTHER)
    whole = zstandard.decompress(first.read_bytes())
    first.write_bytes(in_blocks(whole)[:-3_000])
    progress = await imported(graph, "codex", tmp_path)
    assert (progress.files, progress.failed) == (1, 1)
    assert progress.prompts > 1, "of both"
    assert progress.refused == 0
    first.write_bytes(in_blocks(whole))
    again = await imported(graph, "codex", tmp_path)
    assert (again.files, again.failed, again.refused, again.known) == (1, 0, 0, 0)
    assert again.recorded > 0


def in_blocks(content: bytes) -> bytes:
    """It compressed as it is written, so that what stands before a cut is there."""
    stream = zstandard.ZstdCompressor().compressobj()
    lines = content.splitlines(keepends=True)
    return (
        b"".join(stream.compress(line) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for line in lines)
        + stream.flush()
    )


@pytest.mark.lengthy
async def test_an_old_session_file_of_gemini_cli_says_what_a_new_one_does(graph: Graph, tmp_path: Path) -> None:
    session_id = "52f74c12-f378-4f5c-8514-3e1241fc6c1e"
    new, old = Fresh.of("gemini"), Fresh.of("gemini")
    for fresh, name in ((new, "new"), (old, "old")):
        chats = tmp_path / name / "tmp" / "project" / "chats"
        chats.mkdir(parents=True)
        lines = fresh.lines("0.61.jsonl")
        path = chats / f"session-2026-11-29T05-05-{fresh[session_id][:8]}.jsonl"
        path.write_bytes(b"\n".join(lines) + b"\n")
        if name == "old":
            records = [json.loads(line) for line in lines]
            messages = {record["id"]: record for record in records if record.get("type") in ("user", "gemini")}
            head = next(record for record in records if "sessionId" in record)
            path.unlink()
            path = path.with_suffix(".json")
            path.write_text(json.dumps({**head, "messages": list(messages.values())}, indent=2))
        assert (await imported(graph, "gemini", tmp_path / name)).files == 1
    assert await tokens(graph, old[session_id]) == await tokens(graph, new[session_id])
    told = {text for text, _ in await prompts(graph, old[session_id])}
    assert told == {text for text, _ in await prompts(graph, new[session_id])}
    whole = json.loads(path.read_text())
    whole["messages"].append(
        {**whole["messages"][0], "id": "7" + whole["messages"][0]["id"][1:], "content": "One more"}
    )
    path.write_text(json.dumps(whole, indent=2))
    more = await imported(graph, "gemini", path)
    assert more.recorded == 1
    assert ("One more", False) in await prompts(graph, old[session_id])
