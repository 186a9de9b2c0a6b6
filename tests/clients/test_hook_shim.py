"""The shim as the agent starts it: a process with an event on standard input, and a door that answers, or does not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loopgraph import errors
from loopgraph.api.errors import ContentTooLarge, UnsupportedMediaType, problem
from loopgraph.clients.hook_shim import PATH, Answer
from loopgraph.clients.hook_spool import Spool
from support.breaking import breaking
from support.quick import first_quick
from support.service import listening
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

Json = dict[str, Any]
START = {"hook_event_name": "SessionStart", "session_id": "s"}
CONTEXT = {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "hello"}}


@dataclass
class Shim:
    """How a test runs the shim, and where that spools."""

    root: Path

    async def run(self, url: str, event: Json | bytes, *arguments: str, **environ: str) -> tuple[str, float]:
        """What it printed, and the seconds it took. It must end well and say nothing on standard error."""
        began = time.monotonic()
        process = await self.start(url, *arguments, **environ)
        printed, errors = await process.communicate(event if isinstance(event, bytes) else json.dumps(event).encode())
        assert process.returncode == 0
        assert errors == b""
        return printed.decode(), time.monotonic() - began

    async def start(self, url: str, *arguments: str, **environ: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "loopgraph.clients.hook_shim", "--url", url, *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LOOPGRAPH_HOOK_SPOOL": str(self.root), **environ},
        )

    def spool(self, url: str) -> Spool:
        return Spool(self.root, url)


@pytest.fixture
def shim(tmp_path: Path) -> Shim:
    return Shim(tmp_path / "spool")


class Door:
    """A door for hook events: gives the answer it is told to, and keeps what it took."""

    def __init__(self, answer: Callable[[Json], Response] = lambda _: JSONResponse({})) -> None:
        self.answer = answer
        self.taken: list[tuple[Json, dict[str, str]]] = []
        self.queries: list[str] = []

    async def post(self, request: Request) -> Response:
        event = json.loads(await request.body())
        answer = self.answer(event)
        if answer.status_code < 300:
            self.taken.append((event, dict(request.headers)))
            self.queries.append(request.url.query)
        return answer

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        async with listening(Starlette(routes=[Route(PATH, self.post, methods=["POST"])])) as url:
            yield url


async def test_the_event_arrives_as_it_is_and_the_answer_comes_back(shim: Shim) -> None:
    door, before = Door(lambda _: JSONResponse(CONTEXT)), datetime.now(UTC)
    async with door.open() as url:
        printed, _ = await shim.run(url, {**START, "unknown": [1, None]}, "--token-env", "MY_TOKEN", MY_TOKEN="secret")
    assert json.loads(printed) == CONTEXT
    [(event, headers)] = door.taken
    assert event == {**START, "unknown": [1, None]}
    assert headers["authorization"] == "Bearer secret"
    assert before <= datetime.fromisoformat(headers["x-event-timestamp"]) <= datetime.now(UTC)
    assert re.fullmatch(r"[0-9a-f]{32}\.[0-9a-f]{8}", headers["x-execution-id"])
    assert shim.spool(url).waiting() == (0, 0)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("event", "answer"),
    [
        (START, JSONResponse({})),
        (START, Response(status_code=204)),
        (START, Response("welcome")),
        (START, JSONResponse(["no", "object"])),
        ({"hook_event_name": "Notification"}, JSONResponse(CONTEXT)),
    ],
)
async def test_what_the_client_does_not_read_is_not_printed(shim: Shim, event: Json, answer: Response) -> None:
    async with Door(lambda _: answer).open() as url:
        assert (await shim.run(url, event))[0] == ""


async def test_who_has_sent_an_event_is_known_though_another_sends_it_later(shim: Shim) -> None:
    """The hooks of a user and of a project are one program with other options."""
    door = Door()
    with socket.socket() as held:  # a port at which nobody answers
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        for options in ((), ("--level", "project"), ("--level", "project")):
            await shim.run(url, START, *options)
    async with door.open() as url_now:
        shim.spool(url).folder.rename(Spool(shim.root, url_now).folder)
        await shim.run(url_now, START)
    _, first, second, third = (headers["x-sent-by"] for _, headers in door.taken)
    assert first != second == third


async def test_while_the_service_is_away_nothing_is_lost(shim: Shim) -> None:
    door = Door()
    with socket.socket() as held:  # a port at which nobody answers
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        for number in range(3):
            printed, seconds = await shim.run(url, {**START, "n": number})
            assert printed == ""
            assert seconds < PATIENCE_S / 2, "a refused connection is not waited for"
    spool = shim.spool(url)
    assert spool.waiting()[0] == 3
    files = [path for path in shim.root.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}

    spooled_by = datetime.now(UTC)
    async with door.open() as url_now:
        # the service is back, at the port that this test got from the system
        spool.folder.rename(Spool(shim.root, url_now).folder)
        await shim.run(url_now, {**START, "n": 3})
    assert [event["n"] for event, _ in door.taken] == [3, 0, 1, 2], "the new one first: the agent waits for its answer"
    instants = [datetime.fromisoformat(headers["x-event-timestamp"]) for _, headers in door.taken]
    assert instants[1] < instants[2] < instants[3] <= spooled_by < instants[0], "late ones keep their time"
    assert len({headers["x-execution-id"] for _, headers in door.taken}) == 4
    assert Spool(shim.root, url_now).waiting() == (0, 0)


@pytest.mark.parametrize("status", first_quick([301, 401, 403, 404, 405, 429, 500, 503]))
async def test_what_can_be_mended_is_kept_and_sent_when_it_is(shim: Shim, status: int) -> None:
    door = Door(lambda _: Response(status_code=status))
    async with door.open() as url:
        for number in range(5):
            await shim.run(url, {**START, "n": number})
        spool = shim.spool(url)
        assert (spool.waiting()[0], spool.refused(), spool.drops()) == (5, (0, 0), {})
        assert spool.barred() == (f"HTTP {status}" if status < 429 else None), "that is told"
        door.answer = lambda _: JSONResponse({})
        await shim.run(url, {**START, "n": 5}, LOOPGRAPH_HOOK_TIMEOUT="30")
        await shim.run(url, {**START, "n": 6}, LOOPGRAPH_HOOK_TIMEOUT="30")
        assert (spool.waiting()[0], spool.barred()) == (0, None)
    assert sorted(event["n"] for event, _ in door.taken) == list(range(7))


async def test_a_pattern_is_used_by_what_happens_now_and_not_by_what_comes_late(shim: Shim) -> None:
    door = Door()
    async with door.open() as url:
        shim.spool(url).put(1, "late", b"{}")
        await shim.run(url, START, "--pattern=team a/review")
    assert door.queries == ["pattern=team%20a%2Freview", ""], "no template was given to a prompt that was spooled"


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_is_refused_while_others_are_taken_is_set_aside_and_does_not_block_them(
    shim: Shim, status: int
) -> None:
    door = Door(lambda event: Response(status_code=status) if event["n"] == 1 else JSONResponse({}))
    async with door.open() as url:
        for number in (1, 2):
            shim.spool(url).put(number, f"id{number}", json.dumps({"n": number}).encode())
        await shim.run(url, {"n": 1})
        assert shim.spool(url).waiting() == (0, 0)
        assert shim.spool(url).refused() == (2, 2 * len(b'{"n": 1}'))
        assert shim.spool(url).drops() == {}
    assert [event["n"] for event, _ in door.taken] == [2]


@pytest.mark.exhaustive
@pytest.mark.parametrize("status", [400, 422, 500])
async def test_a_service_that_refuses_everything_empties_no_spool(shim: Shim, status: int) -> None:
    door = Door(lambda _: Response(status_code=status))
    async with door.open() as url:
        spool = shim.spool(url)
        for number in range(5):
            spool.put(number, f"id{number}", json.dumps({"n": number}).encode())
        for number in (5, 6, 7):
            await shim.run(url, {"n": number})
        assert (spool.waiting()[0], spool.refused(), spool.drops()) == (8, (0, 0), {})
        door.answer = lambda _: JSONResponse({})
        await shim.run(url, {"n": 8})
        assert (spool.waiting(), spool.refused(), spool.drops()) == ((0, 0), (0, 0), {})
    assert sorted(event["n"] for event, _ in door.taken) == list(range(9))


@pytest.mark.exhaustive
@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_an_event_at_which_the_service_fails_or_that_it_bars_keeps_no_other_waiting(
    shim: Shim, status: int
) -> None:
    door = Door(lambda event: Response(status_code=status if event["n"] == 1 else 200))
    async with door.open() as url:
        spool = shim.spool(url)
        for number in (1, 2):
            spool.put(number, f"id{number}", json.dumps({"n": number}).encode())
        for number in (3, 4, 5):
            assert spool.refused()[0] == 0, "it can be a chance"
            await shim.run(url, {"n": number})
        assert (spool.waiting()[0], spool.refused()[0]) == (0, 1)
    assert [event["n"] for event, _ in door.taken] == [3, 2, 4, 5]


@pytest.mark.parametrize("poison", [{0}, {0, 1, 2, 3}], ids=len)
async def test_events_with_which_the_service_is_always_busy_keep_no_other_waiting_and_are_kept(
    shim: Shim, poison: set[int]
) -> None:
    door = Door(lambda event: Response(status_code=503 if event["n"] in poison else 200))
    async with door.open() as url:
        spool = shim.spool(url)
        for number in range(8):
            spool.put(number, f"id{number}", json.dumps({"n": number}).encode())
        runs = 0
        while spool.waiting()[0] > len(poison):
            runs += 1
            assert runs < 12
            await shim.run(url, {"n": 100 + runs}, LOOPGRAPH_HOOK_TIMEOUT="30")
        for _ in range(3):
            await shim.run(url, {"n": 100})
        assert (spool.waiting()[0], spool.refused(), spool.drops()) == (len(poison), (0, 0), {})
        assert {event["n"] for event, _ in door.taken} >= set(range(8)) - poison
        poison.clear()
        for _ in range(3):
            await shim.run(url, {"n": 100}, LOOPGRAPH_HOOK_TIMEOUT="30")
        assert spool.waiting()[0] == 0


async def test_several_that_are_barred_keep_no_other_waiting(shim: Shim) -> None:
    async with Door(lambda event: Response(status_code=403 if event["n"] < 6 else 200)).open() as url:
        spool = shim.spool(url)
        for number in range(9):
            spool.put(number, f"id{number}", json.dumps({"n": number}).encode())
        runs = 0
        while spool.waiting()[0]:  # one run sends for a moment only
            runs += 1
            assert runs < 30
            await shim.run(url, {"n": 9}, LOOPGRAPH_HOOK_TIMEOUT="30")
        assert (spool.waiting()[0], spool.refused()[0]) == (0, 6)


async def test_an_event_at_which_the_connection_breaks_keeps_no_other_waiting(shim: Shim) -> None:
    taken: list[int] = []

    def answer(body: bytes) -> bytes | None:
        number = json.loads(body)["n"]
        if number == 1:
            return None
        taken.append(number)
        return b"{}"

    async with breaking(answer) as url:
        spool = shim.spool(url)
        for number in (1, 2):
            spool.put(number, f"id{number}", json.dumps({"n": number}).encode())
        for number in (3, 4, 5):
            assert spool.refused()[0] == 0, "it can be a chance"
            await shim.run(url, {"n": number}, LOOPGRAPH_HOOK_TIMEOUT="20")
        assert (spool.waiting()[0], spool.refused()[0]) == (0, 1)
    assert taken == [3, 2, 4, 5]


async def test_a_service_that_hangs_delays_the_agent_by_the_time_allowed_and_no_more(shim: Shim) -> None:
    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(PATIENCE_S)
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    _, seconds = await shim.run(url, START, LOOPGRAPH_HOOK_TIMEOUT="0.5")
    server.close()
    assert 0.5 <= seconds < PATIENCE_S / 2
    assert shim.spool(url).waiting()[0] == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *(("LOOPGRAPH_HOOK_TIMEOUT", said) for said in ("inf", "nan", "-1", "abc")),
        *(("LOOPGRAPH_HOOK_SPOOL_BYTES", said) for said in ("-1", "abc", "64M")),
    ],
)
async def test_a_limit_that_is_none_loses_no_event(shim: Shim, name: str, said: str) -> None:
    url = "http://127.0.0.1:9"
    await shim.run(url, START, **{name: said})
    assert shim.spool(url).waiting()[0] == 1


def test_a_limit_that_is_none_is_told() -> None:
    from loopgraph.clients.limits import mistakes, spool_bytes

    assert mistakes({"LOOPGRAPH_HOOK_TIMEOUT": "2", "LOOPGRAPH_HOOK_SPOOL_BYTES": "0"}) == []
    assert mistakes({"LOOPGRAPH_HOOK_TIMEOUT": "", "LOOPGRAPH_HOOK_SPOOL_BYTES": ""}) == []
    time, room = mistakes({"LOOPGRAPH_HOOK_TIMEOUT": "1s", "LOOPGRAPH_HOOK_SPOOL_BYTES": "64M"})
    assert time.startswith("LOOPGRAPH_HOOK_TIMEOUT='1s' is no number of seconds")
    assert room == "LOOPGRAPH_HOOK_SPOOL_BYTES='64M' is no number of bytes: the default, 67,108,864, counts"
    assert spool_bytes({"LOOPGRAPH_HOOK_SPOOL_BYTES": "1000"}) == 1_000


async def test_an_agent_that_does_not_close_the_input_is_not_waited_for(shim: Shim) -> None:
    process = await shim.start("http://127.0.0.1:9", LOOPGRAPH_HOOK_TIMEOUT="0.3")
    async with asyncio.timeout(PATIENCE_S):
        assert await process.wait() == 0
    assert process.stdin is not None
    process.stdin.close()


@pytest.mark.parametrize("arguments", [("--url",), ("--url", "no address"), ("--unknown",), ("--token-env", "")])
async def test_nothing_that_is_wrong_reaches_the_agent(shim: Shim, arguments: tuple[str, ...]) -> None:
    shim.root.parent.mkdir(exist_ok=True)
    shim.root.write_text("a file where the spool's folder should be")
    printed, _ = await shim.run("http://127.0.0.1:9", b"\xff not JSON", *arguments, LOOPGRAPH_HOOK_SPOOL_BYTES="many")
    assert printed == ""


def test_an_instant_is_told_in_rfc_3339() -> None:
    from loopgraph.clients.hook_shim import rfc3339

    told = datetime.fromisoformat(rfc3339(1_795_272_701_816_821_491))
    assert told.utcoffset() == timedelta(0)
    assert abs(told.timestamp() - 1_795_272_701.816821) < 2e-6


def test_the_start_is_quick() -> None:
    script = "import sys, loopgraph.clients.hook_shim; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )
    heavy = {"httpx", "orjson", "pydantic", "asyncio", "typer", "argparse", "inspect", "importlib.metadata", "email"}
    assert not loaded & heavy


@pytest.mark.parametrize(
    ("error", "blames"),
    [
        (errors.InvalidInput("session_id", "is required"), True),
        (errors.Conflict("execution", "e", "is another"), True),
        (errors.Unprocessable("it cannot be stored"), True),
        (ContentTooLarge("it is too large"), True),
        (UnsupportedMediaType("it is no JSON"), False),
        (errors.Forbidden("not you"), False),
        (errors.NotFound("pattern", "p"), False),
        (errors.Overloaded("too much"), False),
        (errors.GraphUnavailable("it is away"), False),
    ],
)
def test_what_the_service_says_of_an_event_is_known_as_its_fault(error: errors.LoopgraphError, blames: bool) -> None:
    status, body = problem(error)
    assert Answer(status, json.dumps(body).encode()).blames_the_event is blames


# Other clients than Claude Code

_BEFORE_PROMPT = {"hook_event_name": "beforeSubmitPrompt", "conversation_id": "c"}


@pytest.mark.parametrize(
    ("client", "event", "printed"),
    first_quick(
        [
            ("codex", {"hook_event_name": "Stop", "session_id": "s"}, ""),
            ("gemini", {"hook_event_name": "BeforeTool", "session_id": "s"}, ""),
            ("cursor", _BEFORE_PROMPT, '{"continue": true}'),
            ("cursor", {"hook_event_name": "preToolUse", "conversation_id": "c"}, "{}"),
            ("copilot", {"sessionId": "s", "toolName": "bash"}, ""),
        ]
    ),
)
@pytest.mark.parametrize("there", [True, False])
async def test_another_client_gets_the_answer_that_changes_nothing(
    shim: Shim, client: str, event: Json, printed: str, there: bool
) -> None:
    """Whatever the service says, and if it says nothing."""
    asked = []

    async def decide(request: Request) -> Response:
        asked.append((request.url.path, await request.json()))
        decision = {"decision": "block", "continue": False, "permission": "deny"}
        return JSONResponse({**CONTEXT, **decision}, status_code=200 if there else 503)

    async with listening(Starlette(routes=[Route("/api/hooks/{client}", decide, methods=["POST"])])) as url:
        assert (await shim.run(url, event, "--client", client))[0] == printed
    assert asked == [(f"/api/hooks/{client}", event)]
    assert shim.spool(f"{url}/api/hooks/{client}").waiting()[0] == (0 if there else 1)
    assert shim.spool(url).waiting()[0] == 0, "it is not among what waits for the door of Claude Code"


# Prompts that are ratings

_PROMPTS: dict[str, Json] = {
    "claude-code": {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "/rate 4 good"},
    "codex": {"hook_event_name": "UserPromptSubmit", "session_id": "s", "prompt": "lg rate 4 good"},
    "gemini": {"hook_event_name": "BeforeAgent", "session_id": "s", "prompt": "/Rate 4 good"},
    "cursor": {"hook_event_name": "beforeSubmitPrompt", "conversation_id": "s", "prompt": " /rate 4 good"},
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("client", _PROMPTS)
async def test_a_rating_is_answered_by_the_service_and_kept_from_the_model_while_it_is_away(
    shim: Shim, client: str
) -> None:
    decision = {"decision": "block", "reason": "rated"}
    there = True

    async def decide(_: Request) -> Response:
        return JSONResponse(decision, status_code=200 if there else 503)

    event = _PROMPTS[client]
    async with listening(Starlette(routes=[Route(f"/api/hooks/{client}", decide, methods=["POST"])])) as url:
        assert json.loads((await shim.run(url, event, "--client", client))[0]) == decision
        there = False
        told = json.loads((await shim.run(url, event, "--client", client))[0])
        assert "the rating is kept" in (told["user_message"] if client == "cursor" else told["reason"])
        address = url if client == "claude-code" else f"{url}/api/hooks/{client}"
        assert shim.spool(address).waiting()[0] == 1
        other = {**event, "prompt": "rate the code"}
        printed, _ = await shim.run(url, other, "--client", client)
        assert printed == ('{"continue": true}' if client == "cursor" else "")
        printed, _ = await shim.run(url, event, "--client", client, LOOPGRAPH_RATE_WORDS="/note")
        assert printed == ('{"continue": true}' if client == "cursor" else "")


async def test_an_event_gets_the_name_that_its_client_does_not_say(shim: Shim) -> None:
    taken = []

    async def take(request: Request) -> Response:
        taken.append(await request.json())
        return JSONResponse({})

    async with listening(Starlette(routes=[Route("/api/hooks/copilot", take, methods=["POST"])])) as url:
        options = ("--client", "copilot", "--event", "agentStop")
        await shim.run(url, {"sessionId": "s"}, *options)
        await shim.run(url, {"sessionId": "s", "hook_event_name": "Notification"}, *options)
        await shim.run(url, b"no json", *options)
    assert taken[:2] == [
        {"sessionId": "s", "hook_event_name": "agentStop"},
        {"sessionId": "s", "hook_event_name": "Notification"},
    ]


async def test_an_event_can_be_an_argument(shim: Shim) -> None:
    """As Codex runs its ``notify`` program."""
    taken = []

    async def take(request: Request) -> Response:
        taken.append(await request.json())
        return JSONResponse({})

    turn = {"type": "agent-turn-complete", "thread-id": "t", "input-messages": ["fix \u00e9 it"]}
    async with listening(Starlette(routes=[Route("/api/hooks/codex", take, methods=["POST"])])) as url:
        assert (await shim.run(url, b"", "--client", "codex", json.dumps(turn, ensure_ascii=False)))[0] == ""
    assert taken == [turn]


async def test_a_client_that_is_not_known_is_left_alone(shim: Shim) -> None:
    async with Door().open() as url:
        assert (await shim.run(url, START, "--client", "another"))[0] == ""
    assert not shim.root.exists()


@pytest.mark.exhaustive
@pytest.mark.parametrize("client", ["gemini", "copilot"])
async def test_what_a_client_tells_without_ids_is_sent_in_its_order(shim: Shim, client: str) -> None:
    taken, away = [], True

    async def take(request: Request) -> Response:
        if away:
            return Response(status_code=503)
        taken.append((await request.json())["n"])
        return JSONResponse({})

    async with listening(Starlette(routes=[Route("/api/hooks/{client}", take, methods=["POST"])])) as url:
        for number in range(3):
            await shim.run(url, {"session_id": "s", "n": number}, "--client", client)
        away = False
        await shim.run(url, {"session_id": "s", "n": 3}, "--client", client, LOOPGRAPH_HOOK_TIMEOUT="20")
        for number in range(4, 8):  # as many as it takes on a machine that is busy
            await shim.run(url, {"session_id": "s", "n": number}, "--client", client, LOOPGRAPH_HOOK_TIMEOUT="20")
    assert taken == sorted(taken)
    assert taken[:4] == [0, 1, 2, 3]
