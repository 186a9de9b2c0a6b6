"""Threads that were taken back and go on in other files."""

from __future__ import annotations

import json
from typing import Any

from loopgraph.computes.transcripts.codex.rollouts import Rollout, not_kept, rollout_of, turns_from
from support.rollouts import FOLDER

THREAD, OTHER = "01a225a3-0a1d-7f23-868f-3e05c68ce6ae", "01a225a3-1713-7ab2-906f-f78b4f027070"
NAME = f"sessions/2026/11/29/rollout-2026-11-29T04-49-34-{THREAD}"
LEFT = "01a225a3-1632-7391-af95-e85cea1d2d43"


def lines(name: str) -> list[bytes]:
    return (FOLDER / "codex" / f"{name}.jsonl").read_bytes().splitlines()


def line(begun: int, base: str | None = None, kept: int = 0) -> bytes:
    payload: dict[str, Any] = {"id": THREAD, "timestamp": f"2026-11-29T05:{begun:02}:00Z"}
    if base:
        payload["history_base"] = {"thread_id": base, "end_ordinal_exclusive": kept, "end_byte_offset": 7}
    return json.dumps({"type": "session_meta", "payload": payload}).encode()


def rollout(number: int, begun: int, base: int | None = None, kept: int = 0) -> Rollout:
    own = uuid(number) if number else THREAD
    made = rollout_of(
        f"{NAME}_{own}.jsonl" if number else f"{NAME}.jsonl",
        line(begun, None if base is None else uuid(base) if base else THREAD, kept),
    )
    assert made
    return made


def uuid(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012}"


def test_what_a_real_client_has_left_when_a_prompt_was_taken_back() -> None:
    first = rollout_of(f"{NAME}.jsonl", lines("0.171_troubles")[0])
    second = rollout_of(f"{NAME}_{OTHER}.jsonl.zst", lines("0.171_reverted")[0])
    assert first
    assert second
    assert (first.id, first.base, second.id, second.thread_id) == (THREAD, "", OTHER, THREAD)
    assert not_kept(second, [first, second]) == {THREAD: 54}
    assert turns_from(lines("0.171_troubles"), 54) == [LEFT]
    assert not_kept(first, [first, second]) == {}, "it was there before"


def test_taken_back_again() -> None:
    """The first file up to 30, the second from there up to 40; what a third had is all left, and a later one is not looked at."""
    first, second, third = rollout(0, 1), rollout(1, 2, base=0, kept=30), rollout(2, 3, base=0, kept=10)
    fourth, later = rollout(3, 4, base=1, kept=40), rollout(4, 5, base=3, kept=50)
    every = [later, third, first, fourth, second]
    assert not_kept(second, every) == {THREAD: 30}
    assert not_kept(third, every) == {THREAD: 10, uuid(1): 0}
    assert not_kept(fourth, every) == {THREAD: 30, uuid(1): 40, uuid(2): 0}
    assert not_kept(fourth, [fourth, third]) == {uuid(2): 0}, "one may have been deleted"
    circle = [rollout(1, 1, base=2), rollout(2, 2, base=1)]
    assert not_kept(rollout(3, 3, base=2), circle) == {uuid(1): 0, uuid(2): 0}


def test_what_begins_no_rollout() -> None:
    good = line(1)
    assert rollout_of("rollout.jsonl", good) is None
    for content in (b"", b"{", b"[]", b'{"type": "session_meta"}', good.replace(b"session_meta", b"event_msg")):
        assert rollout_of(f"{NAME}.jsonl", content) is None
    base = rollout_of(f"{NAME}.jsonl", good.replace(b'"id"', b'"history_base": {"thread_id": 7}, "id"'))
    assert base
    assert base.base == ""
    odd = [b"", None, b'{"ordinal": 9, "payload": {"type": "task_started"}}', b'"task_started"', b'["task_started"]']
    assert turns_from(odd, 0) == []
