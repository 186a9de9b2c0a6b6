"""Tokens of Codex, each response once."""

from __future__ import annotations

from typing import Any

from loopgraph.computes.transcripts.codex.usage import Usage


def test_a_sum_without_the_last_counts_by_what_it_grew() -> None:
    one = Usage()

    def counted(given_: int, made: int) -> Any:
        found = one.counted({"info": {"total_token_usage": {"input_tokens": given_, "output_tokens": made}}})
        return found and found[0]

    assert counted(10, 2) == {"input_tokens": 10, "output_tokens": 2}
    assert counted(10, 2) is None
    assert counted(25, 3) == {"input_tokens": 15, "output_tokens": 1}
