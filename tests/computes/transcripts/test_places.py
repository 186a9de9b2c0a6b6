"""The files that real clients wrote are among those that are looked for, and nothing else of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopgraph.computes.transcripts.places import KEPT

UUID = "01a2259a-e9ed-7602-92a6-d7fea964958b"

WROTE = {
    "codex": {
        f"sessions/2026/11/29/rollout-2026-11-29T04-40-39-{UUID}.jsonl": True,
        f"sessions/2026/11/29/rollout-2026-11-29T04-40-39-{UUID}_01a225a3-1713-7ab2-906f-f78b4f027070.jsonl": True,
        f"archived_sessions/rollout-2026-11-29T04-40-39-{UUID}.jsonl": True,
        f"sessions/2026/11/29/rollout-2026-11-29T04-40-39-{UUID}.jsonl.zst": True,
        "history.jsonl": False,
        "state_5.sqlite": False,
    },
    "gemini-cli": {
        "tmp/project/chats/session-2026-11-29T05-05-52f74c12.jsonl": True,
        f"tmp/project/chats/{UUID}/{UUID}.jsonl": True,
        "tmp/project/chats/session-2025-10-01T05-05-52f74c12.json": True,
        "tmp/project/.project_root": False,
        "projects.json": False,
    },
}


@pytest.mark.parametrize("client", KEPT)
def test_what_a_client_writes_is_found(client: str, tmp_path: Path) -> None:
    for name in WROTE[client]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    kept = KEPT[client]
    globs = (*kept.files, *kept.wholes)
    found = {str(path.relative_to(tmp_path)) for glob in globs for path in tmp_path.glob(glob)}
    assert found == {name for name, is_read in WROTE[client].items() if is_read}
