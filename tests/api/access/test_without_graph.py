"""What is told while the graph does not answer: metrics, to those whom it has vouched for not long ago, and nothing else."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from loopgraph.contracts.access import NewToken, Role
from loopgraph.effects.clock import now
from loopgraph.effects.engine.folder import EngineFolder
from loopgraph.orchestrators.access import known_tokens, remembering
from support.access import MAKER, Team, team
from support.own_engine import own_embedded
from support.waiting import until

pytestmark = pytest.mark.lengthy


async def answer_to(office: Team, secret: str, path: str = "/metrics") -> tuple[int, str]:
    """The status and the text of what somebody is told."""
    answer = await office.service.http.get(path, headers={"authorization": f"Bearer {secret}"})
    return answer.status_code, answer.text


async def test_metrics_are_told_to_whom_the_graph_has_vouched_for_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loopgraph.api.http.metrics.AGAIN_S", 0.0)
    new = NewToken(name="prometheus", role=Role.OPERATOR, expires_at=now() + timedelta(days=1))
    with own_embedded(tmp_path / "graph") as engine:
        async with team(engine.with_new_database(), loop_poll_ms=3_600_000) as office:
            _, known = await office.tokens.create(new, MAKER)
            _, member = await office.token("ann")
            _, never_shown = await office.token("another", Role.OPERATOR)

            async def both_are_known() -> bool:
                told = await asyncio.gather(answer_to(office, known), answer_to(office, member))
                return [status for status, _ in told] == [200, 403]

            await until(both_are_known, 0.1)
            record = EngineFolder(tmp_path / "graph").record()
            assert record is not None
            assert record.pid is not None
            graph = office.service.parts.graph
            impatient = graph._settings.model_copy(
                update={"query_timeout_ms": 100}
            )  # nothing is asked that could answer
            os.kill(record.pid, signal.SIGSTOP)
            try:
                monkeypatch.setattr(graph, "_settings", impatient)
                monkeypatch.setattr(remembering, "REMEMBERED_S", 0.0)  # as if so long had passed
                status, text = await answer_to(office, known)
                assert (status, "\nloopgraph_graph_up 0.0\n" in text) == (200, True)
                assert (await answer_to(office, member))[0] == 403
                for secret in (never_shown, known[:-1]):
                    status, text = await answer_to(office, secret)
                    assert (status, "has not vouched for this token" in text) == (503, True)
                assert (await answer_to(office, known, "/api/session"))[0] == 503, "what it holds is not told so"

                with monkeypatch.context() as later:
                    later.setattr(known_tokens, "VOUCHED_S", 0.0)
                    assert (await answer_to(office, known))[0] == 503
                monkeypatch.setattr(known_tokens, "now", lambda: now() + timedelta(days=2))
                status, text = await answer_to(office, known)
                assert (status, "expired" in text) == (401, True)
            finally:
                os.kill(record.pid, signal.SIGCONT)
